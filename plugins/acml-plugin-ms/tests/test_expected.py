"""Ions expected of a molecule are those of its fragments, whoever asks first."""

from __future__ import annotations

import numpy as np
import pytest
from acml_plugin_ms import breaking
from acml_plugin_ms.expected import expected, uncorrected
from acml_plugin_ms.fragments import fragments
from acml_plugin_ms.ions import Ion, ions
from rdkit import Chem


@pytest.mark.parametrize("ion", ["EI", "[M+H]+", "[M-H]-"])
def test_they_are_the_fragments_ions_in_order(ion: Ion) -> None:
    mol = Chem.MolFromSmiles("CC(=O)Nc1ccc(O)cc1")
    found = expected(mol, ion)
    shuffled = Chem.RenumberAtoms(mol, list(range(mol.GetNumAtoms()))[::-1])
    for other in (shuffled, Chem.AddHs(mol)):
        for values, same in zip(expected(other, ion), found, strict=True):
            assert np.sort(values) == pytest.approx(np.sort(same), rel=1e-5, abs=1e-4)
    assert (np.diff(found.mz) >= 0).all()
    pieces = fragments(mol)
    mz, log = uncorrected(mol, pieces, ion)
    corrected = breaking.correction(mol, pieces, ion)
    for energy in (0.0, 0.7):
        weight = np.exp(log + corrected[:, 0] + energy * corrected[:, 1])
        assert found.weight(energy).sum() == pytest.approx(weight.sum(), rel=1e-4)
    usable = np.isfinite(log)
    whole = np.broadcast_to(pieces.bonds[:, None] == 0, usable.shape)
    assert np.sort(mz[usable]) == pytest.approx(found.mz)
    assert found.mz[found.whole] == pytest.approx(np.sort(mz[usable & whole]))


def test_rules_of_electron_ionisation_are_those_of_its_ions() -> None:
    mol = Chem.MolFromSmiles("CC(=O)Nc1ccc(O)cc1")
    pieces = fragments(mol)
    mz, log = uncorrected(mol, pieces, "EI")
    listed = ions(pieces, "EI")
    usable = np.isfinite(log)
    assert usable.sum() == len(listed.mz)
    order = np.lexsort((np.exp(log[usable]), mz[usable]))
    same = np.lexsort((listed.weight, listed.mz))
    assert mz[usable][order] == pytest.approx(listed.mz[same])
    assert np.exp(log[usable][order]) == pytest.approx(listed.weight[same])


def test_they_are_made_once_and_a_smiles_never(monkeypatch: pytest.MonkeyPatch) -> None:
    mol = Chem.MolFromSmiles("CC(=O)Oc1ccccc1C(=O)O")
    for name in ("MolToSmiles", "MolFromSmiles"):
        monkeypatch.delattr(Chem, name)
    found = expected(mol, "[M+H]+")
    monkeypatch.delattr(Chem, "RemoveHs")
    assert expected(Chem.Mol(mol), "[M+H]+") is found
    with pytest.raises(AttributeError):
        expected(mol, "EI")
