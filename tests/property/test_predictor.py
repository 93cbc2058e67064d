"""A predictor's folder, its uncertainty and its flag; and the two commands."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from safetensors import safe_open

from acml_core.artefact import Artefact
from acml_core.errors import ArtefactError
from acml_core.graphs.build import build
from acml_core.property import trees
from acml_core.property.applicability import Domain
from acml_core.property.config import FinetuneConfig, Mode
from acml_core.property.fit import fit
from acml_core.property.metrics import figures
from acml_core.property.predictor import INFO, WEIGHTS, load
from acml_core.property.split import split
from acml_core.property.table import PropertyTable

if TYPE_CHECKING:
    from conftest import Acml

Quiet = Callable[[str], None]


@pytest.mark.parametrize(("mode", "encoders"), [("full", 2), ("probe", 1), ("boosting", 1)])
def test_a_predictor_is_what_was_learnt(
    model: Artefact,
    logp: PropertyTable,
    folder: Path,
    tmp_path: Path,
    quiet: Quiet,
    fast: FinetuneConfig,
    mode: Mode,
    encoders: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trees, "ITERATIONS", 20)
    if mode == "boosting":
        pytest.importorskip("sklearn")
    config = FinetuneConfig(**{**fast.model_dump(), "mode": mode, "fingerprint": mode != "full"})
    out = tmp_path / "predictor"
    made = fit(
        model, logp, folder / "esol.csv", out, how="random", seeds=(0, 1), config=config,
        report=quiet,
    )  # fmt: skip
    loaded = load(out)
    assert loaded.info.model_dump_json() == made.model_dump_json()  # nan is no value there
    found = loaded.predict(logp.graphs)
    assert found.value.shape == (len(logp), 1)
    assert (found.spread > 0).any(), "the members differ"
    own = split([str(one) for one in logp.graphs.smiles], "random")
    said = figures("regression", logp.y[own.test], found.value[own.test])
    assert said["rmse"] == pytest.approx(made.metrics["test"]["rmse"], rel=1e-4)
    assert found.inside[own.train].all(), "what it was trained on is inside"
    within = (found.low <= logp.y) & (logp.y <= found.high)
    assert within[own.validation].mean() >= 0.9
    assert within[own.test].mean() == pytest.approx(made.metrics["test_interval_coverage"])
    with safe_open(out / WEIGHTS, framework="numpy") as file:
        names = set(file.keys())
    assert (
        {name.split(".")[0] for name in names if ".encoder." in name} == {"0", "1"}
        if (encoders == 2)
        else {"0"}
    )


def test_what_is_wrong_with_a_folder(
    model: Artefact,
    logp: PropertyTable,
    folder: Path,
    tmp_path: Path,
    quiet: Quiet,
) -> None:
    fit(
        model, logp, folder / "esol.csv", tmp_path, config=FinetuneConfig(mode="probe"),
        report=quiet,
    )  # fmt: skip
    assert np.isnan(load(tmp_path).predict(logp.graphs).spread).all(), "one member cannot disagree"
    text = (tmp_path / INFO).read_text()
    plain = json.loads(text)
    for change, said in (
        ({"schema": 99}, "schema 99"),
        ({"weights": "0" * 64}, "was changed"),
        ({"features": "other"}, "described otherwise"),
        ({"members": 3}, "is damaged"),
        ({"colour": "red"}, "is damaged"),
    ):
        (tmp_path / INFO).write_text(json.dumps({**plain, **change}))
        with pytest.raises(ArtefactError, match=said):
            load(tmp_path)
    (tmp_path / INFO).write_text(text)
    (tmp_path / WEIGHTS).unlink()
    with pytest.raises(ArtefactError, match="is missing"):
        load(tmp_path)
    (tmp_path / INFO).unlink()
    with pytest.raises(ArtefactError, match="there is no property"):
        load(tmp_path)


def test_far_molecules_are_flagged(
    model: Artefact, folder: Path, tmp_path: Path, smiles: list[str], quiet: Quiet
) -> None:
    """Learnt from hydrocarbons and alcohols alone, a predictor knows that others are others."""
    plain = [f"{'C' * n}{end}" for n in range(1, 25) for end in ("", "O", "C(C)C", "C(C)(C)O")]
    path = tmp_path / "plain.csv"
    path.write_text("smiles,size\n" + "\n".join(f"{one},{len(one)}" for one in plain))
    from acml_core.property.table import read

    table = read(path, "regression", progress=False)
    config = FinetuneConfig(mode="probe")
    fit(model, table, path, tmp_path / "p", how="random", config=config, report=quiet)
    trained = load(tmp_path / "p")
    odd = build(["O=C(O)c1ccc(S(N)(=O)=O)cc1Cl", "c1ccc2c(c1)[nH]c1ccncc12"], progress=False)
    assert not trained.predict(odd.graphs).inside.any()
    assert trained.predict(table.graphs).inside.mean() > 0.9


def test_distances_do_not_mind_the_embedding_s_scale() -> None:
    rng = np.random.default_rng(0)
    known = rng.normal(size=(50, 6)) * [1, 100, 1, 0.01, 1, 1] + 1000
    domain = Domain.around(known)
    again = Domain.of(domain.tensors())
    assert again.distances(known) == pytest.approx(np.zeros(50), abs=1e-3)
    far = known.mean(0) - 5 * (known[:1] - known.mean(0))
    assert again.distances(far)[0] > 0.1
    scaled = Domain.around(known * 7 - 3)
    assert scaled.distances(far * 7 - 3) == pytest.approx(domain.distances(far), abs=1e-2)


def test_the_commands(trained: Path, folder: Path, tmp_path: Path, acml: Acml) -> None:
    out = tmp_path / "p"
    args = ("finetune", "--model", trained, "--data", folder / "bbbp.csv", "--out", out)
    made = acml(*args, "--task", "classification", "--set", "epochs=2", "--members", 2)
    assert made.code == 0, made.err
    assert "test: roc_auc" in made.out
    new = tmp_path / "new.smi"
    new.write_text("CCO\nC1CC\nc1ccccc1\n")
    said = acml("predict", out, new)
    assert said.code == 0, said.err
    rows = list(csv.DictReader(io.StringIO(said.out)))
    columns = ["row", "smiles", "aromatic", "aromatic_spread", "nitrogen", "nitrogen_spread"]
    assert list(rows[0]) == [*columns, "distance", "inside"]
    assert [(one["row"], one["smiles"]) for one in rows] == [("1", "CCO"), ("3", "c1ccccc1")]
    assert all(0 <= float(one["aromatic"]) <= 1 and float(one["aromatic_spread"]) for one in rows)
    assert "row 2" in said.err
    done = acml("predict", out, new, "--out", tmp_path / "said" / "new.csv")
    assert done.code == 0, done.err
    assert (tmp_path / "said" / "new.csv").read_text() == said.out
    assert "C1CC" in (tmp_path / "said" / "rejects.csv").read_text()
    wrong = acml("finetune", "--model", trained, "--data", "x.csv", "--task", "rank", "--out", "o")
    assert wrong.code == 2
    assert "no task is called 'rank'" in wrong.err


def test_values_come_with_an_interval(
    trained: Path, folder: Path, tmp_path: Path, acml: Acml
) -> None:
    out = tmp_path / "p"
    args = ("finetune", "--model", trained, "--data", folder / "esol.csv", "--out", out)
    made = acml(*args, "--task", "regression", "--mode", "probe", "--members", 1, "--json")
    assert made.code == 0, made.err
    info = json.loads(made.out)
    assert 0 <= info["metrics"]["test_interval_coverage"] <= 1
    new = tmp_path / "new.smi"
    new.write_text("CCO\n")
    (one,) = json.loads(acml("predict", out, new, "--json").out)
    assert one["logp_low"] < one["logp"] < one["logp_high"]
    assert one["logp_spread"] is None
