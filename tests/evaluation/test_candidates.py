"""Candidate lists: who asks, who is ranked, and the figures against a count by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from acml_plugin_ms.modality import Ms
from acml_plugin_ms.signal import MsSignal

from acml_core import artefact
from acml_core.artefact import Artefact
from acml_core.components import Choice
from acml_core.errors import BadInput, UnknownName
from acml_core.evaluation.candidate_report import evaluate_lists
from acml_core.evaluation.protocol import Protocol, find, track_files
from acml_core.graphs.build import build
from acml_core.model import AcmlModel, ModelConfig
from acml_core.molecule import canonicalise
from acml_core.probability import Calibration

TEST = ["CCO", "CCCO", "CC(C)O", "c1ccccc1O", "CCN", "CC(=O)O"]
TRAIN = ["CCCCO", "CCCCCO"]
DECOYS = ["COC", "CCOC", "OCCO", "Cc1ccccc1", "CNC", "COC=O", "C1CC1", "CC=O", "CCCl", "CCS"]
SEEN = "CC(=O)O"


def key(smiles: str) -> str:
    return canonicalise(smiles).key


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Artefact:
    """Untrained: what is tested is the counting. It says that it has seen ``SEEN``."""
    torch.manual_seed(1)
    config = ModelConfig(
        graph=Choice(name="gine", dim=16, layers=1),
        projector=Choice(name="residual", dims=[16, 16]),
        similarity="cosine",
    )
    small = Ms.Config(dim=16, width=16, peak_width=16, heads=2)
    folder = tmp_path_factory.mktemp("model") / "m"
    artefact.save(
        folder,
        AcmlModel(config, {"ms": Ms(small)}),
        calibrations={"ms": Calibration.constant(1.0)},
        examples={"ms": MsSignal(smiles="CCO", mz=(31.0, 45.0), intensity=(1.0, 0.5))},
        seen=[key(SEEN)],
        metrics={},
        training={"seed": 0},
        data={"sources": {}},
        command="none",
    )
    return artefact.load(folder)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table with a fold: two spectra of the first test molecule, one of the others."""
    rng = np.random.default_rng(0)
    rows = []
    for fold, names in (("test", [TEST[0], *TEST]), ("train", TRAIN)):
        for smiles in names:
            mz = sorted(rng.uniform(20, 90, 5).tolist())
            intensity = rng.uniform(0.1, 1, 5).tolist()
            rows.append({"smiles": smiles, "mz": mz, "intensity": intensity, "fold": fold})
    path = tmp_path_factory.mktemp("table") / "t.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def lists(**change: list[str]) -> dict[str, list[str]]:
    """Of each test molecule a list with it in, of several lengths."""
    made = {smiles: [*DECOYS[i : i + 3 + i], smiles, *DECOYS[:2]] for i, smiles in enumerate(TEST)}
    return {**made, **change}


def write(folder: Path, content: Any, name: str = "own.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def quiet(_: str) -> None:
    pass


def evaluated(model: Artefact, table: Path, path: Path, **how: Any) -> tuple[dict, list, list]:
    how = {"report": quiet, **how}
    return evaluate_lists(model, "ms", [table], "own", Protocol(), {"a": path}, **how)


def test_against_a_count_by_hand(model: Artefact, table: Path, tmp_path: Path) -> None:
    own = lists()
    report, rows, rejects = evaluated(model, table, write(tmp_path, own), split="all")
    (gallery,) = report["galleries"]
    assert (report["n_queries"], gallery["n_queries"], rejects) == (7, 7, [])
    signals = [
        MsSignal(smiles=r["smiles"], mz=tuple(r["mz"]), intensity=tuple(r["intensity"]))
        for r in pq.read_table(table).to_pylist()
        if r["fold"] == "test"
    ]
    vectors = model.model.encode_signals("ms", signals)
    found = {"sighted": [], "blind": [], "size": []}
    for signal, vector in zip(signals, vectors, strict=True):
        graphs = build(list(dict.fromkeys(own[signal.smiles])), progress=False).graphs
        molecules = model.model.encode_molecules(graphs, "ms")
        true = list(graphs.keys).index(key(signal.smiles))
        for name, query in (("sighted", vector), ("blind", vectors.mean(0))):
            scores = molecules @ query
            found[name].append(1 + int((scores > scores[true]).sum()))
        found["size"].append(len(graphs))
    assert sorted(row["rank"] for row in rows) == sorted(found["sighted"])
    assert sorted(row["candidates"] for row in rows) == sorted(found["size"])
    assert gallery["candidates_mean"] == pytest.approx(np.mean(found["size"]))
    sizes = np.array(found["size"])
    assert list(gallery["modality_to_graph"]) == ["hit@1", "hit@5", "hit@20", "mrr"]
    for k in (1, 5, 20):
        for row, expected in (
            (gallery["modality_to_graph"], np.mean(np.array(found["sighted"]) <= k)),
            (gallery["baselines"]["spectrum_blind"], np.mean(np.array(found["blind"]) <= k)),
            (gallery["baselines"]["random"], np.mean(np.minimum(k / sizes, 1))),
        ):
            entry = row[f"hit@{k}"]
            assert entry["value"] == pytest.approx(expected)
            assert entry["ci95"][0] <= entry["value"] <= entry["ci95"][1]
    json.dumps(report)


def test_seen_molecules_are_left_out_and_counted(
    model: Artefact, table: Path, tmp_path: Path
) -> None:
    path = write(tmp_path, lists())
    report, rows, _ = evaluated(model, table, path)
    assert (report["n_queries"], report["left_out"]["seen"]) == (6, 1)
    assert SEEN not in {row["smiles"] for row in rows}
    said: list[str] = []
    report, rows, _ = evaluated(model, table, path, split="all", report=said.append)
    assert report["n_queries"] == 7
    assert "not an honest test" in " ".join(said)
    with pytest.raises(BadInput, match="no split"):
        evaluated(model, table, path, split="train")


def test_a_list_is_found_by_what_the_molecule_is(
    model: Artefact, table: Path, tmp_path: Path
) -> None:
    made = lists()
    renamed = {
        "OCC": made["CCO"],  # another way to write it
        key("CCCO"): made["CCCO"],
        canonicalise("CC(C)O").inchikey: made["CC(C)O"],
        **{name: made[name] for name in TEST[3:]},
    }
    plain = evaluated(model, table, write(tmp_path, made))[1]
    assert evaluated(model, table, write(tmp_path, renamed))[1] == plain
    only = {"OCC": made["CCO"], key("CCCO"): made["CCCO"]}
    report, rows, _ = evaluated(model, table, write(tmp_path, only))
    assert len(rows) == 3
    assert report["galleries"][0]["left_out"]["no_list"] == 3


def test_what_a_list_lacks_is_counted(model: Artefact, table: Path, tmp_path: Path) -> None:
    """Two spellings of a molecule are one candidate; what is no molecule is none."""
    own = lists(CCO=["COC", "OC", "CO", "C1C", "CCO"], CCN=["CNC"])
    worse = tmp_path / "worse.parquet"  # and a row of the fold that is no molecule
    whole = pq.read_table(table).to_pylist()
    pq.write_table(pa.Table.from_pylist([*whole, {**whole[0], "smiles": "C1CC"}]), worse)
    report, rows, rejects = evaluated(model, worse, write(tmp_path, own))
    assert [(one.row, one.value) for one in rejects] == [(len(whole) + 1, "C1CC")]
    assert report["left_out"]["unreadable"] == 1
    (gallery,) = report["galleries"]
    assert gallery["left_out"] == {"no_list": 0, "not_in_list": 1, "unreadable_candidates": 1}
    assert [row["candidates"] for row in rows if row["smiles"] == "CCO"] == [3, 3]
    assert gallery["n_queries"] == 5


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("{", "not a readable JSON"),
        ([1], "no object"),
        ({"CCO": "CCO"}, "'CCO' is no list"),
        ({"CCO": [1]}, "'CCO' is no list"),
        ({"CCCCCC": ["CCCCCC"]}, "no list for any query"),
        ({name: ["COC"] for name in TEST}, "no list holds"),
    ],
)
def test_bad_lists(content: Any, match: str, model: Artefact, table: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=match):
        evaluated(model, table, write(tmp_path, content))


