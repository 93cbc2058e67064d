"""The harmonic oscillator: what every simulation of infrared spectra needs, whatever gives its forces.

A molecule with one geometry, motion without its shifts and rotations, and from a Hessian and dipole
derivatives to frequencies and double-harmonic intensities (Wilson, Decius and Cross, "Molecular
Vibrations", 1955).
"""

from __future__ import annotations

import numpy as np
from rdkit import Chem
from rdkit.Chem import AllChem

from acml_core.errors import BadInput

LOWEST_CM1 = 50.0
"""Softer modes [cm-1] are hindered rotations, for which the harmonic picture is wrong."""

LINEAR = 0.01
"""A molecule whose atoms are off one line by less than this, of its length, rotates in two ways."""

MAX_ATOMS = 80
"""Atoms, hydrogens included, of the largest molecule: the cost grows with about the cube."""

SEED = 20231110
"""Seed of the conformer embedding: the same molecule gives the same spectrum."""

BOHR_PER_ANGSTROM = 1.8897261246
ELECTRON_MASSES_PER_DALTON = 1822.888486
HARTREE_PER_KCAL = 1 / 627.5095
CM1_PER_HARTREE = 219474.6313
KM_PER_MOL = 974.8801
"""Intensity [km/mol] of a dipole derivative of 1 e / sqrt(dalton)."""


def embedded(mol: Chem.Mol) -> Chem.Mol:
    """``mol`` with hydrogens and one conformer.

    Raises:
        BadInput: several components, a radical, a single atom, too large, or no geometry.
    """
    full = Chem.AddHs(Chem.RemoveHs(mol))
    if len(Chem.GetMolFrags(full)) > 1:
        raise problem(mol, "it has several components")
    if any(atom.GetNumRadicalElectrons() for atom in full.GetAtoms()):
        raise problem(mol, "it is a radical")
    if not 2 <= full.GetNumAtoms() <= MAX_ATOMS:
        raise problem(mol, f"it has {full.GetNumAtoms()} atoms (2 to {MAX_ATOMS} are taken)")
    if AllChem.EmbedMolecule(full, randomSeed=SEED) != 0:  # type: ignore[attr-defined]
        raise problem(mol, "RDKit finds no 3D geometry for it")
    return full


def masses_of(full: Chem.Mol) -> np.ndarray:
    """Standard atomic weights (N,) [dalton]; isotopes are not told apart."""
    table = Chem.GetPeriodicTable()
    return np.array([table.GetAtomicWeight(atom.GetAtomicNum()) for atom in full.GetAtoms()])


def without_rigid_motion(positions: np.ndarray, masses: np.ndarray) -> np.ndarray:
    """Orthonormal basis (3N, 3N - 6 or 5) of mass-weighted motion that is no shift or rotation."""
    centred = positions - (masses[:, None] * positions).sum(0) / masses.sum()
    root = np.sqrt(masses)[:, None]
    rigid = []
    for axis in np.eye(3):
        rigid.append((root * axis).ravel())
        rigid.append((root * np.cross(axis, centred)).ravel())
    left, sizes, _ = np.linalg.svd(np.array(rigid).T, full_matrices=True)
    rank = int((sizes > LINEAR * sizes[0]).sum())  # a linear molecule has two rotations
    return left[:, rank:]


def normal_modes(
    forces: np.ndarray, slopes: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies [cm-1] times ``scale``, rising, and intensities [km/mol], of modes not too soft.

    Args:
        forces: Hessian (M, M) in mass-weighted motions [hartree/bohr^2/dalton].
        slopes: dipole derivatives (M, 3) along them [e/sqrt(dalton)].
    """
    values, modes = np.linalg.eigh(forces)
    wavenumber = (
        np.sign(values)
        * np.sqrt(np.abs(values) / ELECTRON_MASSES_PER_DALTON)
        * CM1_PER_HARTREE
        * scale
    )
    keep = wavenumber > LOWEST_CM1
    return wavenumber[keep], KM_PER_MOL * ((slopes.T @ modes) ** 2).sum(0)[keep]


def problem(mol: Chem.Mol, why: str) -> BadInput:
    """The error of a molecule that has no simulated spectrum."""
    return BadInput(
        f"no infrared spectrum can be simulated for {Chem.MolToSmiles(mol)[:80]!r}: {why}",
        remedy=f"Give one closed-shell molecule of at most {MAX_ATOMS} atoms.",
    )
