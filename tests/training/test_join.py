"""One graph encoder that learns the vectors of two trained models, from structures alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from acml_core import artefact
from acml_core.artefact import Artefact
from acml_core.data.split import SplitConfig, assign
from acml_core.data.table import smiles_column
from acml_core.errors import BadInput
from acml_core.graphs.build import build
from acml_core.lent import prefix
from acml_core.training import join as module
from acml_core.training.join import JoinConfig, join
from acml_core.training.run import start_run

CPU = torch.device("cpu")
NAMES = ("nmr", "smiles")
RECIPE = """
unlock = "all"
batch_size = 64
lr = 0.003
precision = "float32"
graph = {name = "gine", dim = 32, layers = 3}
projector = {name = "residual", dims = [32]}
"""
FAST = JoinConfig(epochs=12, batch_size=64, lr=3e-3)


def quiet(_: str) -> None:
    pass


@pytest.fixture(scope="module")
def molecules(starter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("molecules") / "mine.smi"
    lines = [*dict.fromkeys(smiles_column(starter)[:400]), "no molecule"]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def teachers(small_table: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Artefact]:
    folder = tmp_path_factory.mktemp("teachers")
    recipe = folder / "fast.toml"
    recipe.write_text(RECIPE, encoding="utf-8")
    settings: list[dict[str, Any]] = [{"epochs": 2, "assess": False}]
    found = {}
    for name in NAMES:
        path = start_run(
            [name], [small_table], folder / name, recipe=str(recipe), settings=settings, device=CPU,
            report=quiet,
        )  # fmt: skip
        found[name] = artefact.load(path)
    return found


@pytest.fixture(scope="module")
def joint(teachers: dict[str, Artefact], molecules: Path, tmp_path_factory: Any) -> Path:
    return join(
        teachers, [molecules], tmp_path_factory.mktemp("joint") / "all", config=FAST, report=quiet
    )


def test_it_learns_the_vectors_of_each(
    joint: Path, teachers: dict[str, Artefact], molecules: Path
) -> None:
    """On molecules that it did not learn from it is nearer to both models than it began."""
    about = json.loads((joint / "acml.json").read_text())["data"]["agreement"]
    smiles = molecules.read_text(encoding="utf-8").splitlines()
    graphs = build(smiles, workers=1, progress=False).graphs
    side = assign([str(key) for key in graphs.keys], SplitConfig())
    unseen = np.flatnonzero(side == 1)
    assert about["candidates"] == len(unseen)
    begun, _ = module._new_model(teachers, teachers["nmr"], FAST)
    for name, teacher in teachers.items():
        given = teacher.model.encode_molecules(graphs, name, unseen)
        before = (begun.eval().encode_molecules(graphs, name, unseen) * given).sum(1).mean()
        after = artefact.load(joint).model.encode_molecules(graphs, name, unseen)
        after = (after * given).sum(1).mean()
        assert after == pytest.approx(about[name]["cosine"], abs=2e-3)
        assert after > 0.75
        assert name == "nmr" or after > before + 0.2, "its graph encoder began as that of nmr"


def test_measurements_are_encoded_as_before(joint: Path, teachers: dict[str, Artefact]) -> None:
    model = artefact.load(joint).model
    own = model.state_dict()
    for name, teacher in teachers.items():
        kept = [prefix(name), f"heads.{name}.projector."]
        for key, value in teacher.model.state_dict().items():
            if key.startswith(tuple(kept)):
                assert torch.equal(own[key], value), key
        example = teacher.info.modalities[name].signal(teacher.model.modalities[name].signal)
        new, old = (one.encode_signals(name, [example]) for one in (model, teacher.model))
        assert torch.allclose(new, old, atol=1e-5)


def test_test_molecules_are_not_learnt_and_the_seen_are_known(
    joint: Path, teachers: dict[str, Artefact], molecules: Path
) -> None:
    loaded = artefact.load(joint)
    assert "\n401,no," in (joint / "rejects.csv").read_text(encoding="utf-8")
    graphs = build(molecules.read_text("utf-8").splitlines(), workers=1, progress=False).graphs
    keys = [str(key) for key in graphs.keys]
    side = assign(keys, SplitConfig())
    seen = loaded.has_seen(keys)
    assert seen[side < 2].all()
    by_teacher = np.any([one.has_seen(keys) for one in teachers.values()], axis=0)
    assert np.array_equal(seen[side == 2], by_teacher[side == 2])
    for one in teachers.values():
        assert np.isin(one.seen, loaded.seen).all()


def test_a_killed_run_goes_on(
    teachers: dict[str, Artefact], molecules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = FAST.model_copy(update={"epochs": 4, "checkpoint_minutes": 1e-9})
    whole = artefact.load(join(teachers, [molecules], tmp_path / "a", config=config, report=quiet))
    steps = 0
    usual = module._loss

    def until(*args: Any) -> torch.Tensor:
        nonlocal steps
        steps += 1
        if steps > 12:
            raise KeyboardInterrupt
        return usual(*args)

    monkeypatch.setattr(module, "_loss", until)
    with pytest.raises(KeyboardInterrupt):
        join(teachers, [molecules], tmp_path / "b", config=config, report=quiet)
    monkeypatch.setattr(module, "_loss", usual)
    said: list[str] = []
    again = artefact.load(
        join(teachers, [molecules], tmp_path / "b", config=config, report=said.append)
    )
    assert any("going on after epoch" in line for line in said)
    for key, value in whole.model.state_dict().items():
        assert torch.equal(again.model.state_dict()[key], value), key
    assert not (tmp_path / "b" / "checkpoint.safetensors").exists()


def test_what_cannot_be_joined(
    teachers: dict[str, Artefact], joint: Path, molecules: Path, tmp_path: Path, acml: Any
) -> None:
    with pytest.raises(BadInput, match="one model alone"):
        join({"nmr": teachers["nmr"]}, [molecules], tmp_path / "a", report=quiet)
    with pytest.raises(BadInput, match="holds a model already"):
        join(teachers, [molecules], joint, report=quiet)
    few = tmp_path / "few.smi"
    few.write_text("CCO\nCCN\n", encoding="utf-8")
    with pytest.raises(BadInput, match="too few"):
        join(teachers, [few], tmp_path / "b", report=quiet)
    nmr = teachers["nmr"].path
    said = acml("models", "join", nmr, nmr, "--data", molecules, "--out", tmp_path / "c")
    assert said.code == 2
    assert "second model of nmr" in said.err
    said = acml("models", "join", nmr, joint, "--data", molecules, "--out", tmp_path / "c")
    assert said.code == 2
    assert "second model of nmr" in said.err


def test_the_command(
    teachers: dict[str, Artefact], molecules: Path, tmp_path: Path, acml: Any
) -> None:
    paths = [one.path for one in teachers.values()]
    out = tmp_path / "all"
    said = acml(
        "models", "join", *paths, "--data", molecules, "--out", out, "--set", "epochs=1", "--set",
        "batch_size=64",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert said.out.strip() == str(out)
    assert set(artefact.load(out).info.modalities) == set(NAMES)
    bad = acml("models", "join", *paths, "--data", molecules, "--out", out, "--set", "epoch=1")
    assert bad.code == 2
    assert "epochs" in bad.err
