"""Force-field spectra: bands where textbooks have them, heights in their order, honest refusals."""

from __future__ import annotations

import numpy as np
import pytest
from acml_plugin_ir import force_field
from acml_plugin_ir.bond_dipoles import polar_tensors, terms
from acml_plugin_ir.harmonic import embedded
from acml_plugin_ir.modality import Ir, IrConfig
from acml_plugin_ir.simulate import AXIS_CM1, simulate, vibrations
from rdkit import Chem

from acml_core.config import parse
from acml_core.errors import BadInput, ConfigError, UnknownName

TOLERANCE, LEAST_CM1 = 0.035, 45.0
"""Error of a fundamental, relative and [cm-1], whichever is more: one force field for all molecules."""

FUNDAMENTALS = [
    # the strongest line between two wavenumbers [cm-1] of a molecule, and the observed fundamental of
    # the gas (Shimanouchi, Tables of Molecular Vibrational Frequencies I, NSRDS-NBS 39, 1972;
    # ethanol: Perchard and Josien, J. Chim. Phys. 1968, 65, 1834)
    ("CC(C)=O", 1600, 1900, 1731),
    ("CC(C)=O", 1150, 1300, 1216),
    ("CC=O", 1600, 1900, 1743),
    ("O=CO", 1600, 1900, 1770),
    ("CCO", 3400, 3900, 3676),
    ("CO", 3400, 3900, 3681),
    ("CO", 950, 1060, 1033),
    ("CC#N", 2100, 2400, 2267),
    ("C#C", 3150, 3400, 3289),
    ("c1ccccc1", 3000, 3200, 3063),
    ("c1ccccc1", 600, 800, 674),
    ("CN", 3300, 3600, 3427),
    ("CCl", 600, 800, 732),
    ("COC", 1120, 1220, 1179),
]


@pytest.mark.parametrize(("smiles", "low", "high", "observed"), FUNDAMENTALS)
def test_fundamentals(smiles: str, low: float, high: float, observed: float) -> None:
    frequency, intensity = force_field.vibrations(Chem.MolFromSmiles(smiles))
    inside = (frequency > low) & (frequency < high)
    place = frequency[inside][np.argmax(intensity[inside])]
    assert place == pytest.approx(observed, rel=TOLERANCE, abs=LEAST_CM1)


def test_a_linear_molecule_has_3n_minus_5_vibrations() -> None:
    frequency, intensity = force_field.vibrations(Chem.MolFromSmiles("C#C"))
    assert len(frequency) == 7
    silent = (frequency > 1800) & (frequency < 2200)  # the C-C stretch changes no dipole
    assert silent.sum() == 1
    assert intensity[silent].max() < 1e-6 * intensity.max()


def test_intensities_are_in_order() -> None:
    """Carbonyl beats C-H and nitrile beats alkyne by far; C-H stretches are there at all."""

    def strongest(smiles: str, low: float, high: float) -> float:
        frequency, intensity = force_field.vibrations(Chem.MolFromSmiles(smiles))
        return float(intensity[(frequency > low) & (frequency < high)].max())

    carbonyl = strongest("CCC(C)=O", 1650, 1850)
    hydrogen = strongest("CCC(C)=O", 2800, 3100)
    assert carbonyl > 3 * hydrogen
    assert hydrogen > 5  # km/mol
    assert strongest("CCC#N", 2100, 2400) > 5 * strongest("CCC#CC", 1900, 2400)
    assert strongest("CC(=O)OC", 1150, 1350) > strongest("CCCC", 1150, 1350)


def test_the_same_molecule_gives_the_same_spectrum() -> None:
    first, second = Chem.MolFromSmiles("CC(=O)Oc1ccccc1"), Chem.MolFromSmiles("CC(=O)Oc1ccccc1")
    assert simulate(first) == simulate(second)


def test_the_hessian_is_that_of_the_energy() -> None:
    """Against second differences of the energy; RDKit's gradient alone keeps old distances."""
    full = embedded(Chem.MolFromSmiles("CO"))
    types = force_field.typed(full)
    force_field.relaxed(full, types)
    found = force_field.hessian(full, types)
    unit = force_field.HARTREE_PER_KCAL / force_field.BOHR_PER_ANGSTROM**2
    start = full.GetConformer().GetPositions().ravel()
    step = 0.002

    def energy(i: int, a: float, j: int, b: float) -> float:
        field = force_field.AllChem.MMFFGetMoleculeForceField(full, types)
        field.Initialize()
        at = start.copy()
        at[i] += a * step
        at[j] += b * step
        return float(field.CalcEnergy(at.tolist()))

    for i, j in [(0, 0), (0, 3), (1, 4), (2, 8), (5, 5), (3, 16)]:
        corners = [a * b * energy(i, a, j, b) for a in (1, -1) for b in (1, -1)]
        expected = sum(corners) / (4 * step**2) * unit
        assert found[i, j] == pytest.approx(expected, abs=2e-4)


def test_a_shift_changes_no_dipole() -> None:
    full = embedded(Chem.MolFromSmiles("CC(=O)NC"))
    types = force_field.typed(full)
    positions = force_field.relaxed(full, types)
    tensors = polar_tensors(full, types, positions, force_field.parameters()["dipole"])
    np.testing.assert_allclose(tensors.reshape(-1, 3, 3).sum(0), 0, atol=1e-12)


def test_terms_are_derivatives() -> None:
    """A number's tensor is the derivative of what it says: charge that an opening angle moves."""
    full = embedded(Chem.MolFromSmiles("O"))
    types = force_field.typed(full)
    positions = force_field.relaxed(full, types)
    (key,) = {k for term in terms(full, types, positions) for k in term.keys if k[:4] == "bend"}
    tensors = polar_tensors(full, types, positions, {key: 1.0}).reshape(-1, 3, 3)
    legs = positions[1:] - positions[0]
    middle = legs.sum(0)

    def angle(at: np.ndarray) -> float:
        u, v = at[1] - at[0], at[2] - at[0]
        return float(np.arccos(u @ v / np.linalg.norm(u) / np.linalg.norm(v)))

    for atom in range(3):
        for axis in range(3):
            moved = positions.copy()
            moved[atom, axis] += 1e-5
            slope = (angle(moved) - angle(positions)) / 1e-5
            np.testing.assert_allclose(tensors[atom, axis], slope * middle, atol=1e-4)


@pytest.mark.parametrize("smiles", ["CC.O", "[CH3]", "[He]", "CB(O)O", "C[Se]C"])
def test_refused(smiles: str) -> None:
    with pytest.raises(BadInput, match="no infrared spectrum can be simulated"):
        vibrations(Chem.MolFromSmiles(smiles))


def test_an_unknown_method_is_named() -> None:
    with pytest.raises(UnknownName, match="mmff"):
        vibrations(Chem.MolFromSmiles("CCO"), "mmf")  # type: ignore[arg-type]
    with pytest.raises(ConfigError):
        parse(IrConfig, {"simulate_with": "mmf"})


def test_the_plugin_simulates_without_tblite(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "tblite", None)
    monkeypatch.setitem(sys.modules, "tblite.interface", None)
    signal = Ir().simulate(Chem.MolFromSmiles("CC(C)=O"))
    assert signal.state == "gas"
    assert (signal.wavenumber[0], signal.wavenumber[-1]) == AXIS_CM1[:2]
    assert max(signal.absorbance) == 1.0
    assert len(signal.lines) == len(signal.intensities) > 10
