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
    shuffled = Chem.RenumberAtoms(mol, list(range(mol.GetNumAtoms()))[::-1])
    found = expected(shuffled, ion)
    assert expected(mol, ion) is found, "remembered, however the atoms are numbered"
    assert (np.diff(found.mz) >= 0).all()
    pieces = fragments(mol)
    listed = ions(pieces, ion) if ion == "EI" else cleavage.ions(mol, pieces, ion)
    assert np.sort(listed.mz) == pytest.approx(found.mz)
    assert found.weight.sum() == pytest.approx(listed.weight.sum(), rel=1e-5)
    assert found.mz[found.whole] == pytest.approx(
        np.sort(listed.mz[pieces.bonds[listed.fragment] == 0])
    )
