"""Benchmark suites: their data sets, their rows, and going on after a kill."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from acml_core.artefact import Artefact
from acml_core.components import Choice
from acml_core.errors import BadInput
from acml_core.model import AcmlModel
from acml_core.property import baselines, trees
from acml_core.property.benchmarks import MOLECULENET, chosen, load, place
from acml_core.property.config import FinetuneConfig
from acml_core.property.rows import WAYS, rows_of
from acml_core.property.split import by_scaffold, digest
from acml_core.property.store import RESULTS, Store
from acml_core.property.suite import asked_for, run
from acml_core.property.table import read

if TYPE_CHECKING:
    from conftest import Acml

Quiet = Callable[[str], None]


@pytest.fixture
def small_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    monkeypatch.setattr(baselines, "TREES", 20)
    monkeypatch.setattr(trees, "ITERATIONS", 10)


def test_a_whole_name_means_that_row_alone(model: Artefact) -> None:
    every = rows_of({"mine": model}, FinetuneConfig())

    def meant(*names: str) -> list[str]:
        return [row.name for row in asked_for(every, names)]

    assert meant("linear probe") == ["untrained, linear probe", "mine, linear probe"]
    assert meant("mine, linear probe", "forest") == ["ECFP4 + random forest", "mine, linear probe"]
    assert len(meant("probe")) == len(meant("linear probe", "with ECFP4")) == 4
    assert meant("nothing like it") == []


def test_a_suite_is_resumed(
    model: Artefact, folder: Path, tmp_path: Path, quiet: Quiet, fast: FinetuneConfig
) -> None:
    options: dict[str, Any] = {"models": {"mine": model}, "seeds": 2, "config": fast, "workers": 1}
    rows = ["fine-tuned", "probe"]
    report = run("moleculenet", folder, tmp_path, rows=rows, **options, report=quiet)
    assert list(report["tasks"]) == ["bbbp", "esol"]
    about = report["tasks"]["esol"]
    assert about["metric"] == "rmse"
    ways = [way for way in WAYS if "boosting" not in way]
    assert list(about["rows"]) == [f"{whose}, {w}" for whose in ("untrained", "mine") for w in ways]
    assert about["rows"]["untrained, fine-tuned"]["gain"] is None
    for way in ways:
        own, other = about["rows"][f"mine, {way}"], about["rows"][f"untrained, {way}"]
        assert own["gain"]["value"] == pytest.approx(other["mean"] - own["mean"], abs=1e-5)
        assert 0 < own["gain"]["p"] <= 1
    table = read(folder / "esol.csv", "regression", progress=False)
    smiles = [str(one) for one in table.graphs.smiles]
    assert about["test_sha256"] == digest([smiles[i] for i in by_scaffold(smiles).test])
    assert "Hu et al." in about["split"]

    lines = (tmp_path / RESULTS).read_text().splitlines()
    assert len(lines) == 2 * 6 * 2
    kept = [*lines[:-1], lines[-1][:30]]
    (tmp_path / RESULTS).write_text("\n".join(kept))  # killed in the middle of the last line
    said: list[str] = []
    again = run("moleculenet", folder, tmp_path, rows=rows, **options, report=said.append)
    assert "23 results were there" in said[0]
    assert len(said) == 2
    assert len((tmp_path / RESULTS).read_text().splitlines()) == len(lines) + 1
    assert again == report


@pytest.mark.usefixtures("small_trees")
def test_the_command_writes_every_row(
    trained: Path, folder: Path, tmp_path: Path, acml: Acml
) -> None:
    out = tmp_path / "out"
    args = ("eval", "property", "--model", f"mine={trained}", "--data", folder, "--out", out)
    args += ("--tasks", "bbbp", "--seeds", 1, "--set", "epochs=1", "--workers", 1)
    done = acml(*args, "--rows", "every", "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert report == json.loads((out / "report.json").read_text())
    ways = [f"{whose}, {way}" for whose in ("untrained", "mine") for way in WAYS]
    classic = ["ECFP4 + random forest", "RDKit descriptors + gradient boosting"]
    assert list(report["tasks"]["bbbp"]["rows"]) == [*classic, *ways]
    with (out / "report.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [line["row"] for line in lines] == [*classic, *ways]
    assert {line["test_sha256"] for line in lines} == {report["tasks"]["bbbp"]["test_sha256"]}
    assert (out / "property.png").read_bytes().startswith(b"\x89PNG")
    printed = acml(*args, "--rows", "every")
    assert "BETTER THAN UNTRAINED BY" in printed.out
    assert "10 results were there" in printed.err
    usual = acml(*args)
    assert "4 rows, 1 seeds; 4 results were there" in usual.err, "classic and fine-tuned ones"
    wrong = acml(*args, "--rows", "forrest")
    assert "no row is called forrest" in wrong.err
    assert "ECFP4 + random forest" in wrong.err


def test_results_of_other_data_or_settings_are_not_taken(
    model: Artefact,
    folder: Path,
    tmp_path: Path,
    quiet: Quiet,
    fast: FinetuneConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def count(**options: Any) -> int:
        given = {"models": {"m": model}, "seeds": 1, "config": fast, "workers": 1, **options}
        run("moleculenet", given.pop("data", folder), tmp_path / "out", report=quiet, **given)
        return len((tmp_path / "out" / RESULTS).read_text().splitlines())

    some: dict[str, Any] = {"tasks": ["esol"], "rows": ["m, linear probe with", "m, fine"]}
    assert count(**some) == 2
    assert count(**some) == 2
    other = fast.model_copy(update={"lr": 0.01})
    assert count(**some, config=other) == 3, "a probe does not depend on the learning rate"
    lines = (folder / "esol.csv").read_text().splitlines()
    lines[1] = lines[1].rpartition(",")[0] + ",9.9"
    changed = tmp_path / "data"
    changed.mkdir()
    (changed / "esol.csv").write_text("\n".join(lines))
    assert count(**some, data=changed) == 5
    classic: dict[str, Any] = {"tasks": ["esol"], "rows": ["ECFP4 + random forest"]}
    assert count(**classic) == count(**classic) == 6
    monkeypatch.setitem(baselines.SETTINGS, "share", 0.5)
    assert count(**classic) == 7, "a forest of other settings is another one"


def test_each_kind_of_encoder_has_its_untrained_row(model: Artefact, fast: FinetuneConfig) -> None:
    settings = model.model.config.model_copy(
        update={"graph": Choice(name="gine", dim=16, layers=2)}
    )
    other = replace(model, model=AcmlModel(settings, model.model.modalities))
    rows = rows_of({"a": model, "b": model, "c": other}, fast)
    against = {row.name: row.against for row in rows if row.name.endswith("fine-tuned")}
    assert against == {
        "untrained, fine-tuned": None,
        "a, fine-tuned": "untrained, fine-tuned",
        "b, fine-tuned": "untrained, fine-tuned",
        "untrained like c, fine-tuned": None,
        "c, fine-tuned": "untrained like c, fine-tuned",
    }


def test_files_as_their_publishers_name_them(tmp_path: Path) -> None:
    texts = {
        "BBBP.csv": "num,name,p_np,smiles\n1,a,1,CCO\n2,b,0,CCN\n",
        "HIV.csv": "smiles,activity,HIV_active\nCCO,CI,0\nCCN,CA,1\n",
        "delaney-processed.csv": "Compound ID,measured log solubility in mols per litre,smiles\n"
        "a,-1.5,CCO\nb,-2.5,CCN\n",
        "bace.csv": "mol,CID,Class,Model,pIC50\nCCO,B1,1,Train,6.5\nCCN,B2,0,Test,4.5\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    found = {}
    for name in ("bbbp", "hiv", "esol", "bace"):
        path = place(tmp_path, MOLECULENET[name])
        assert path is not None
        found[name] = load(MOLECULENET[name], path)[0].targets
    assert found == {
        "bbbp": ("p_np",),
        "hiv": ("HIV_active",),
        "esol": ("measured log solubility in mols per litre",),
        "bace": ("Class",),
    }
    assert list(chosen("moleculenet", tmp_path)) == ["bbbp", "bace", "esol"], "hiv is large"


def test_the_layout_of_tdc(folder: Path, tmp_path: Path) -> None:
    rows = (folder / "esol.csv").read_text().splitlines()[1:]
    classes = [line.rpartition(",")[0] + f",{i % 2}" for i, line in enumerate(rows)]
    for name, lines in (("vdss_lombardo", rows), ("cyp2d6_veith", classes), ("own", classes)):
        where = tmp_path / "admet_group" / name
        where.mkdir(parents=True)
        for file, part in (("train_val.csv", lines[:200]), ("test.csv", lines[200:])):
            text = "Drug_ID,Drug,Y\n" + "\n".join(f"d{i},{row}" for i, row in enumerate(part))
            (where / file).write_text(text)
    found = chosen("tdc", tmp_path)
    assert {name: one.judged_by for name, one in found.items()} == {
        "cyp2d6_veith": "pr_auc",
        "own": "roc_auc",
        "vdss_lombardo": "spearman",
    }
    path = place(tmp_path, found["vdss_lombardo"])
    assert path is not None
    table, parts = load(found["vdss_lombardo"], path)
    assert parts.test.tolist() == list(range(200, len(table)))
    assert sorted([*parts.train, *parts.validation]) == list(range(200))
    assert len(parts.validation) == pytest.approx(25, abs=10)
    assert table.y[200, 0] == pytest.approx(float(rows[200].rpartition(",")[2]))


def test_what_is_not_there_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no suite is called"):
        chosen("guacamol", tmp_path)
    with pytest.raises(BadInput, match="no task 'bbb'"):
        chosen("moleculenet", folder, ["bbb"])
    with pytest.raises(BadInput, match=r"table is missing"):
        chosen("moleculenet", folder, ["hiv"])
    with pytest.raises(BadInput, match="no table of tdc"):
        chosen("tdc", tmp_path)


def test_a_line_without_its_predictions_is_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add("a", {"roc_auc": 0.5}, np.zeros((2, 1)))
    store.add("b", {"roc_auc": float("nan")}, np.ones((2, 1)))
    (tmp_path / "predictions" / "a.npy").unlink()
    again = Store(tmp_path)
    assert "a" not in again
    assert np.isnan(again.figures("b")["roc_auc"])
    assert again.said("b").tolist() == [[1], [1]]


@pytest.mark.slow
def test_several_processes_give_the_same(
    model: Artefact, folder: Path, tmp_path: Path, quiet: Quiet, fast: FinetuneConfig
) -> None:
    options: dict[str, Any] = {"models": {"m": model}, "seeds": 1, "config": fast}
    found = [
        run(
            "moleculenet", folder, tmp_path / str(workers), rows=["m, linear probe with", "m, fine"],
            workers=workers, report=quiet, **options,
        )["tasks"]
        for workers in (1, 2)
    ]  # fmt: skip
    for task in ("bbbp", "esol"):
        for row in ("m, fine-tuned", "m, linear probe with ECFP4"):
            one, other = (each[task]["rows"][row]["mean"] for each in found)
            assert one == pytest.approx(other, abs=0.02)