def test_bad_tables_and_protocols(model: Artefact, table: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.parquet"
    pq.write_table(pq.read_table(table).drop_columns(["fold"]), bare)
    path = write(tmp_path, lists())
    with pytest.raises(BadInput, match="no column 'fold'"):
        evaluated(model, bare, path)
    shipped = find("massspecgym", Ms)
    with pytest.raises(BadInput, match="no column 'fold'") as caught:
        evaluate_lists(model, "ms", [bare], "x", shipped, {"a": path}, report=quiet)
    assert "acml data fetch hf:" in caught.value.remedy
    with pytest.raises(BadInput, match="no row is in the fold 'tes'") as caught:
        evaluate_lists(model, "ms", [table], "x", Protocol(fold="tes"), {"a": path}, report=quiet)
    assert "'test'" in caught.value.remedy
    with pytest.raises(UnknownName, match="no protocol called 'masspecgym'") as unknown:
        find("masspecgym", Ms)
    assert "'massspecgym'" in unknown.value.remedy
    with pytest.raises(BadInput, match="names no candidate lists"):
        track_files(Protocol(), [], quiet)


def test_tracks_have_names(tmp_path: Path) -> None:
    protocol = Protocol(tracks={"mass": "data/lists_mass.json"})
    given = [str(tmp_path / "lists_mass.json"), str(tmp_path / "x.json"), f"b={tmp_path}/x.json"]
    assert list(track_files(protocol, given, quiet)) == ["mass", "x", "b"]
    with pytest.raises(BadInput, match="two files for the track 'x'"):
        track_files(protocol, [given[1], given[1]], quiet)


def test_the_command(model: Artefact, table: Path, tmp_path: Path, acml: Any) -> None:
    shipped = find("massspecgym", Ms).tracks["formula"].rpartition("/")[2]
    path = write(tmp_path, lists(), shipped)
    base = ("eval", "retrieval", "--model", model.path, "--protocol", "massspecgym")
    given = (*base, "--data", table, "--candidates", path)
    done = acml(*given, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert "left out: 1 queries of 1 molecules that the model was trained or tuned on" in done.out
    for text in ("HIT@1", "HIT@20", "massspecgym+formula", "spectrum-blind", "random"):
        assert text in done.out
    made = {one.name for one in (tmp_path / "out").iterdir()}
    assert made == {"report.json", "queries.csv", "retrieval.png"}
    report = json.loads(acml(*given, "--json", "--only", "mz,intensity").out)
    assert report["columns"] == ["mz", "intensity"]
    assert report["galleries"][0]["candidates_mean"] > 1
    assert "needs its table" in acml(*base, "--candidates", path).err
    assert "do not go with --protocol" in acml(*given, "--rerank", 5).err
    lost = acml("eval", "retrieval", "--model", model.path, "--candidates", path)
    assert (lost.code, "--protocol" in lost.err) == (2, True)
