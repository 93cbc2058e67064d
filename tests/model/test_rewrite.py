"""Writing a loaded model again: unchanged, changed, and at half precision."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from acml_core import artefact
from acml_core.graphs.build import build
from acml_core.info import ModalityInfo
from acml_core.layout import FILES, METRICS, WEIGHTS
from acml_core.rewrite import rewrite
from tests.derived import PictureSignal

HALF_ERROR = 2e-3
"""Largest difference of a vector after its model was rounded to float16, as a share of its length."""


def test_unchanged_is_a_copy(trained: Path, tmp_path: Path) -> None:
    info = rewrite(artefact.load(trained), tmp_path / "copy")
    assert {path.name for path in (tmp_path / "copy").iterdir()} == set(FILES)
    assert info.weights == artefact.load(trained).hash
    for name in FILES:
        assert (tmp_path / "copy" / name).read_bytes() == (trained / name).read_bytes()


def test_changed_weights_lose_the_metrics_of_the_old(trained: Path, tmp_path: Path) -> None:
    loaded = artefact.load(trained)
    with torch.no_grad():
        next(loaded.model.graph_encoder.parameters()).mul_(2)
    before = {key: value.clone() for key, value in loaded.model.state_dict().items()}
    rewrite(loaded, tmp_path / "new")
    again = artefact.load(tmp_path / "new")
    assert json.loads((tmp_path / "new" / METRICS).read_text()) == {}
    assert again.hash != loaded.hash
    assert again.seen.tolist() == loaded.seen.tolist()
    assert all(torch.equal(again.model.state_dict()[key], before[key]) for key in before)


def test_half_precision(trained: Path, tmp_path: Path) -> None:
    loaded = artefact.load(trained)
    before = {key: value.clone() for key, value in loaded.model.state_dict().items()}
    rewrite(loaded, tmp_path / "half", half=True)
    after = loaded.model.state_dict()
    assert all(
        torch.equal(after[key], before[key]) for key in before
    )  # the loaded one is as it was
    stored = load_file(tmp_path / "half" / WEIGHTS)
    assert {value.dtype for value in stored.values()} <= {torch.float16, torch.int64}
    ratio = (tmp_path / "half" / WEIGHTS).stat().st_size / (trained / WEIGHTS).stat().st_size
    assert ratio == pytest.approx(0.5, abs=0.05)
    assert (tmp_path / "half" / METRICS).read_bytes() == (trained / METRICS).read_bytes()

    again = artefact.load(tmp_path / "half")  # its golden example is that of the rounded weights
    graphs = build(["CCO", "c1ccccc1O", "CC(=O)NC"], workers=1, progress=False).graphs
    old = loaded.model.encode_molecules(graphs, "nmr")
    new = again.model.encode_molecules(graphs, "nmr")
    assert new.dtype == torch.float32
    assert float((old - new).norm(dim=1).max()) < HALF_ERROR


def test_an_example_with_bytes() -> None:
    """The golden example of a picture is base64 in acml.json: it must come back as it was."""
    signal = PictureSignal(smiles="CCO", picture=bytes(range(8, 256, 31)))
    about = ModalityInfo(
        distribution="x", version="1", config={}, scale=1.0, example=signal.model_dump(mode="json")
    )
    assert about.signal(PictureSignal) == signal
