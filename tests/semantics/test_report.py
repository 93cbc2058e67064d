"""``acml eval semantics``: from a trained model and a table to the files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from acml_core import artefact
from acml_core.errors import BadInput
from acml_core.semantics.report import _some, evaluate
from acml_core.semantics.targets import ENVIRONMENTS, GROUPS, PROPERTIES, RINGS

if TYPE_CHECKING:
    from conftest import Acml

pytest.importorskip("sklearn", reason="needs the extra 'property'")

FILES = {"report.json", "probes.csv", "taught.csv", "neighbours.csv", "map.csv"}
N_TARGETS = len(GROUPS) + len(ENVIRONMENTS) + len(RINGS) + len(PROPERTIES)
PICTURES = {"taught.png", "map.png"}


def test_the_command_writes_everything(
    acml: Acml, trained: Path, small_table: Path, tmp_path: Path
) -> None:
    out = tmp_path / "semantics"
    args = ["eval", "semantics", "--model", f"own={trained}", "--data", small_table]
    done = acml(*args, "--map", "pca", "--neighbours", 5, "--out", out, "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert report == json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert {path.name for path in out.iterdir()} >= FILES | PICTURES
    for name in PICTURES:
        assert (out / name).read_bytes().startswith(b"\x89PNG")
    rows = {"own", "own, untrained", "ECFP4"}
    assert report["molecules"]["test"] >= 20
    assert report["seen_test_molecules_left_out"] == 0
    for probe in report["probes"]:
        assert probe["rows"].keys() == rows
    assert len(report["probes"]) + len(report["skipped_probes"]) == N_TARGETS
    rises = [one["rise"]["value"] for one in report["taught"]["own"]]
    assert rises == sorted(rises, reverse=True)
    near = {one["row"] for one in report["neighbours"]["rows"]}
    assert near == {"own", "own, untrained", "random", "nearest by Tanimoto"}
    with (out / "taught.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(report["probes"])
    with (out / "map.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 2 * report["molecules"]["test"]


def test_models_of_equal_settings_share_one_untrained_row(trained: Path, small_table: Path) -> None:
    models = dict.fromkeys(("one", "two"), artefact.load(trained))
    made = evaluate(models, small_table, map_method="pca", report=lambda _: None)
    shared = "one, two, untrained"
    assert list(made.places) == ["one", "two", shared]
    assert list(made.report["probes"][0]["rows"]) == ["one", "two", shared, "ECFP4"]
    near = [one["row"] for one in made.report["neighbours"]["rows"]]
    assert near[:4] == ["one", "two", shared, "random"]
    first, second = made.report["taught"].values()
    assert first == second


def test_too_few_molecules_are_named(trained: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.smi"
    few.write_text("\n".join("C" * n + "O" for n in range(1, 40)) + "\n")
    model = artefact.load(trained)
    with pytest.raises(BadInput, match="too few for probes"):
        evaluate({"own": model}, few, report=lambda _: None)
    with pytest.raises(BadInput, match="pca, tsne"):
        evaluate({"own": model}, few, map_method="umap", report=lambda _: None)


def test_of_a_large_file_some_rows_are_read() -> None:
    texts = [f"{'C' * (1 + n // 2)}O" for n in range(200)]  # each twice
    rows, some = _some(texts, 30, seed=1)
    assert len(set(some)) == 30
    assert all(texts[row - 1] == text for row, text in zip(rows, some, strict=True))
    assert rows == sorted(rows)
    assert rows != _some(texts, 30, seed=2)[0]
    assert _some(texts, 1000, seed=1) == (list(range(1, 200, 2)), texts[::2])
