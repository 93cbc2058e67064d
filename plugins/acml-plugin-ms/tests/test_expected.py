"""Ions expected of a molecule are those of its fragments, whoever asks first."""

from __future__ import annotations

import numpy as np
import pytest
from acml_plugin_ms import cleavage
from acml_plugin_ms.expected import expected
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
            assert np.sort(values) == pytest.approx(np.sort(same), rel=1e-5)
    assert (np.diff(found.mz) >= 0).all()
    pieces = fragments(mol)
    listed = ions(pieces, ion) if ion == "EI" else cleavage.ions(mol, pieces, ion)
    assert np.sort(listed.mz) == pytest.approx(found.mz)
    assert found.weight.sum() == pytest.approx(listed.weight.sum(), rel=1e-5)
    assert found.mz[found.whole] == pytest.approx(
        np.sort(listed.mz[pieces.bonds[listed.fragment] == 0])
    )


def test_they_are_made_once_and_a_smiles_never(monkeypatch: pytest.MonkeyPatch) -> None:
    mol = Chem.MolFromSmiles("CC(=O)Oc1ccccc1C(=O)O")
    for name in ("MolToSmiles", "MolFromSmiles"):
        monkeypatch.delattr(Chem, name)
    found = expected(mol, "[M+H]+")
    monkeypatch.delattr(Chem, "RemoveHs")
    assert expected(Chem.Mol(mol), "[M+H]+") is found
    with pytest.raises(AttributeError):
        expected(mol, "EI")
