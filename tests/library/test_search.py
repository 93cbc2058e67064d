"""Libraries and searching them with a trained model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from acml_plugin_nmr.signal import NmrSignal

from acml_core import artefact
from acml_core.artefact import Artefact
from acml_core.data.table import read
from acml_core.errors import ArtefactError, BadInput
from acml_core.library import library as libraries
from acml_core.library.filters import candidates, hill
from acml_core.library.search import search

BAD = ["C1CC", "notasmiles"]


@pytest.fixture(scope="module")
def model(trained: Path) -> Artefact:
    return artefact.load(trained)


@pytest.fixture(scope="module")
def signals(small_table: Path) -> list[NmrSignal]:
    return read(small_table, NmrSignal).signals


@pytest.fixture(scope="module")
def molecules(signals: list[NmrSignal], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("molecules") / "mine.smi"
    path.write_text("\n".join([BAD[0], *(one.smiles for one in signals), BAD[1], "CCO", "OCC"]))
    return path


@pytest.fixture(scope="module")
def folder(model: Artefact, molecules: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("library") / "lib"
    libraries.save(libraries.encode(model, molecules, progress=False), out)
    return out


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "lib"))


def quiet(_: str) -> None:
    pass


def test_the_library_holds_each_molecule_once(folder: Path, molecules: Path) -> None:
    about = libraries.info(folder)
    assert about["rejects"] == 2
    keys = libraries.PackedGraphs.open(folder / "graphs").keys
    assert about["molecules"] == len(keys) == len(set(keys))
    text = (folder / "rejects.csv").read_text().splitlines()
    assert [row.split(",")[:2] for row in text[1:]] == [
        ["1", BAD[0]],
        [text[2].split(",")[0], BAD[1]],
    ]


def test_true_molecules_come_up(model: Artefact, folder: Path, signals: list[NmrSignal]) -> None:
    """Far above chance, and the score and probability are what they are called."""
    library = libraries.open_folder(folder, model, "nmr")
    answers = search(model, "nmr", signals[:150], library, top=len(library))
    ranks = []
    for signal, answer in zip(signals, answers, strict=False):
        (own,) = [hit for hit in answer.hits if hit.smiles == signal.smiles] or [None]
        if own is not None:
            ranks.append(own.rank)
        assert [hit.rank for hit in answer.hits] == list(range(1, len(library) + 1))
        scores = [hit.score for hit in answer.hits]
        assert scores == sorted(scores, reverse=True)
        assert sum(hit.probability for hit in answer.hits) == pytest.approx(1, abs=1e-6)
    assert len(ranks) > 140
    assert np.median(ranks) < len(library) / 4  # half of it by chance


def test_the_json_form(model: Artefact, folder: Path, signals: list[NmrSignal]) -> None:
    library = libraries.open_folder(folder, model, "nmr")
    (answer,) = search(model, "nmr", signals[:1], library, top=3)
    plain = json.loads(json.dumps(answer.as_dict()))
    assert list(plain) == ["query", "model", "candidates", "hits"]
    assert plain["candidates"] == len(library)
    assert plain["model"] == str(model.path)
    assert plain["query"]["modality"] == "nmr"
    assert plain["query"]["shifts_13c"] == list(signals[0].shifts_13c)
    assert "smiles" not in plain["query"]
    assert [list(hit) for hit in plain["hits"]] == [
        ["rank", "smiles", "inchikey", "formula", "score", "probability"]
    ] * 3
    assert len(plain["hits"][0]["inchikey"]) == 27


def test_filters(model: Artefact, folder: Path, signals: list[NmrSignal]) -> None:
    library = libraries.open_folder(folder, model, "nmr")
    graphs = library.graphs
    (everything,) = search(model, "nmr", signals[:1], library, top=1000)
    formula = graphs.formula[5]
    (some,) = search(model, "nmr", signals[:1], library, formula=formula, top=1000)
    assert some.candidates == len(some.hits) == sum(graphs.formula == formula)
    kept = [hit.smiles for hit in everything.hits if hit.formula == formula]
    assert [hit.smiles for hit in some.hits] == kept  # the same order as without the filter
    mass = float(graphs.mass[5])
    (near,) = search(model, "nmr", signals[:1], library, mass=mass, ppm=5, top=1000)
    inside = np.abs(graphs.mass - mass) <= mass * 5e-6
    assert {hit.smiles for hit in near.hits} == set(graphs.smiles[inside])


def test_filters_say_which_of_them_left_nothing(model: Artefact, folder: Path) -> None:
    graphs = libraries.open_folder(folder, model, "nmr").graphs
    with pytest.raises(BadInput, match="formula C2H2Xe"):
        candidates(graphs, formula="XeH2C2", mass=None, ppm=10)
    with pytest.raises(BadInput, match=r"mass of 5\.5 Da within 10 ppm"):
        candidates(graphs, formula=None, mass=5.5, ppm=10)
    with pytest.raises(BadInput, match=r"none of 1 molecules has a mass"):
        candidates(graphs, formula="C2H6O", mass=500.0, ppm=10)
    for mass, ppm in ((-1.0, 10.0), (46.0, 0.0), (float("nan"), 10.0)):
        with pytest.raises(BadInput, match="above zero"):
            candidates(graphs, formula=None, mass=mass, ppm=ppm)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("OH6C2", "C2H6O"),
        ("C2H5OH", "C2H6O"),
        (" C9 H8 O4 ", "C9H8O4"),
        ("NaCl", "ClNa"),
        ("H2O", "H2O"),
        ("NH4+", "H4N+"),
        ("CO3-2", "CO3-2"),
        ("BrH4C6Cl1", "C6H4BrCl"),
    ],
)
def test_formulas_in_any_order(written: str, expected: str) -> None:
    assert hill(written) == expected


@pytest.mark.parametrize("written", ["", "c2h6", "2C", "C2H6O?", "Xx3", "C(CH3)"])
def test_formulas_that_are_none(written: str) -> None:
    with pytest.raises(BadInput, match=r"formula|no element"):
        hill(written)


def test_a_file_is_encoded_once_and_answers_alike(
    model: Artefact,
    molecules: Path,
    signals: list[NmrSignal],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ACML_CACHE", str(tmp_path))
    said: list[str] = []
    first = libraries.open_any(molecules, model, "nmr", progress=False, report=said.append)
    again = libraries.open_any(molecules, model, "nmr", progress=False, report=said.append)
    assert sum("encoding" in line for line in said) == 1
    assert sum("2 molecules of the library left out" in line for line in said) == 2
    for one, two in zip(
        search(model, "nmr", signals[:5], first, top=1000),
        search(model, "nmr", signals[:5], again, top=1000),
        strict=True,
    ):
        assert one == two


def test_an_empty_query(model: Artefact, folder: Path) -> None:
    library = libraries.open_folder(folder, model, "nmr")
    with pytest.raises(BadInput, match="no measurement"):
        search(model, "nmr", [NmrSignal(solvent="CDCl3", origin="x.txt")], library)


def refused(copy: Path, model: Artefact, match: str) -> None:
    with pytest.raises(ArtefactError, match=match) as caught:
        libraries.open_any(copy, model, "nmr", report=quiet)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 1


def test_another_models_library(copy: Path, model: Artefact) -> None:
    about = json.loads((copy / "library.json").read_text())
    (copy / "library.json").write_text(json.dumps({**about, "model": "0" * 64}))
    refused(copy, model, "built with another model")


def test_damaged_libraries(copy: Path, model: Artefact) -> None:
    vectors = (copy / "nmr.npy").read_bytes()
    for content in (b"", vectors[:200], b"\x80\x04K\x01.", vectors[:-64]):
        (copy / "nmr.npy").write_bytes(content)
        refused(copy, model, "vectors")
    np.save(copy / "nmr.npy", np.zeros((3, 32), dtype=np.float16))
    refused(copy, model, r"\(3, 32\)")
    (copy / "nmr.npy").write_bytes(vectors)
    (copy / "library.json").write_text("{")
    refused(copy, model, "damaged")
    (copy / "library.json").write_text('{"schema": 7}')
    refused(copy, model, "another version")
    (copy / "library.json").unlink()
    refused(copy, model, "not a library")


def test_a_folder_with_something_else_is_not_overwritten(
    model: Artefact, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    library = libraries.open_folder(folder, model, "nmr")
    with pytest.raises(BadInput, match="something else"):
        libraries.save(library, tmp_path)
    libraries.save(library, tmp_path / "new")
    libraries.save(library, tmp_path / "new")  # a library may be replaced
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.txt", "new"]


def test_no_molecules(model: Artefact, tmp_path: Path) -> None:
    (tmp_path / "a.smi").write_text("xyz\nC1\n")
    with pytest.raises(BadInput, match="no molecule of the file can be used"):
        libraries.encode(model, tmp_path / "a.smi", progress=False)
    with pytest.raises(BadInput, match="no such library"):
        libraries.open_any(tmp_path / "none.smi", model, "nmr", report=quiet)
