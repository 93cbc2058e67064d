"""Libraries and searching them with a trained model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from acml_plugin_nmr.signal import NmrSignal
from pydantic import ValidationError
from rdkit import Chem

from acml_core.artefact import Artefact
from acml_core.errors import BadInput
from acml_core.library.filters import Filters, candidates, hill
from acml_core.library.library import Library, open_folder
from acml_core.library.opening import open_any
from acml_core.library.search import (
    Measurement,
    _answer,
    _ranked,
    _scores,
    _together,
    search,
    search_sample,
)
from acml_core.library.vectors import Vectors
from acml_core.probability import Calibration, Rerank


def quiet(_: str) -> None:
    pass


def test_true_molecules_come_up(model: Artefact, folder: Path, signals: list[NmrSignal]) -> None:
    """Far above chance, and the score and probability are what they are called."""
    library = open_folder(folder, model, "nmr")
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
    library = open_folder(folder, model, "nmr")
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
    library = open_folder(folder, model, "nmr")
    molecules = library.molecules
    names = np.array(molecules.formulas, dtype=object)[molecules.formula_codes]
    (everything,) = search(model, "nmr", signals[:1], library, top=1000)
    formula = names[5]
    (some,) = search(model, "nmr", signals[:1], library, filters=Filters(formula=formula), top=1000)
    assert some.candidates == len(some.hits) == sum(names == formula)
    kept = [hit.smiles for hit in everything.hits if hit.formula == formula]
    assert [hit.smiles for hit in some.hits] == kept  # the same order as without the filter
    mass = float(molecules.mass[5])
    (near,) = search(
        model, "nmr", signals[:1], library, filters=Filters(mass=mass, ppm=5), top=1000
    )
    inside = np.flatnonzero(np.abs(molecules.mass - mass) <= mass * 5e-6)
    assert {hit.smiles for hit in near.hits} == set(molecules.smiles(inside))


def test_filters_say_which_of_them_left_nothing(model: Artefact, folder: Path) -> None:
    molecules = open_folder(folder, model, "nmr").molecules
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
            candidates(molecules, Filters(**given))
    for given in ({"mass": -1.0}, {"ppm": 0.0}, {"mass": float("nan")}, {"mz": 5.0}):
        with pytest.raises(ValidationError):
            Filters(**given)


def test_filters_count_what_each_left(model: Artefact, folder: Path) -> None:
    molecules = open_folder(folder, model, "nmr").molecules
    kept, steps = candidates(
        molecules, Filters(elements="N=0,O>=1", smarts=("c1ccccc1",), not_smarts=("C(=O)O",))
    )
    names = [name for name, _ in steps]
    assert len(names) == 3
    assert [count for _, count in steps][-1] == len(kept)
    ring, acid = (Chem.MolFromSmarts(text) for text in ("c1ccccc1", "C(=O)O"))
    expected = [
        i
        for i, text in enumerate(molecules.smiles(np.arange(len(molecules))))
        if (mol := Chem.MolFromSmiles(text)).HasSubstructMatch(ring)
        and not mol.HasSubstructMatch(acid)
        and not any(a.GetSymbol() == "N" for a in mol.GetAtoms())
        and any(a.GetSymbol() == "O" for a in mol.GetAtoms())
    ]
    assert kept.tolist() == expected


def test_an_ion_filters_by_its_molecules_mass(model: Artefact, folder: Path) -> None:
    molecules = open_folder(folder, model, "nmr").molecules
    mass = float(molecules.mass[5])
    by_mass, _ = candidates(molecules, Filters(mass=mass))
    by_ion, _ = candidates(molecules, Filters(mz=mass + 1.007276, adduct="[M+H]+"))
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
    first = open_any(molecules, model, "nmr", progress=False, report=said.append)
    again = open_any(molecules, model, "nmr", progress=False, report=said.append)
    assert sum("encoding" in line for line in said) == 1
    assert sum("2 molecules of the library left out" in line for line in said) == 2
    for one, two in zip(
        search(model, "nmr", signals[:5], first, top=1000),
        search(model, "nmr", signals[:5], again, top=1000),
        strict=True,
    ):
        assert one == two


def test_an_empty_query(model: Artefact, folder: Path) -> None:
    library = open_folder(folder, model, "nmr")
    with pytest.raises(BadInput, match="no measurement"):
        search(model, "nmr", [NmrSignal(solvent="CDCl3", origin="x.txt")], library)


# ---- several measurements, and second opinions --------------------------------------------------


def test_a_measurement_that_is_not_there_costs_nothing(
    model: Artefact, library: Library, signals: list[NmrSignal]
) -> None:
    (alone,) = search(model, "nmr", signals[:1], library, top=5)
    sample = search_sample([Measurement("nmr", signals[:1], model, library)], top=5)
    assert sample == alone


def test_two_measurements_of_one_modality_are_refused(
    model: Artefact, library: Library, signals: list[NmrSignal]
) -> None:
    one = Measurement("nmr", signals[:1], model, library)
    with pytest.raises(BadInput, match="two measurements of one modality"):
        search_sample([one, one])


def test_log_likelihoods_add_and_contradictions_show(
    model: Artefact, library: Library, signals: list[NmrSignal]
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
    answer = _answer(ones, _ranked(ones, rows, 3, False), np.arange(len(library)), [], 3, 0)
    assert answer.hits[0].smiles == library.molecules.row(3)["smiles"]
    likely = [torch.log_softmax(40.0 * row.double(), 0)[3] for row in rows]
    assert answer.hits[0].score == pytest.approx(float(likely[0] + 0.4 * likely[1]))
    first, second = answer.votes
    assert (first.rank, first.contradicts) == (1, False)
    assert second.rank > 2
    assert second.contradicts


def test_libraries_are_joined_by_molecule(
    model: Artefact, library: Library, signals: list[NmrSignal]
) -> None:
    """Another order and other members: the same molecules get both scores."""
    order = np.arange(len(library))[::-1][:-10].copy()
    other = Library(
        library.molecules.select(order),
        {"nmr": Vectors([library.vectors["nmr"].take(order)])},
        library.model,
    )
    places, kept = _together([library, other], np.arange(len(library)))
    assert len(kept) == len(library) - 10
    assert library.molecules.smiles(places[0]) == other.molecules.smiles(places[1])
    query = model.model.encode_signals("nmr", signals[:1])
    scored = [
        torch.stack(list(_scores(query, one.vectors["nmr"], place)))
        for one, place in zip((library, other), places, strict=True)
    ]
    assert torch.allclose(*scored, atol=1e-6)
    with pytest.raises(BadInput, match="no candidate in common"):
        _together([library, other], np.arange(10))


def test_a_second_opinion_changes_the_order_among_the_best_alone(
    model: Artefact, library: Library, signals: list[NmrSignal]
) -> None:
    fitted = model.info.modalities["nmr"].calibration.model_copy(
        update={"rerank": Rerank(candidates=20, scale=0.0, weight=1.0)}
    )
    about = {"nmr": model.info.modalities["nmr"].model_copy(update={"calibration": fitted})}
    changed = Artefact(
        model.model, model.info.model_copy(update={"modalities": about}), model.seen, model.path
    )
    (plain,) = search(changed, "nmr", signals[:1], library, top=30, rerank=0)
    (again,) = search(changed, "nmr", signals[:1], library, top=30, rerank=20)
    (default,) = search(changed, "nmr", signals[:1], library, top=30)
    assert default == again, "as many as it was fitted with"
    assert not any(hit.rerank for hit in plain.hits)
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
    model: Artefact, library: Library, signals: list[NmrSignal]
) -> None:
    fitted = model.info.modalities["nmr"].calibration.model_copy(update={"rerank": None})
    about = {"nmr": model.info.modalities["nmr"].model_copy(update={"calibration": fitted})}
    changed = Artefact(
        model.model, model.info.model_copy(update={"modalities": about}), model.seen, model.path
    )
    with pytest.raises(BadInput, match="no second opinion was fitted"):
        search(changed, "nmr", signals[:1], library, rerank=5)
    (default,) = search(changed, "nmr", signals[:1], library)
    assert not any(hit.rerank for hit in default.hits), "none is asked of by default, then"
