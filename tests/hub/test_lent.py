"""Locked towers that a model takes from a published one instead of storing them again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from rows import NAME, Use, made
from safetensors.torch import load_file

from acml_core import artefact
from acml_core.errors import ArtefactError, BadInput
from acml_core.hub.row import as_toml
from acml_core.layout import WEIGHTS
from acml_core.lent import prefix
from acml_core.rewrite import rewrite
from acml_core.training.run import start_run

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def aligned(tiny: Path, small_table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new graph encoder against the locked tower of ``tiny``."""
    info = artefact.load(tiny).info
    settings: dict[str, Any] = {
        "unlock": "none",
        "epochs": 1,
        "assess": False,
        "graph": {"name": "gine", "dim": 16, "layers": 2},
        "modality": {"nmr": info.modalities["nmr"].config},
    }
    out = tmp_path_factory.mktemp("aligned") / "run"
    start_run(["nmr"], [small_table], out, settings=[settings], tower=tiny, device=CPU, report=str)
    return out


def test_a_tower_is_stored_once(aligned: Path, tiny: Path, tmp_path: Path, use: Use) -> None:
    use(as_toml(NAME, made(tiny)))
    before = artefact.load(aligned)
    rewrite(before, tmp_path / "lean", lenders=[NAME])
    stored = load_file(tmp_path / "lean" / WEIGHTS)
    assert not any(key.startswith(prefix("nmr")) for key in stored)
    again = artefact.load(tmp_path / "lean")
    assert again.info.towers["nmr"].model == NAME
    was, now = before.model.state_dict(), again.model.state_dict()
    assert was.keys() == now.keys()
    assert all(torch.equal(was[key], now[key]) for key in was)
    rewrite(again, tmp_path / "copy")
    assert load_file(tmp_path / "copy" / WEIGHTS).keys() == stored.keys(), "it borrows still"


def test_a_lenders_weights_are_hashed_once_a_load(
    aligned: Path, tiny: Path, tmp_path: Path, use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(as_toml(NAME, made(tiny)))
    rewrite(artefact.load(aligned), tmp_path / "lean", lenders=[NAME])
    opened: list[Path] = []
    plain = Path.open

    def spy(self: Path, *args: Any, **more: Any) -> Any:
        opened.append(self)
        return plain(self, *args, **more)

    monkeypatch.setattr(Path, "open", spy)  # as hashing opens it; safetensors does not
    artefact.load(tmp_path / "lean")
    assert opened.count(tiny / WEIGHTS) == 1


def test_what_cannot_be_borrowed(aligned: Path, tiny: Path, tmp_path: Path, use: Use) -> None:
    use(as_toml(NAME, made(tiny)))
    other = artefact.load(aligned)
    with torch.no_grad():
        next(other.model.head("nmr").encoder.parameters()).mul_(2)
    with pytest.raises(BadInput, match="no tower that this model has"):
        rewrite(other, tmp_path / "none", lenders=[NAME])


def test_a_lender_that_changed_or_is_gone(
    aligned: Path, tiny: Path, tmp_path: Path, use: Use
) -> None:
    lender = shutil.copytree(tiny, tmp_path / "lender")
    use(as_toml(NAME, made(lender)))
    rewrite(artefact.load(aligned), tmp_path / "lean", lenders=[NAME])
    rewrite(artefact.load(tiny), tmp_path / "another", half=True)  # rounded: other weights
    use(as_toml(NAME, made(tmp_path / "another")))
    with pytest.raises(ArtefactError, match="not those that another model borrows"):
        artefact.load(tmp_path / "lean")
    use("")
    with pytest.raises(ArtefactError):
        artefact.load(tmp_path / "lean")
