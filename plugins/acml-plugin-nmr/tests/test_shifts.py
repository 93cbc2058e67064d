"""The shift network, the assignment and what is built on them, against textbook chemistry."""

from __future__ import annotations

import numpy as np
import pytest
from acml_plugin_nmr.modality import Nmr, NmrConfig
from acml_plugin_nmr.shifts import match
from acml_plugin_nmr.shifts.assign import AssignSettings, Peaks, pair
from acml_plugin_nmr.shifts.match import assignment, log_likelihoods
from acml_plugin_nmr.shifts.predict import predict
from acml_plugin_nmr.shifts.sets import Sites, bearers, carbons, pair_1h, pair_13c
from acml_plugin_nmr.signal import NmrSignal
from acml_plugin_nmr.simulate import simulate_many
from rdkit import Chem

from acml_core.errors import BadInput
from acml_core.recent import Recent


def mol(smiles: str) -> Chem.Mol:
    return Chem.MolFromSmiles(smiles)


def test_predicted_shifts_are_those_of_the_textbook():
    """Ethyl acetate in CDCl3: CH3 14.2, CH2 60.4, C=O 171.1, CH3CO 21.0 ppm; 1H 1.26, 4.12, 2.05."""
    (found,) = predict([mol("CCOC(=O)C")])
    carbon = found.centre[[0, 1, 3, 5], 0]
    assert carbon == pytest.approx((14.2, 60.4, 171.1, 21.0), abs=3)
    assert found.centre[[0, 1, 5], 1] == pytest.approx((1.26, 4.12, 2.05), abs=0.4)
    assert (found.scale > 0).all()


def test_predictions_do_not_depend_on_the_order_of_atoms_or_on_the_batch():
    one, other = mol("CC(O)c1ccccc1"), mol("c1ccc(cc1)C(C)O")
    alone = predict([one])[0].centre[:, 0]
    together = predict([mol("C"), other, mol("ClCCl")])[1].centre[:, 0]
    map_ = other.GetSubstructMatch(one)
    assert alone == pytest.approx(together[list(map_)], abs=1e-3)


def test_alike_atoms_are_one_site():
    toluene = mol("Cc1ccccc1")
    assert len(carbons(toluene)) == 7
    assert len(carbons(toluene).distinct()) == 5
    assert len(bearers(mol("CCO"))) == 3
    assert len(bearers(mol("CCO"), on_carbon=True)) == 2


def test_lists_pair_with_atoms_where_the_numbers_agree():
    toluene = mol("Cc1ccccc1")
    every = [137.9, 129.1, 129.1, 128.3, 128.3, 125.4, 21.4]
    assert len(pair_13c(toluene, every, []).atom) == 7
    once = pair_13c(toluene, sorted(set(every)), ["Q", "D", "D", "D", "S"])
    assert len(once.atom) == 5
    assert sorted(once.atom_kind) == [0, 1, 1, 1, 3]
    assert pair_13c(toluene, every[:3], []) is None
    assert len(pair_1h(mol("CCO"), [3.7, 1.2]).atom) == 2  # the OH left out
    assert len(pair_1h(mol("CCO"), [3.7, 1.2, 2.6]).atom) == 3
    assert pair_1h(mol("CCO"), [3.7]) is None


def sites(n: int) -> Sites:
    index = np.arange(n)
    return Sites(index, np.full(n, 1), index)


def peaks(*shifts: float) -> Peaks:
    return Peaks(np.array(shifts), np.full(len(shifts), -1))


SETTINGS = AssignSettings(outlier=7.0, missing=4.0, extra=6.0, shared=1.0)
WIDE = np.ones(3)


def test_the_best_pairing_beats_the_nearest_one():
    """Two peaks are both nearest to the first site; one of them must go to the second."""
    found = pair(peaks(10.0, 11.0), sites(2), np.array([10.4, 13.0]), WIDE[:2], SETTINGS)
    assert found.site_of.tolist() == [0, 1]
    assert found.gap == pytest.approx([-0.4, -2.0])


def test_missing_and_extra_peaks_cost_what_they_should():
    centre = np.array([20.0, 60.0, 140.0])
    whole = pair(peaks(20.0, 60.0, 140.0), sites(3), centre, WIDE, SETTINGS).cost
    fewer = pair(peaks(20.0, 60.0), sites(3), centre, WIDE, SETTINGS)
    more = pair(peaks(20.0, 60.0, 140.0, 100.0), sites(3), centre, WIDE, SETTINGS)
    assert fewer.cost == pytest.approx(whole - np.log(2) + SETTINGS.missing)
    assert more.cost == pytest.approx(whole + SETTINGS.extra)
    assert more.site_of.tolist() == [0, 1, 2, -1]
    nothing = pair(peaks(), sites(3), centre, WIDE, SETTINGS)
    assert nothing.cost == pytest.approx(3 * SETTINGS.missing)


