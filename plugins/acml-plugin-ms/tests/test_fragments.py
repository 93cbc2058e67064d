"""Fragments and simulated spectra against what every mass spectrometrist knows."""

from __future__ import annotations

import numpy as np
import pytest
from acml_plugin_ms.fragments import fragments
from acml_plugin_ms.rerank import rerank
from acml_plugin_ms.signal import MsSignal
from acml_plugin_ms.simulate import simulate
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem.rdMolDescriptors import CalcExactMolWt

from acml_core.errors import BadInput

CAFFEINE = MsSignal(
    mz=(69.0447, 83.0604, 110.0713, 138.0662, 195.0877),
    intensity=(95, 60, 320, 1000, 410),
    precursor_mz=195.0877,
    adduct="[M+H]+",
    ion_mode="POSITIVE",
    ms_type="MS2",
    instrument_type="LC-ESI-QTOF",
)


def mol(smiles: str) -> Chem.Mol:
    return Chem.MolFromSmiles(smiles)


def test_pentanone_gives_its_textbook_ions():
    signal = simulate(mol("CCCC(C)=O"))
    assert {43.0, 71.0, 86.0} <= set(signal.mz)  # two acylium ions and the molecular ion
    assert (signal.ms_type, signal.precursor_mz) == ("MS", 0.0)
    assert all(mz == round(mz) for mz in signal.mz)


def test_protonated_benzoic_ester_gives_the_acylium_ion():
    signal = simulate(mol("CCOC(=O)c1ccccc1"), "[M+H]+")
    assert signal.precursor_mz == pytest.approx(151.0754, abs=1e-4)
    for ion in (105.0335, 123.0441):  # C7H5O+, and protonated benzoic acid
        assert np.abs(np.array(signal.mz) - ion).min() < 2e-4


def test_deprotonated_acid_loses_carbon_dioxide():
    signal = simulate(mol("OC(=O)c1ccccc1"), "[M-H]-")
    assert signal.precursor_mz == pytest.approx(121.0295, abs=1e-4)
    assert np.abs(np.array(signal.mz) - 77.0397).min() < 2e-4  # C6H5-


def test_rings_open_by_two_bonds():
    """Retro-Diels-Alder: cyclohexene's ring falls into C4H6 and C2H4."""
    found = fragments(mol("C1=CCCCC1"))
    assert np.abs(found.mass - 54.04695).min() < 1e-4
    assert np.abs(found.mass - 28.0313).min() < 1e-4


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(
        [
            "CCO", "c1ccccc1CCN", "C1CC2CCC1CC2", "CC(=O)Nc1ccc(O)cc1", "O=C1CCc2ccccc21", "C",
            "CN1C=NC2=C1C(=O)N(C)C(=O)N2C", "C" * 70, "[13CH3]O",
        ]
    ),
    st.integers(1, 2),
)  # fmt: skip
def test_fragments_are_connected_parts_each_once(smiles, depth):
    molecule = mol(smiles)
    found = fragments(molecule, depth)
    assert found.mass[0] == pytest.approx(CalcExactMolWt(molecule), abs=1e-4)
    assert found.cost[0] == 0
    assert len({row.tobytes() for row in found.atoms}) == len(found.atoms)
    adjacency = Chem.GetAdjacencyMatrix(molecule).astype(bool)
    for atoms in found.atoms[::7]:
        inside = np.flatnonzero(atoms)
        seen, grown = set(), {int(inside[0])}
        while grown - seen:
            seen |= grown
            grown = seen | {int(b) for a in seen for b in inside if adjacency[a, b]}
        assert seen == set(inside.tolist())


@pytest.mark.parametrize(("smiles", "word"), [("CCO.Cl", "components"), ("C[N+](C)(C)C", "charge")])
def test_what_cannot_be_simulated_says_why(smiles, word):
    with pytest.raises(BadInput, match=word) as caught:
        simulate(mol(smiles))
    assert caught.value.remedy


def test_rerank_prefers_the_molecule_whose_fragments_explain_more():
    isomers = ["CN1C=NC2=C1C(=O)N(C)C(=O)N2C", "CCCc1cc(=O)[nH]c(=NC#N)n1O", "CCCCCCCCCCCC#N"]
    scores = rerank(CAFFEINE, [mol(smiles) for smiles in isomers], 10)
    assert scores[0] > scores[1] > scores[2]  # the last has another mass
    assert scores[2] < 0
    assert scores[0] > 0.2


def test_rerank_explains_a_simulated_spectrum_best_by_its_own_molecule():
    candidates = ["CCCC(C)=O", "CCC(=O)CC", "CC(C)C(C)=O", "CCCCC=O"]
    signal = simulate(mol("CCCCC(=O)OC"), "[M+H]+")
    scores = rerank(signal, [mol(s) for s in ["CCCCC(=O)OC", *candidates]], 10)
    assert scores.argmax() == 0
