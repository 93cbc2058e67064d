"""GFN2-xTB spectra: frequencies near experiment, and honest refusals."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from acml_plugin_ir.simulate import AXIS_CM1, simulate, vibrations
from rdkit import Chem

from acml_core.errors import BadInput, Unsupported


def test_without_tblite_it_says_how_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tblite", None)
    monkeypatch.setitem(sys.modules, "tblite.interface", None)
    with pytest.raises(Unsupported, match=r"acml-plugin-ir\[simulate\]"):
        simulate(Chem.MolFromSmiles("CC(C)=O"), "tblite")


def test_acetone():
    """The C=O stretch is the strongest band; the gas shows it at 1731 cm-1."""
    pytest.importorskip("tblite")
    mol = Chem.MolFromSmiles("CC(C)=O")
    frequency, intensity = vibrations(mol, "tblite")
    assert len(frequency) <= 3 * 10 - 6
    assert frequency[np.argmax(intensity)] == pytest.approx(1731, abs=50)
    signal = simulate(mol, "tblite")
    assert signal.state == "gas"
    assert (signal.wavenumber[0], signal.wavenumber[-1]) == AXIS_CM1[:2]
    assert max(signal.absorbance) == 1.0
    assert simulate(mol, "tblite") == signal


def test_a_linear_molecule_has_3n_minus_5_vibrations():
    """HCN at 712 (twice), 2097 and 3311 cm-1 (Shimanouchi, Tables of Molecular Vibrational
    Frequencies, 1972)."""
    pytest.importorskip("tblite")
    frequency, _ = vibrations(Chem.MolFromSmiles("C#N"), "tblite")
    assert len(frequency) == 4
    np.testing.assert_allclose(frequency, [712, 712, 2097, 3311], rtol=0.08)


@pytest.mark.parametrize("smiles", ["CC.O", "[CH3]", "[He]"])
def test_refused(smiles):
    pytest.importorskip("tblite")
    with pytest.raises(BadInput, match="no infrared spectrum can be simulated"):
        simulate(Chem.MolFromSmiles(smiles), "tblite")
