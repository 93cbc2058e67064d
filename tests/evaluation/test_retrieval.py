"""The retrieval report: its JSON form, its galleries, and who asks."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from acml_plugin_nmr.signal import NmrSignal

from acml_core import artefact
from acml_core.artefact import Artefact
from acml_core.data.table import read, write
from acml_core.errors import ArtefactError, BadInput
from acml_core.evaluation.ranking import Side
from acml_core.evaluation.report import evaluate_tables
from acml_core.evaluation.report import write as write_report
from acml_core.evaluation.sizes import by_size
from acml_core.library import manifest
from acml_core.library.build import build

METRICS = ["recall@1", "recall@5", "recall@10", "recall@20", "mrr"]


def quiet(_: str) -> None:
    pass


@pytest.fixture(scope="module")
def model(trained: Path) -> Artefact:
    return artefact.load(trained)


@pytest.fixture(scope="module")
def table(model: Artefact, starter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 unseen molecules, one of them measured three times, one not at all, and 10 seen ones."""
    signals = read(starter, NmrSignal).signals
    later, first = signals[300:340], signals[:60]
    seen = model.has_seen([_key(one) for one in first])
    rows = [*later, later[0], later[0].model_copy(update={"solvent": "CDCl3"})]
    rows += [one for one, known in zip(first, seen, strict=True) if known][:10]
    rows += [NmrSignal(smiles="CCCCCCCCCCCCCCCCCCCCCCO")]
    path = tmp_path_factory.mktemp("eval") / "eval.parquet"
    write(path, rows)
    return path


def _key(signal: NmrSignal) -> str:
    from acml_core.molecule import canonicalise

    return canonicalise(signal.smiles).key


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lib") / "lib.smi"
    path.write_text("\n".join("C" * n + "O" for n in range(1, 31)) + "\nC1C\n")
    return path


@pytest.fixture(scope="module")
def report(model: Artefact, table: Path, library: Path) -> tuple[dict[str, Any], list, list]:
    return evaluate_tables(model, "nmr", [table], library=library, report=quiet)


def test_the_form(report: tuple[dict[str, Any], list, list]) -> None:
    found = json.loads(json.dumps(report[0]))
    assert {"n_queries", "galleries"} <= set(found)
    names = [gallery["name"] for gallery in found["galleries"]]
    assert names == [
        base + suffix
        for base in ("test", "test+train", "library")
        for suffix in ("", "+mass", "+formula")
    ]
    for gallery in found["galleries"]:
        assert list(gallery)[:6] == [
            "name",
            "size",
            "candidates_mean",
            "modality_to_graph",
            "graph_to_modality",
            "baselines",
        ]
        assert set(gallery["baselines"]) == {"random", "spectrum_blind"}
        rows = [gallery["modality_to_graph"], *gallery["baselines"].values()]
        if not gallery["name"].startswith("library"):  # a library has no measurements
            rows.append(gallery["graph_to_modality"])
        for row in rows:
            assert list(row) == METRICS
            for entry in row.values():
                assert set(entry) == {"value", "ci95"}
                low, high = entry["ci95"]
                assert 0 <= low <= entry["value"] <= high <= 1


