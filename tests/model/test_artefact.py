"""A trained model's folder: round trip, and everything that can be wrong with it."""

from __future__ import annotations

import json
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from acml_plugin_nmr.modality import Nmr
from acml_plugin_nmr.signal import NmrSignal
from safetensors.torch import load_file, save_file

from acml_core import artefact
from acml_core.data.table import read
from acml_core.errors import AcmlError, ArtefactError, UnknownName
from acml_core.files import sha256
from acml_core.graphs.build import build


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(trained, tmp_path / "model"))


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / artefact.INFO
    info = json.loads(path.read_text())
    change(info)
    path.write_text(json.dumps(info))


def refused(folder: Path, match: str) -> AcmlError:
    with pytest.raises(ArtefactError, match=match) as caught:
        artefact.load(folder)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy
    assert caught.value.exit_code == 1
    return caught.value


def test_the_files(trained: Path) -> None:
    assert {path.name for path in trained.iterdir()} == {
        "model.safetensors",
        "acml.json",
        "seen.safetensors",
        "golden.safetensors",
        "metrics.json",
        "README.md",
        "history.jsonl",
    }


def test_no_file_is_a_pickle(trained: Path) -> None:
    for path in trained.iterdir():
        head = path.read_bytes()[:2]
        assert not zipfile.is_zipfile(path)
        assert head[:1] != b"\x80", path


def test_it_says_where_it_comes_from(trained: Path) -> None:
    info = artefact.load(trained).info
    about = info.modalities["nmr"]
    assert (about.distribution, info.core) == ("acml-plugin-nmr", "0.1.0")
    assert info.command.startswith("acml train --modality nmr")
    assert info.model.graph.options["dim"] == 32
    assert info.model.graph.options["pooling"]  # defaults are written out
    assert about.config["noise_ppm"] >= 0
    assert {"torch", "rdkit", "numpy", "python"} <= set(info.versions)
    assert sum(info.data["molecules"].values()) > 250
    assert all(len(digest) == 64 for digest in info.data["sources"].values())
    text = (trained / "README.md").read_text()
    for part in ("## Data", "## Metrics", "## Limits", info.command, "licence"):
        assert part in text


def test_round_trip(trained: Path, starter: Path, tmp_path: Path) -> None:
    loaded = artefact.load(trained)
    signals = read(starter, NmrSignal).signals[:20]
    graphs = build([one.smiles for one in signals], workers=1, progress=False).graphs
    spectra = loaded.model.encode_signals("nmr", signals)
    molecules = loaded.model.encode_molecules(graphs, "nmr")
    assert spectra.shape == molecules.shape == (20, 32)
    assert torch.allclose(spectra.norm(dim=1), torch.ones(20))
    info = artefact.save(
        tmp_path / "again",
        loaded.model,
        calibrations={"nmr": loaded.info.modalities["nmr"].calibration},
        examples={"nmr": signals[0]},
        seen=["LFQSCWFLJHTTHZ"],
        metrics={},
        training=loaded.info.training,
        data=loaded.info.data,
        command="",
    )
    again = artefact.load(tmp_path / "again")
    assert torch.equal(again.model.encode_signals("nmr", signals), spectra)
    assert torch.equal(again.model.encode_molecules(graphs, "nmr"), molecules)
    assert again.hash == info.weights == sha256(tmp_path / "again" / artefact.WEIGHTS)
    assert again.hash == loaded.hash  # the same weights have the same hash
    assert not again.model.training
    assert again.has_seen(["LFQSCWFLJHTTHZ", "OKKJLVBELUTLKV"]).tolist() == [True, False]


def test_it_knows_what_it_has_seen(trained: Path, small_table: Path) -> None:
    from acml_core.data.dataset import load
    from acml_core.data.split import SplitConfig

    data = load([small_table], [Nmr()], SplitConfig(), progress=False)
    seen = artefact.load(trained).has_seen(list(data.graphs.keys))
    assert (seen == (data.split != 2)).all()


def test_copy_takes_its_own_files_only(trained: Path, tmp_path: Path) -> None:
    artefact.copy(trained, tmp_path / "copy")
    assert "history.jsonl" not in {path.name for path in (tmp_path / "copy").iterdir()}
    assert artefact.load(tmp_path / "copy").hash == artefact.load(trained).hash


