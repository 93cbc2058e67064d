"""One graph encoder trained with three modalities, over molecules that have any subset of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from acml_core import artefact, plugins
from acml_core.config import parse
from acml_core.data.dataset import Dataset, load
from acml_core.data.split import SplitConfig
from acml_core.data.table import read, write
from acml_core.errors import BadInput
from acml_core.evaluation.ranking import rank
from acml_core.evaluation.validation import sides, validation_mrr
from acml_core.training.config import TrainConfig, from_recipe
from acml_core.training.fit import new_model
from acml_core.training.run import start_run

NAMES = ("nmr", "ir", "ms")
ONLY_ONE = 25
"""Molecules of each modality that have no other measurement."""

SETTINGS: dict[str, Any] = {
    "unlock": "all",
    "epochs": 3,
    "batch_size": 32,
    "lr": 3e-3,
    "precision": "float32",
    "validate_every": 1,
    "patience": 20,
    "split": {"test": 0.2, "validation": 0.2},
    "graph": {"name": "gine", "dim": 16, "layers": 2},
    "projector": {"name": "residual", "dims": [16]},
    "hard": {"group": 0},
    "modality": {
        "nmr": {"dim": 16, "width": 16},
        "ir": {"dim": 16, "width": 16, "layers": 0, "channels": 2},
        "ms": {"dim": 16, "width": 16, "layers": 0, "peak_width": 16, "heads": 2},
    },
}
SOURCES = {
    "nmr": "13C NMR (101 MHz, CDCl3) δ 170.1, 134.5, 128.4, 21.0",
    "ir": "IR (KBr) 3310, 1720 s, 1605 cm-1",
    "ms": "MS (EI, 70 eV) m/z: 86 (21), 71 (12), 58 (9), 43 (100)",
}


def made(name: str) -> Any:
    cls = plugins.get(name)
    return cls(parse(cls.Config, SETTINGS["modality"][name]))


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A table a modality, of molecules that have one, two or all three measurements."""
    folder = tmp_path_factory.mktemp("joint")
    rows = {name: read(made(name).starter(), made(name).signal).signals for name in NAMES}
    have = {name: {one.smiles for one in rows[name]} for name in NAMES}
    paths = []
    for name in NAMES:
        others = set().union(*(have[other] for other in NAMES if other != name))
        chosen = have["ir"] & others | have["ms"] & have["nmr"] & have["ir"]
        chosen |= set(sorted(have[name] - others)[:ONLY_ONE])
        paths.append(folder / f"{name}.parquet")
        write(paths[-1], [one for one in rows[name] if one.smiles in chosen])
    return paths


