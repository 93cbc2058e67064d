"""Fine-tuning on measured properties, prediction, and the benchmark suites."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from acml_plugin_nmr.signal import NmrSignal
from rdkit.Chem import Crippen, MolFromSmiles
from rdkit.Chem.Scaffolds import MurckoScaffold

from acml_core import artefact
from acml_core.artefact import Artefact
from acml_core.data.table import read as read_signals
from acml_core.errors import ArtefactError, BadInput
from acml_core.property import baselines
from acml_core.property.finetune import FinetuneConfig, finetune, predict
from acml_core.property.fit import fit
from acml_core.property.metrics import figures, roc_auc
from acml_core.property.predictor import INFO, load
from acml_core.property.split import by_scaffold, digest, split
from acml_core.property.suite import RESULTS, UNTRAINED, chosen, run
from acml_core.property.table import PropertyTable, read

Acml = Callable[..., Any]
FAST = FinetuneConfig(epochs=6, batch_size=32)


def quiet(_: str) -> None:
    pass


@pytest.fixture(scope="module")
def model(trained: Path) -> Artefact:
    return artefact.load(trained)


@pytest.fixture(scope="module")
def smiles(starter: Path) -> list[str]:
    found = dict.fromkeys(one.smiles for one in read_signals(starter, NmrSignal).signals)
    return list(found)[:260]


@pytest.fixture(scope="module")
def folder(smiles: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables whose values follow from the structure, with some missing."""
    out = tmp_path_factory.mktemp("tables")
    lines = ["smiles,logp"]
    classes = ["name,mol,aromatic,nitrogen"]
    for i, text in enumerate(smiles):
        mol = MolFromSmiles(text)
        lines.append(f"{text},{Crippen.MolLogP(mol):.3f}")
        aromatic = int(any(a.GetIsAromatic() for a in mol.GetAtoms()))
        nitrogen = int("N" in text.upper()) if i % 3 else ""
        classes.append(f"m{i},{text},{aromatic},{nitrogen}")
    (out / "esol.csv").write_text("\n".join(lines))
    (out / "bbbp.csv").write_text("\n".join(classes))
    return out


@pytest.fixture(scope="module")
def logp(folder: Path) -> PropertyTable:
    return read(folder / "esol.csv", "regression", progress=False)


def test_a_table_with_missing_values(folder: Path, smiles: list[str]) -> None:
    table = read(folder / "bbbp.csv", "classification", progress=False)
    assert table.targets == ("aromatic", "nitrogen")
    assert len(table) == len(smiles)
    assert np.isnan(table.y[:, 1]).sum() == len(range(0, len(smiles), 3))
    assert set(np.unique(table.y[np.isfinite(table.y)])) == {0, 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("smiles,a\nCCO,x\n", r"t\.csv:2: 'x' in column 'a' is no number"),
        ("smiles,a\nCCO,2\n", r"t\.csv:2: 2 in column 'a' is no class"),
        ("smiles\nCCO\n", "no targets"),
        ("name,a\nCCO,1\n", "no column of structures"),
        ("smiles,a\nC1CC,1\n", "no row of the table can be used"),
        ("smiles,a\nCCO,1,3\n", r"t\.csv:2: the line has 3 cells"),
    ],
)
def test_what_is_wrong_with_a_table(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(BadInput, match=said):
        read(tmp_path / "t.csv", "classification", progress=False)


def test_bad_rows_are_listed_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("smiles,a\nCCO,1\nC1CC,0\nCCC,\nCCN,0\n")
    table = read(tmp_path / "t.csv", "classification", progress=False)
    assert list(table.rows) == [1, 4]
    assert [one.row for one in table.rejects] == [2, 3]
    assert table.rejects[1].reason == "no target was measured"


def test_scaffolds_are_not_divided(smiles: list[str]) -> None:
    parts = by_scaffold(smiles)
    assert sorted([*parts.train, *parts.validation, *parts.test]) == list(range(len(smiles)))
    frames = [
        {MurckoScaffold.MurckoScaffoldSmiles(smiles[i], includeChirality=True) for i in part}
        for part in parts[:3]
    ]
    assert not frames[0] & frames[1]
    assert not frames[0] & frames[2]
    assert not frames[1] & frames[2]
    assert len(parts.train) <= 0.8 * len(smiles)
    assert by_scaffold(smiles).test.tolist() == parts.test.tolist()


def test_splits_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "split.json"
    path.write_text(json.dumps({"train": [0, 1], "validation": [2], "test": [3]}))
    assert split(["C"] * 4, str(path)).test.tolist() == [3]
    for bad, said in (
        ({"train": [0], "validation": [0], "test": [1]}, "two parts"),
        ({"train": [0], "validation": [9], "test": [1]}, "names molecule 9 of 4"),
        ({"train": [0]}, "no split can be read"),
    ):
        path.write_text(json.dumps(bad))
        with pytest.raises(BadInput, match=said):
            split(["C"] * 4, str(path))
    with pytest.raises(BadInput, match="no split is called"):
        split(["C"], "scafold")


def test_figures_by_hand() -> None:
    assert roc_auc(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])) == 0.75
    assert roc_auc(np.array([0, 1]), np.array([0.5, 0.5])) == 0.5
    truth = np.array([[1.0, np.nan], [3.0, np.nan]])
    found = figures("regression", truth, np.array([[1.0, 9.0], [1.0, 9.0]]))
    assert found["rmse"] == pytest.approx(np.sqrt(2))
    assert found["targets"] == 1