def test_a_measurement_is_encoded_once(
    model: Artefact, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queries stand among the measurements that answer molecules, too, in two galleries."""
    encode, asked = model.model.encode_signals, []

    def spy(modality: str, signals: list[NmrSignal]) -> torch.Tensor:
        asked.append(len(signals))
        return encode(modality, signals)

    monkeypatch.setattr(model.model, "encode_signals", spy)
    evaluate_tables(model, "nmr", [table], match_queries=0, report=quiet)
    assert asked[0] == 42
    assert sum(asked) == 42 + 10  # and those of the molecules that were seen


def test_who_asks_and_who_is_a_candidate(report: tuple[dict[str, Any], list, list]) -> None:
    found, rows, rejects = report
    by_name = {gallery["name"]: gallery for gallery in found["galleries"]}
    assert found["n_queries"] == 42  # 40 molecules, one of them thrice
    assert by_name["test"]["size"] == 41  # and one without a measurement
    assert by_name["test+train"]["size"] == 51
    assert by_name["library"]["size"] == 30 + 40  # C22 alcohol is in both
    for name in ("test", "test+train", "library"):
        assert by_name[name]["candidates_mean"] == by_name[name]["size"]
        assert by_name[name + "+formula"]["candidates_mean"] < by_name[name]["size"]
    assert [one.value for one in rejects] == ["C1C"]
    assert len(rows) == 42 * 9
    once = [row for row in rows if row["gallery"] == "test"]
    assert len({row["origin"] for row in once}) == 42
    assert len({row["inchikey14"] for row in once}) == 40
    mean = np.mean([row["rank"] == 1 for row in once])
    assert by_name["test"]["modality_to_graph"]["recall@1"]["value"] == pytest.approx(mean)


def test_a_built_library_counts_as_its_molecules(
    model: Artefact,
    table: Path,
    library: Path,
    tmp_path: Path,
    report: tuple[dict[str, Any], list, list],
) -> None:
    folder = tmp_path / "library"
    build(model, library, folder, modalities=["nmr"], progress=False)
    info = folder / manifest.INFO
    info.write_text(info.read_text().replace(model.hash, "0" * 64))  # whatever model it is of
    found, rows, rejects = evaluate_tables(model, "nmr", [table], library=folder, report=quiet)
    assert (found, rows) == report[:2]
    assert not rejects, "it left them out when it was built"
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArtefactError, match="not a library"):
        evaluate_tables(model, "nmr", [table], library=tmp_path / "empty", report=quiet)


def test_random_is_one_in_as_many_candidates(report: tuple[dict[str, Any], list, list]) -> None:
    random = report[0]["galleries"][0]["baselines"]["random"]
    assert random["recall@1"]["value"] == pytest.approx(1 / 41)
    assert random["recall@10"]["value"] == pytest.approx(10 / 41)


def test_the_spectrum_blind_row_has_one_order_for_all(
    report: tuple[dict[str, Any], list, list],
) -> None:
    """It ranks 40 molecules by one vector: one of them is first, at most twenty among twenty."""
    blind = report[0]["galleries"][0]["baselines"]["spectrum_blind"]
    assert blind["recall@1"]["value"] < 3.01 / 42
    assert blind["recall@20"]["value"] < 22.01 / 42


def test_choices(model: Artefact, table: Path) -> None:
    only, _, _ = evaluate_tables(model, "nmr", [table], only=["shifts_1h"], report=quiet)
    assert only["columns"] == ["shifts_1h"]
    bare, _, _ = evaluate_tables(model, "nmr", [table], measured_only=True, report=quiet)
    assert bare["galleries"][0]["size"] == 40
    said: list[str] = []
    everything, _, _ = evaluate_tables(model, "nmr", [table], split="all", report=said.append)
    assert everything["n_queries"] == 52
    assert [gallery["name"] for gallery in everything["galleries"]][:3] == [
        "test",
        "test+mass",
        "test+formula",
    ]
    assert "not an honest test" in said[0]
    with pytest.raises(BadInput, match="no split"):
        evaluate_tables(model, "nmr", [table], split="train", report=quiet)


def test_nothing_unseen(model: Artefact, small_table: Path, tmp_path: Path) -> None:
    signals = read(small_table, NmrSignal).signals
    seen = model.has_seen([_key(one) for one in signals])
    write(tmp_path / "seen.csv", [one for one, known in zip(signals, seen, strict=True) if known])
    with pytest.raises(BadInput, match=r"seen\.csv.*every molecule.*--split all"):
        evaluate_tables(model, "nmr", [tmp_path / "seen.csv"], report=quiet)


def test_written_files(report: tuple[dict[str, Any], list, list], tmp_path: Path) -> None:
    write_report(tmp_path / "out", report[0], report[1])
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == report[0]
    with (tmp_path / "out" / "queries.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(report[1])
    assert rows[0]["rank"] == str(report[1][0]["rank"])
    assert (tmp_path / "out" / "retrieval.png").read_bytes()[:4] == b"\x89PNG"
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_growing_galleries_are_nested_and_hold_the_answer() -> None:
    """Against a count by hand: the decoys of the smaller gallery are the first of the larger."""
    rng = np.random.default_rng(3)
    own_vectors = torch.from_numpy(rng.normal(size=(20, 4)).astype(np.float32))
    queries = own_vectors[np.arange(30) % 20] + 0.5 * torch.from_numpy(
        rng.normal(size=(30, 4)).astype(np.float32)
    )
    decoy_vectors = torch.from_numpy(rng.normal(size=(300, 4)).astype(np.float32))

    def side(vectors: torch.Tensor, numbers: np.ndarray) -> Side:
        return Side(vectors, numbers, numbers, np.zeros(len(numbers)))

    owner = np.arange(30) % 20
    decoys = side(
        torch.cat([decoy_vectors, own_vectors]), np.r_[np.arange(100, 400), np.arange(20)]
    )
    rows = by_size(
        side(queries, owner), side(own_vectors, np.arange(20)), decoys, [10, 100, 10_000], seed=5
    )
    assert [row["candidates"] for row in rows] == [10, 100, 320]
    order = np.random.default_rng(5).permutation(320)
    true = (queries * own_vectors[torch.from_numpy(owner)]).sum(1)
    for row in rows:
        first = []
        for q, molecule in enumerate(owner):
            rivals = [i for i in order if decoys.molecule[i] != molecule][: row["candidates"] - 1]
            score = decoys.vectors[torch.tensor(rivals)] @ queries[q]
            first.append(not bool((score >= true[q]).any()))
        assert row["modality_to_graph"]["recall@1"]["value"] == pytest.approx(np.mean(first))
        assert row["random"]["recall@1"]["value"] == pytest.approx(1 / row["candidates"])


def test_the_other_queries_molecules_are_decoys_too() -> None:
    """Where the gallery holds nothing else, it is still no gallery of one."""
    torch.manual_seed(1)
    vectors = torch.nn.functional.normalize(torch.randn(50, 8), dim=1)
    number = np.arange(50)
    gallery = Side(vectors, number, number, np.zeros(50))
    rows = by_size(gallery, gallery, gallery, [10, 50, 1000], seed=2)
    assert [row["candidates"] for row in rows] == [10, 50]
    assert all(row["modality_to_graph"]["recall@1"]["value"] == 1 for row in rows)
    assert rows[1]["spectrum_blind"]["recall@1"]["value"] == pytest.approx(1 / 50)