@pytest.mark.parametrize("name", ["model.safetensors", "seen.safetensors", "golden.safetensors"])
def test_a_missing_file(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert "again" in refused(folder, f"{name} is missing").remedy


@pytest.mark.parametrize("name", ["model.safetensors", "seen.safetensors", "golden.safetensors"])
def test_a_truncated_file(folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes(path.read_bytes()[:-10])
    refused(folder, "is not the file|do not fit")


def test_replaced_weights(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    first = next(iter(weights))
    save_file({**weights, first: weights[first] + 1}, folder / "model.safetensors")
    refused(folder, "is not the file")


def test_weights_of_another_shape(folder: Path) -> None:
    save_file({"a": torch.zeros(3)}, folder / "model.safetensors")
    edit(folder, lambda info: info.update(weights=sha256(folder / "model.safetensors")))
    refused(folder, "do not fit")


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (exec, ("raise SystemExit('a pickle was executed')",))


HUGE = 10**9


@pytest.mark.parametrize(
    "change",
    [
        lambda info: info["model"]["graph"].update(dim=HUGE),
        lambda info: info["model"]["graph"].update(layers=HUGE),
        lambda info: info["model"]["projector"].update(dims=[HUGE]),
        lambda info: info["modalities"]["nmr"]["config"].update(dim=HUGE),
    ],
    ids=["width", "layers", "projector", "tower"],
)
def test_an_absurd_size_is_refused_before_the_model_is_built(
    folder: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    edit(folder, change)
    refused(folder, "far larger than model.safetensors")


@pytest.mark.parametrize("name", ["model.safetensors", "seen.safetensors", "golden.safetensors"])
def test_a_pickle_in_place_of_a_file_is_never_executed(folder: Path, name: str) -> None:
    (folder / name).write_bytes(pickle.dumps(Bomb()))
    edit(folder, lambda info: info.update(weights=sha256(folder / "model.safetensors")))
    refused(folder, "do not fit")


@pytest.mark.parametrize("text", ["", "{", "\x00\xff", '{"schema": 1, "core": '])
def test_damaged_json(folder: Path, text: str) -> None:
    (folder / artefact.INFO).write_bytes(text.encode("latin-1"))
    refused(folder, "not valid JSON")


@pytest.mark.parametrize("text", ["[]", "3", "{}", '{"model": 1}'])
def test_foreign_json(folder: Path, text: str) -> None:
    (folder / artefact.INFO).write_text(text)
    refused(folder, "states no schema number")


def test_json_that_lacks_something(folder: Path) -> None:
    edit(folder, lambda info: info.pop("model"))
    refused(folder, "'model' is missing")


def test_a_schema_from_the_future(folder: Path) -> None:
    edit(folder, lambda info: info.update(schema=9, core="3.4.0", novelty=1))
    assert "acml-core>=3.4.0" in refused(folder, "schema 9").remedy


def test_other_features(folder: Path) -> None:
    edit(folder, lambda info: info.update(features="0" * 16, core="0.0.7"))
    assert "acml-core==0.0.7" in refused(folder, "other atom and bond features").remedy


def test_a_plugin_that_lost_a_setting(folder: Path) -> None:
    edit(folder, lambda info: info["modalities"]["nmr"]["config"].update(gone=1))
    assert "acml-plugin-nmr==" in refused(folder, "no longer knows").remedy


def test_a_plugin_whose_signal_changed(folder: Path) -> None:
    edit(folder, lambda info: info["modalities"]["nmr"]["example"].update(gone=1))
    assert "acml-plugin-nmr==" in refused(folder, "no longer takes the model's example").remedy


def test_a_plugin_that_is_not_installed(folder: Path) -> None:
    def change(info: dict[str, Any]) -> None:
        info["modalities"]["raman"] = info["modalities"].pop("nmr")

    edit(folder, change)
    with pytest.raises(UnknownName, match="raman"):
        artefact.load(folder)


def test_changed_preparation_is_a_loud_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare = Nmr.prepare

    def shifted(self: Nmr, signal: NmrSignal) -> dict[str, np.ndarray]:
        arrays = prepare(self, signal)
        return {**arrays, "shift": arrays["shift"] + np.float32(2.0)}

    monkeypatch.setattr(Nmr, "prepare", shifted)
    error = refused(folder, "measurements of 'nmr' otherwise")
    assert "acml-plugin-nmr==0.1.0" in error.remedy


def test_another_models_golden(folder: Path) -> None:
    golden = load_file(folder / "golden.safetensors")
    key = "nmr/molecule"
    save_file({**golden, key: -golden[key]}, folder / "golden.safetensors")
    refused(folder, "molecules of 'nmr' otherwise")
    save_file({key: golden[key]}, folder / "golden.safetensors")
    refused(folder, "does not fit")


def test_folders_that_are_no_model(tmp_path: Path) -> None:
    refused(tmp_path / "none", "no such model folder")
    (tmp_path / "file").write_text("x")
    refused(tmp_path / "file", "no such model folder")
    refused(tmp_path, "not a model")
    (tmp_path / "run.json").write_text("{}")
    assert "--resume" in refused(tmp_path, "training is unfinished").remedy