@pytest.fixture(scope="module")
def joint(tables: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("joint") / "model"
    return start_run(
        NAMES, tables, out, settings=[SETTINGS], device=torch.device("cpu"), report=lambda _: None
    )


@pytest.fixture(scope="module")
def dataset(tables: list[Path]) -> Dataset:
    split = SplitConfig(**SETTINGS["split"])
    return load(tables, [made(name) for name in NAMES], split, progress=False)


def subsets(dataset: Dataset, molecules: np.ndarray) -> set[tuple[bool, ...]]:
    """Which combinations of measurements the molecules have, in the order of ``NAMES``."""
    has = [np.isin(molecules, dataset.measured[name].molecule) for name in NAMES]
    return set(map(tuple, np.stack(has, axis=1).tolist()))


def test_the_tables_hold_every_subset(dataset: Dataset) -> None:
    """Else the tests below would show less than they say."""
    found = subsets(dataset, dataset.molecules("train"))
    assert {(True, False, False), (False, True, False), (False, False, True)} <= found
    assert {(True, True, True), (True, True, False), (False, True, True)} <= found


def test_each_modality_has_a_head_of_its_own_that_learnt(joint: Path) -> None:
    model = artefact.load(joint).model  # its golden examples, one a modality, agree
    assert tuple(model.heads) == NAMES
    config = TrainConfig(**SETTINGS)
    start = dict(new_model(config, {name: made(name) for name in NAMES}).named_parameters())
    parts = ("encoder", "graph_projector", "projector")
    names = [name for name, _ in model.named_parameters()]
    for modality in NAMES:
        for part in parts:
            own = [name for name in names if name.startswith(f"heads.{modality}.{part}.")]
            assert own, (modality, part)
            after = dict(model.named_parameters())
            assert any(not torch.equal(after[name], start[name]) for name in own), (modality, part)
    weights = {id(parameter) for parameter in model.parameters()}
    assert len(weights) == len(names)  # nothing is shared between heads


def test_the_model_answers_for_each(joint: Path, dataset: Dataset) -> None:
    loaded = artefact.load(joint)
    molecules = {}
    for name in NAMES:
        signals = dataset.measured[name].signals[:5]
        vectors = loaded.model.encode_signals(name, signals)
        assert vectors.shape == (5, 16)
        assert torch.isfinite(vectors).all()
        molecules[name] = loaded.model.encode_molecules(dataset.graphs, name, np.arange(5))
        assert loaded.info.modalities[name].calibration.at(100).scale > 0
    assert not torch.allclose(molecules["nmr"], molecules["ir"])
    assert not torch.allclose(molecules["nmr"], molecules["ms"])


def test_validation_counts_each(joint: Path, dataset: Dataset) -> None:
    """The number in the history is the mean of the three modalities' own MRR."""
    model = artefact.load(joint).model
    validation = dataset.molecules("validation")
    each = []
    for name in NAMES:
        queries, gallery = sides(model, dataset, name, validation)
        assert len(queries)
        each.append(float((1 / rank(queries, gallery).rank).mean()))
    rows = [json.loads(row) for row in (joint / "history.jsonl").read_text().splitlines()]
    best = max(row["validation_mrr"] for row in rows)
    assert best == pytest.approx(np.mean(each), abs=1e-6)
    assert validation_mrr(model, dataset, validation) == pytest.approx(best, abs=1e-6)


def test_every_molecule_is_counted_once_and_kept_from_the_test(
    joint: Path, dataset: Dataset
) -> None:
    about = json.loads((joint / "acml.json").read_text())["data"]
    assert sum(about["molecules"].values()) == len(dataset.graphs)
    assert set(about["sources"]) == {f"{name}.parquet" for name in NAMES}
    loaded = artefact.load(joint)
    seen = loaded.has_seen(list(dataset.graphs.keys))
    test = dataset.molecules("test")
    assert not seen[test].any()
    assert np.delete(seen, test).all()
    metrics = json.loads((joint / "metrics.json").read_text())
    assert set(metrics) == set(NAMES)
    for name in NAMES:
        asking = dataset.measured[name].of(test)
        assert metrics[name]["n_queries"] == len(asking)
        assert metrics[name]["galleries"][0]["size"] == len(test)


def test_search_with_each_modality(joint: Path, acml: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.smi").write_text("CC(=O)c1ccccc1\nCCO\nCCCC(C)=O\n")
    library = tmp_path / "lib"
    built = acml("library", "build", tmp_path / "mine.smi", "--model", joint, "--out", library)
    assert built.code == 0, built.err
    scores = {}
    for name, source in SOURCES.items():
        args = ("search", source, "--model", joint, "--modality", name, "--library", library)
        result = acml(*args, "--json")
        assert result.code == 0, result.err
        answer = json.loads(result.out)
        assert answer["query"]["modality"] == name
        assert len(answer["hits"]) == 3
        scores[name] = [hit["score"] for hit in answer["hits"]]
    assert len({tuple(one) for one in scores.values()}) == 3
    unnamed = acml("search", SOURCES["ir"], "--model", joint, "--library", library)
    assert unnamed.code == 2
    assert "several modalities: nmr, ir, ms" in unnamed.err
    wrong = acml(
        "search", SOURCES["ir"], "--model", joint, "--modality", "ms", "--library", library
    )
    assert wrong.code == 2
    assert "use --modality ir" in wrong.err


def test_eval_of_one_modality_of_the_joint_model(
    joint: Path, tables: list[Path], acml: Any
) -> None:
    args = ("eval", "retrieval", "--model", joint, "--modality", "ir", "--json")
    result = acml(*args, "--data", tables[NAMES.index("ir")])
    assert result.code == 0, result.err
    report = json.loads(result.out)
    assert report["modality"] == "ir"
    metrics = json.loads((joint / "metrics.json").read_text())["ir"]
    assert report["n_queries"] == metrics["n_queries"]


def test_a_joint_recipe_takes_what_each_plugin_asks_for() -> None:
    nmr, ms = plugins.get("nmr"), plugins.get("ms")
    alone, joint = from_recipe(nmr, None), from_recipe(nmr, None, others=[ms])
    asked = from_recipe(ms, None).graph.model_dump()["mass_waves"]
    assert asked > 0
    assert joint.graph.model_dump()["mass_waves"] == asked
    assert (
        joint.model_copy(update={"graph": alone.graph, "modality": {}, "hard": alone.hard}) == alone
    )


def test_only_needs_one_modality(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="columns of one modality"):
        start_run(
            ["nmr", "ms"], [], tmp_path / "run", only=["mz"], device=torch.device("cpu"),
            settings=[{"precision": "float32"}],
        )  # fmt: skip


def test_locked_towers_come_from_several_models(
    joint: Path, tables: list[Path], tmp_path: Path
) -> None:
    """The method as the paper has it, with more than one locked tower."""

    def run(names: list[str], out: str, **further: Any) -> Path:
        settings = {**SETTINGS, "epochs": 1, "unlock": "none"}
        settings["modality"] = {name: SETTINGS["modality"][name] for name in names}
        return start_run(
            names,
            [tables[NAMES.index(name)] for name in names],
            tmp_path / out,
            settings=[settings, {"seed": 1}],
            device=torch.device("cpu"),
            report=lambda _: None,
            **further,
        )

    alone = run(["ir"], "alone", graph=str(joint))
    both = run(["nmr", "ir"], "both", tower=[joint, alone], graph=str(joint))
    made_from = {"nmr": joint, "ir": alone}
    found = artefact.load(both).model
    for name, source in made_from.items():
        theirs = artefact.load(source).model.head(name).encoder.state_dict()
        for key, value in found.head(name).encoder.state_dict().items():
            assert torch.equal(value, theirs[key]), (name, key)
    before = artefact.load(joint).model.graph_encoder.state_dict()
    after = found.graph_encoder.state_dict()
    assert any(not torch.equal(after[key], before[key]) for key in before)
