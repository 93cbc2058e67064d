"""Vibrations of one molecule in the gas phase, with RDKit's MMFF94 force field: milliseconds each.

Frequencies come from the force field's Hessian, the stretches of multiple bonds corrected by a few
stiffnesses; intensities from the bond dipoles of ``bond_dipoles``, since the force field's own fixed
charges leave C-H bonds without any. Both sets of numbers were fitted to GFN2-xTB
(``scripts/fit_force_field.py``), no number of them to a measured spectrum.

MMFF94: T. A. Halgren, J. Comput. Chem. 1996, 17, 490; vibrations: part III, ibid. 1996, 17, 553. In
RDKit: P. Tosco, N. Stiefl, G. Landrum, J. Cheminform. 2014, 6, 37, doi:10.1186/s13321-014-0037-3.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from rdkit import Chem
from rdkit.Chem import AllChem

from acml_plugin_ir.bond_dipoles import polar_tensors
from acml_plugin_ir.harmonic import (
    BOHR_PER_ANGSTROM,
    HARTREE_PER_KCAL,
    embedded,
    masses_of,
    normal_modes,
    problem,
    without_rigid_motion,
)

METHOD = "MMFF94"
SCALE = 1.0
"""Harmonic frequencies are multiplied by this: Halgren fitted the force constants to frequencies
that were already scaled to observed ones."""

STEP_ANGSTROM = 1e-3
"""Displacement in the central differences of the gradient."""

MAX_STEPS = 2000
FORCE = 1e-4
"""Convergence of the minimiser: RMS gradient [kcal/mol/angstrom]."""

PARAMETERS = Path(__file__).parent / "data" / "force_field.json"
"""``stretch``: added stiffness [hartree/bohr^2] by bond; ``dipole``: [e] by ``bond_dipoles``' keys."""


@cache
def parameters() -> dict[str, dict[str, float]]:
    """The fitted numbers."""
    import json

    return json.loads(PARAMETERS.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def vibrations(mol: Chem.Mol) -> tuple[np.ndarray, np.ndarray]:
    """Harmonic frequencies [cm-1], rising, and intensities [km/mol], each ``(M,)``.

    Raises:
        BadInput: several components, a radical, a single atom, too large, no geometry, or an atom
            that the force field does not know.
    """
    full = embedded(mol)
    types = typed(full)
    if types is None:
        raise problem(mol, f"{METHOD} has no type for one of its atoms")
    positions = relaxed(full, types)
    masses = masses_of(full)
    stiffness = hessian(full, types) + _correction(full, positions)
    tensors = polar_tensors(full, types, positions, parameters()["dipole"])
    root = np.sqrt(np.repeat(masses, 3))[:, None]
    basis = without_rigid_motion(positions, masses) / root
    return normal_modes(basis.T @ stiffness @ basis, basis.T @ tensors, SCALE)


def typed(full: Chem.Mol) -> Any:
    """The force field's types and charges of a molecule's atoms; None where one has no type."""
    return AllChem.MMFFGetMoleculeProperties(full)  # type: ignore[attr-defined]


def relaxed(full: Chem.Mol, types: Any) -> np.ndarray:
    """Moves the conformer of ``full`` to the nearest minimum. Positions (N, 3) [bohr]."""
    field = AllChem.MMFFGetMoleculeForceField(full, types)  # type: ignore[attr-defined]
    field.Initialize()
    field.Minimize(maxIts=MAX_STEPS, forceTol=FORCE)
    return full.GetConformer().GetPositions() * BOHR_PER_ANGSTROM


def hessian(full: Chem.Mol, types: Any) -> np.ndarray:
    """Second derivatives (3N, 3N) [hartree/bohr^2] at the conformer of ``full``."""
    field = AllChem.MMFFGetMoleculeForceField(full, types)  # type: ignore[attr-defined]
    at = full.GetConformer().GetPositions().ravel().tolist()
    rows = np.empty((len(at), len(at)))
    for k, here in enumerate(at):
        at[k] = here + STEP_ANGSTROM
        up = _gradient(field, at)
        at[k] = here - STEP_ANGSTROM
        rows[k] = np.subtract(up, _gradient(field, at))
        at[k] = here
    rows *= HARTREE_PER_KCAL / BOHR_PER_ANGSTROM**2 / (2 * STEP_ANGSTROM)
    return (rows + rows.T) / 2


def _gradient(field: Any, at: list[float]) -> Any:
    field.Initialize()  # else RDKit goes on with the distances of the positions before
    return field.CalcGrad(at)


def stretch_key(bond: Chem.Bond) -> str:
    """What a bond is called in the table of stiffnesses: its order and its elements, "DOUBLE C O"."""
    first, second = sorted((bond.GetBeginAtom().GetSymbol(), bond.GetEndAtom().GetSymbol()))
    return f"{bond.GetBondType()} {first} {second}"


def stretch(bond: Chem.Bond, positions: np.ndarray) -> np.ndarray:
    """Derivative (3N,) of a bond's length by the positions."""
    first, second = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
    along = positions[second] - positions[first]
    along /= np.linalg.norm(along)
    motion = np.zeros_like(positions)
    motion[first], motion[second] = -along, along
    return motion.ravel()


def _correction(full: Chem.Mol, positions: np.ndarray) -> np.ndarray:
    """What the fitted stiffnesses of stretches add to the Hessian."""
    added = parameters()["stretch"]
    total = np.zeros((positions.size, positions.size))
    for bond in full.GetBonds():
        stiffness = added.get(stretch_key(bond), 0.0)
        if stiffness:
            motion = stretch(bond, positions)
            total += stiffness * np.outer(motion, motion)
    return total