def test_what_is_learnt_is_better_than_the_mean(model: Artefact, logp: PropertyTable) -> None:
    parts = split([str(one) for one in logp.graphs.smiles], "random")
    config = FinetuneConfig(epochs=50, batch_size=32, patience=50)
    before = {k: v.clone() for k, v in model.model.graph_encoder.state_dict().items()}
    network, scaling = finetune(model.model.graph_encoder, logp, parts, config)
    error = figures("regression", logp.y[parts.test], predict(network, logp, parts.test, scaling))
    spread = float(np.std(logp.y[parts.test] - logp.y[parts.train].mean()))
    assert error["rmse"] < 0.7 * spread
    after = model.model.graph_encoder.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before), "the model was changed"


def test_a_frozen_encoder_stays(model: Artefact, logp: PropertyTable) -> None:
    parts = split([str(one) for one in logp.graphs.smiles], "random")
    config = FAST.model_copy(update={"freeze": True, "epochs": 2})
    network, _ = finetune(model.model.graph_encoder, logp, parts, config)
    own = model.model.graph_encoder.state_dict()
    assert all(torch.equal(value, own[k]) for k, value in network.encoder.state_dict().items())


def test_a_predictor_and_its_file(
    model: Artefact, logp: PropertyTable, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "predictor"
    path = folder / "esol.csv"
    info = fit(model, logp, path, out, how="random", seeds=(0, 1), config=FAST, report=quiet)
    assert info.metrics["test"]["rmse"] > 0
    loaded = load(out)
    found = loaded.predict(logp.graphs)
    assert found.value.shape == (len(logp), 1)
    assert (found.spread > 0).all()
    own = split([str(one) for one in logp.graphs.smiles], "random")
    assert found.inside[own.train].all(), "what it was trained on is inside"
    assert figures("regression", logp.y[own.test], found.value[own.test])["rmse"] == pytest.approx(
        info.metrics["test"]["rmse"], rel=1e-4
    )
    plain = json.loads((out / INFO).read_text())
    (out / INFO).write_text(json.dumps({**plain, "schema": 99}))
    with pytest.raises(ArtefactError, match="schema 99"):
        load(out)
    (out / INFO).write_text(json.dumps({**plain, "weights": "0" * 64}))
    with pytest.raises(ArtefactError, match="was changed"):
        load(out)
    (out / INFO).unlink()
    with pytest.raises(ArtefactError, match="there is no property"):
        load(out)


def test_the_commands(trained: Path, folder: Path, tmp_path: Path, acml: Acml) -> None:
    out = tmp_path / "p"
    made = acml(
        *("finetune", "--model", trained, "--data", folder / "bbbp.csv"),
        *("--task", "classification", "--out", out, "--set", "epochs=2"),
    )
    assert made.code == 0, made.err
    (tmp_path / "new.smi").write_text("CCO\nC1CC\nc1ccccc1\n")
    said = acml("predict", out, tmp_path / "new.smi")
    assert said.code == 0, said.err
    header, *rows = said.out.splitlines()
    assert header == "smiles,aromatic,aromatic_spread,nitrogen,nitrogen_spread,distance,inside"
    assert [row.split(",")[0] for row in rows] == ["CCO", "c1ccccc1"]
    assert all(0 <= float(row.split(",")[1]) <= 1 for row in rows)
    assert "row 2" in said.err
    wrong = acml("finetune", "--model", trained, "--data", "x.csv", "--task", "rank", "--out", "o")
    assert wrong.code == 2
    assert "no task is called 'rank'" in wrong.err


def test_a_suite_is_resumed(
    model: Artefact, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sklearn")
    monkeypatch.setattr(baselines, "TREES", 20)
    options = {"models": {"mine": model}, "seeds": 2, "config": FAST, "report": quiet}
    report = run("moleculenet", folder, tmp_path, rows=["fine-tuned", "forest"], **options)  # type: ignore[arg-type]
    assert list(report["tasks"]) == ["bbbp", "esol"]
    rows = report["tasks"]["esol"]["rows"]
    assert list(rows) == ["ECFP4 + random forest", UNTRAINED, "mine, fine-tuned"]
    assert rows[UNTRAINED]["p_against_untrained"] is None
    assert 0 <= rows["mine, fine-tuned"]["p_against_untrained"] <= 1
    table = read(folder / "esol.csv", "regression", progress=False)
    parts = by_scaffold([str(one) for one in table.graphs.smiles])
    assert report["tasks"]["esol"]["test_sha256"] == digest(
        [str(table.graphs.smiles[i]) for i in parts.test]
    )
    lines = (tmp_path / RESULTS).read_text().splitlines()
    assert len(lines) == 2 * 3 * 2
    kept = [*lines[:-1], lines[-1][:30]]  # killed in the middle of the last line
    (tmp_path / RESULTS).write_text("\n".join(kept) + "\n")
    again = run("moleculenet", folder, tmp_path, rows=["fine-tuned", "forest"], **options)  # type: ignore[arg-type]
    assert len((tmp_path / RESULTS).read_text().splitlines()) == len(lines) + 1
    assert again["tasks"] == report["tasks"]


def test_the_layout_of_tdc(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "admet_group" / "caco"
    place.mkdir(parents=True)
    rows = (folder / "esol.csv").read_text().splitlines()[1:]
    for name, part in (("train_val.csv", rows[:200]), ("test.csv", rows[200:])):
        text = "Drug_ID,Drug,Y\n" + "\n".join(f"d{i},{row}" for i, row in enumerate(part))
        (place / name).write_text(text)
    found = chosen("tdc", tmp_path)
    assert found["caco"].task == "regression"
    with pytest.raises(BadInput, match="no suite is called"):
        chosen("guacamol", tmp_path)
    with pytest.raises(BadInput, match="no task 'bbb'"):
        chosen("moleculenet", folder, ["bbb"])
    with pytest.raises(BadInput, match=r"table is missing"):
        chosen("moleculenet", folder, ["hiv"])
