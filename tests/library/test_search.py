"""Libraries and searching them with a trained model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from acml_plugin_nmr.signal import NmrSignal
from pydantic import ValidationError
from rdkit import Chem

from acml_core import artefact
from acml_core.artefact import Artefact
from acml_core.data.table import read
from acml_core.errors import ArtefactError, BadInput
from acml_core.library import library as libraries
from acml_core.library.filters import Filters, candidates, hill
from acml_core.library.search import Measurement, _answer, _together, search, search_sample
from acml_core.probability import Calibration, Rerank

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
    assert list(plain)[:4] == ["query", "model", "candidates", "hits"]
    assert plain["probability_in_library"] is None  # too few validation molecules to fit it on
    assert plain["votes"] == []
    assert plain["candidates"] == len(library)
    assert plain["model"] == str(model.path)
    assert plain["query"]["modality"] == "nmr"
    assert plain["query"]["shifts_13c"] == list(signals[0].shifts_13c)
    assert "smiles" not in plain["query"]
    assert [list(hit)[:6] for hit in plain["hits"]] == [
        ["rank", "smiles", "inchikey", "formula", "score", "probability"]
    ] * 3
    assert plain["hits"][0]["in_set"] is True
    assert len(plain["hits"][0]["inchikey"]) == 27


def test_filters(model: Artefact, folder: Path, signals: list[NmrSignal]) -> None:
    library = libraries.open_folder(folder, model, "nmr")
    graphs = library.graphs
    (everything,) = search(model, "nmr", signals[:1], library, top=1000)
    formula = graphs.formula[5]
    (some,) = search(model, "nmr", signals[:1], library, filters=Filters(formula=formula), top=1000)
    assert some.candidates == len(some.hits) == sum(graphs.formula == formula)
    kept = [hit.smiles for hit in everything.hits if hit.formula == formula]
    assert [hit.smiles for hit in some.hits] == kept  # the same order as without the filter
    mass = float(graphs.mass[5])
    (near,) = search(
        model, "nmr", signals[:1], library, filters=Filters(mass=mass, ppm=5), top=1000
    )
    inside = np.abs(graphs.mass - mass) <= mass * 5e-6
    assert {hit.smiles for hit in near.hits} == set(graphs.smiles[inside])


def test_filters_say_which_of_them_left_nothing(model: Artefact, folder: Path) -> None:
    graphs = libraries.open_folder(folder, model, "nmr").graphs
    for match, given in (
        ("formula C2H2Xe", {"formula": "XeH2C2"}),
        (r"mass of 5\.5000 Da within 10 ppm", {"mass": 5.5}),
        (r"none of 1 molecules has a mass", {"formula": "C2H6O", "mass": 500.0}),
        (r"none of 1 molecules lacks the substructure", {"formula": "C2H6O", "not_smarts": ("O",)}),
        ("keeps to C>400", {"elements": "C>400"}),
        ("between 1 and 2 Da", {"mw": (1.0, 2.0)}),
        ("adduct .* not understood", {"mz": 181.07, "adduct": "[Q+H]+"}),
        ("no element", {"elements": "Xx=1"}),
        ("limits no element", {"elements": "C"}),
        ("not SMARTS", {"smarts": ("[",)}),
    ):
        with pytest.raises(BadInput, match=match):
            candidates(graphs, Filters(**given))
    for given in ({"mass": -1.0}, {"ppm": 0.0}, {"mass": float("nan")}, {"mz": 5.0}):
        with pytest.raises(ValidationError):
            Filters(**given)


def test_filters_count_what_each_left(model: Artefact, folder: Path) -> None:
    graphs = libraries.open_folder(folder, model, "nmr").graphs
    kept, steps = candidates(
        graphs, Filters(elements="N=0,O>=1", smarts=("c1ccccc1",), not_smarts=("C(=O)O",))
    )
    names = [name for name, _ in steps]
    assert len(names) == 3
    assert [count for _, count in steps][-1] == len(kept)
    ring, acid = (Chem.MolFromSmarts(text) for text in ("c1ccccc1", "C(=O)O"))
    expected = [
        i
        for i, text in enumerate(graphs.smiles)
        if (mol := Chem.MolFromSmiles(text)).HasSubstructMatch(ring)
        and not mol.HasSubstructMatch(acid)
        and not any(a.GetSymbol() == "N" for a in mol.GetAtoms())
        and any(a.GetSymbol() == "O" for a in mol.GetAtoms())
    ]
    assert kept.tolist() == expected


def test_an_ion_filters_by_its_molecules_mass(model: Artefact, folder: Path) -> None:
    graphs = libraries.open_folder(folder, model, "nmr").graphs
    mass = float(graphs.mass[5])
    by_mass, _ = candidates(graphs, Filters(mass=mass))
    by_ion, _ = candidates(graphs, Filters(mz=mass + 1.007276, adduct="[M+H]+"))
    assert 5 in by_ion
    assert by_ion.tolist() == by_mass.tolist()


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


# ---- several measurements, and second opinions --------------------------------------------------


@pytest.fixture(scope="module")
def library(model: Artefact, folder: Path) -> libraries.Library:
    return libraries.open_folder(folder, model, "nmr")


def test_a_measurement_that_is_not_there_costs_nothing(
    model: Artefact, library: libraries.Library, signals: list[NmrSignal]
) -> None:
    (alone,) = search(model, "nmr", signals[:1], library, top=5)
    sample = search_sample([Measurement("nmr", signals[:1], model, library)], top=5)
    assert sample == alone


def test_two_measurements_of_one_modality_are_refused(
    model: Artefact, library: libraries.Library, signals: list[NmrSignal]
) -> None:
    one = Measurement("nmr", signals[:1], model, library)
    with pytest.raises(BadInput, match="two measurements of one modality"):
        search_sample([one, one])


def test_log_likelihoods_add_and_contradictions_show(
    model: Artefact, library: libraries.Library, signals: list[NmrSignal]
) -> None:
    """The second measurement is of another sample: its own ranking puts the answer far below."""
    rows = [torch.zeros(len(library)), torch.zeros(len(library))]
    rows[0][3], rows[1][3], rows[1][7] = 1.0, -1.0, 0.9
    calibrated = Calibration.constant(40.0)
    about = {"nmr": model.info.modalities["nmr"].model_copy(update={"calibration": calibrated})}
    changed = Artefact(
        model.model, model.info.model_copy(update={"modalities": about}), model.seen, model.path
    )
    ones = [Measurement("nmr", signals[:1], changed, library, weight=w) for w in (1.0, 0.4)]
    answer = _answer(ones, rows, np.arange(len(library)), [], 3, None, 0)
    assert answer.hits[0].smiles == library.graphs.smiles[3]
    assert answer.hits[0].score == pytest.approx(40.0 - 0.4 * 40.0)
    first, second = answer.votes
    assert (first.rank, first.contradicts) == (1, False)
    assert second.rank > 2
    assert second.contradicts


def test_libraries_are_joined_by_molecule(
    model: Artefact, library: libraries.Library, signals: list[NmrSignal]
) -> None:
    """Another order and other members: the same molecules get both scores."""
    order = np.arange(len(library))[::-1][:-10].copy()
    other = libraries.Library(
        library.graphs.select(order),
        {"nmr": library.vectors["nmr"][torch.from_numpy(order)]},
        library.model,
    )
    places, kept = _together([library, other], np.arange(len(library)))
    assert len(kept) == len(library) - 10
    assert library.graphs.keys[places[0]].tolist() == other.graphs.keys[places[1]].tolist()
    with pytest.raises(BadInput, match="no candidate in common"):
        _together([library, other], np.arange(10))


def test_a_second_opinion_changes_the_order_among_the_best_alone(
    model: Artefact, library: libraries.Library, signals: list[NmrSignal]
) -> None:
    fitted = model.info.modalities["nmr"].calibration.model_copy(
        update={"rerank": Rerank(candidates=20, scale=0.0, weight=1.0)}
    )
    about = {"nmr": model.info.modalities["nmr"].model_copy(update={"calibration": fitted})}
    changed = Artefact(
        model.model, model.info.model_copy(update={"modalities": about}), model.seen, model.path
    )
    (plain,) = search(changed, "nmr", signals[:1], library, top=30)
    (again,) = search(changed, "nmr", signals[:1], library, top=30, rerank=20)
    assert {h.smiles for h in plain.hits[:20]} == {h.smiles for h in again.hits[:20]}
    assert [h.smiles for h in plain.hits[20:]] == [h.smiles for h in again.hits[20:]]
    opinions = [hit.rerank["nmr"] for hit in again.hits[:20]]
    assert opinions == sorted(opinions, reverse=True)
    assert sum(h.probability for h in again.hits[:20]) == pytest.approx(
        sum(h.probability for h in plain.hits[:20])
    )
    rows = again.hits[0].matches["nmr"]
    assert len(rows) == len(set(signals[0].shifts_13c)) + len(set(signals[0].shifts_1h))
    assert not again.hits[25].matches


def test_no_second_opinion_was_fitted(
    model: Artefact, library: libraries.Library, signals: list[NmrSignal]
) -> None:
    fitted = model.info.modalities["nmr"].calibration.model_copy(update={"rerank": None})
    about = {"nmr": model.info.modalities["nmr"].model_copy(update={"calibration": fitted})}
    changed = Artefact(
        model.model, model.info.model_copy(update={"modalities": about}), model.seen, model.path
    )
    with pytest.raises(BadInput, match="no second opinion was fitted"):
        search(changed, "nmr", signals[:1], library, rerank=5)