def test_a_shared_peak_costs_less_than_a_missing_one():
    centre = np.array([20.0, 20.1])
    shared = pair(peaks(20.0), sites(2), centre, WIDE[:2], SETTINGS).cost
    missing = pair(peaks(20.0), sites(2), np.array([20.0, 60.0]), WIDE[:2], SETTINGS).cost
    assert shared < missing


def test_a_wrong_multiplicity_costs():
    told = Peaks(np.array([20.0]), np.array([3]))
    centre = np.array([20.0])
    right = pair(told, Sites(*(np.array([x]) for x in (0, 3, 0))), centre, WIDE[:1], SETTINGS)
    wrong = pair(told, Sites(*(np.array([x]) for x in (0, 2, 0))), centre, WIDE[:1], SETTINGS)
    assert wrong.cost > right.cost


def test_rerank_prefers_the_molecule_to_its_isomers():
    """1-Propanol's literature values against its isomers 2-propanol and methoxyethane."""
    signal = NmrSignal(shifts_13c=(64.5, 25.9, 10.3))
    scores = log_likelihoods(signal, [mol("CCCO"), mol("CC(C)O"), mol("CCOC")])
    assert scores.argmax() == 0
    assert Nmr(NmrConfig()).rerank(signal, [mol("CCCO")]) == pytest.approx(scores[:1])


def test_assignment_names_atoms():
    signal = NmrSignal(shifts_13c=(171.1, 60.4, 21.0, 14.2), shifts_1h=(4.12, 2.05, 1.26))
    rows = assignment(signal, mol("CCOC(=O)C"))
    by_shift = {(row["nucleus"], row["shift"]): row["atom"] for row in rows}
    assert by_shift == {
        ("13C", 171.1): 3,
        ("13C", 60.4): 1,
        ("13C", 21.0): 5,
        ("13C", 14.2): 0,
        ("1H", 4.12): 1,
        ("1H", 2.05): 5,
        ("1H", 1.26): 0,
    }


def test_what_is_remembered_follows_the_order_of_atoms(monkeypatch):
    mol = Chem.MolFromSmiles("CC(=O)OCc1ccncc1")
    signal = simulate_many([mol])[0]
    backwards = Chem.RenumberAtoms(mol, list(range(mol.GetNumAtoms()))[::-1])
    last = mol.GetNumAtoms() - 1
    rows = assignment(signal, mol)
    assert assignment(signal, mol) == rows
    for row, other in zip(rows, assignment(signal, backwards), strict=True):
        assert other["predicted"] == pytest.approx(row["predicted"], abs=1e-3)
        assert last - other["atom"] in {
            atom.GetIdx()
            for atom in mol.GetAtoms()
            if atom.GetSymbol() == mol.GetAtomWithIdx(row["atom"]).GetSymbol()
        }
    some = [Chem.MolFromSmiles("C" * n + "O") for n in range(1, 8)]
    monkeypatch.setattr(match, "_recent", Recent(2))
    assert len(match.expect([*some, *some])) == 14
    monkeypatch.delattr(match, "predict")
    match.expect(some[-2:])


def test_simulated_lists_have_every_carbon_and_every_bearer():
    (found,) = simulate_many([mol("Cc1ccccc1")])
    assert len(found.shifts_13c) == 7
    assert len(set(found.shifts_13c)) == 5
    assert sorted(found.multiplicity_13c) == ["D"] * 5 + ["Q", "S"]
    assert sorted(found.integral_1h) == [1.0, 2.0, 2.0, 3.0]
    assert list(found.shifts_13c) == sorted(found.shifts_13c, reverse=True)


def test_simulation_without_carbon_is_an_error_of_that_molecule_alone():
    found = simulate_many([mol("O"), mol("CO")])
    assert isinstance(found[0], BadInput)
    assert "no carbon" in found[0].what
    assert found[1].multiplicity_13c == ("Q",)


def test_scatter_moves_shifts_the_same_way_each_time():
    plain, moved = Nmr(NmrConfig()), Nmr(NmrConfig(scatter=1.0))
    one = mol("CCOC(=O)C")
    assert moved.simulate(one) == moved.simulate(one)
    assert moved.simulate(one).shifts_13c != plain.simulate(one).shifts_13c
    other = Nmr(NmrConfig(scatter=1.0, scatter_seed=1)).simulate(one)
    assert other.shifts_13c != moved.simulate(one).shifts_13c
