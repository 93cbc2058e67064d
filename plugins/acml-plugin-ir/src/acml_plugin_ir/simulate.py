"""The infrared spectrum of one molecule in the gas phase, computed with GFN2-xTB.

Geometry, Hessian and dipole derivatives come from tblite (optional extra ``[simulate]``; LGPL).
Method: Bannwarth, Ehlert, Grimme, J. Chem. Theory Comput. 2019, 15, 1652, doi:10.1021/acs.jctc.8b01176.
The harmonic oscillator and the double-harmonic intensities are those of Wilson, Decius and Cross,
"Molecular Vibrations" (1955).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from rdkit import Chem
from rdkit.Chem import AllChem

from acml_core.errors import BadInput, Unsupported
from acml_plugin_ir.signal import IrSignal

METHOD = "GFN2-xTB"
SCALE = 0.96
"""Harmonic frequencies are multiplied by this, for the anharmonicity of real vibrations."""

FWHM_CM1 = 16.0
"""Full width at half maximum [cm-1] of a band: the unresolved rotation of a gas-phase molecule."""

AXIS_CM1 = (552.0, 3840.0, 4.0)
"""First and last point and step [cm-1] of a simulated spectrum."""

LOWEST_CM1 = 50.0
"""Softer modes [cm-1] are hindered rotations, for which the harmonic picture is wrong."""

STEP_BOHR = 0.005
"""Displacement [bohr] of the finite differences."""

GRADIENT = 2e-4
"""Largest gradient component [hartree/bohr] of an optimised geometry."""

MAX_STEPS = 400
LINEAR = 0.01
"""A molecule whose atoms are off one line by less than this, of its length, rotates in two ways."""

MAX_ATOMS = 80
"""Atoms, hydrogens included, of the largest molecule: the cost grows with about the cube."""

SEED = 20231110
"""Seed of the conformer embedding: the same molecule gives the same spectrum."""

BOHR_PER_ANGSTROM = 1.8897261246
ELECTRON_MASSES_PER_DALTON = 1822.888486
CM1_PER_HARTREE = 219474.6313
KM_PER_MOL = 974.8801
"""Intensity [km/mol] of a dipole derivative of 1 e / sqrt(dalton)."""

INSTALL = 'pip install "acml-plugin-ir[simulate]"'


def simulate(mol: Chem.Mol) -> IrSignal:
    """The gas-phase spectrum of ``mol``: Lorentzian bands on ``AXIS_CM1``, highest point 1.

    One conformer, no overtones, no hydrogen bonds between molecules.

    Raises:
        Unsupported: tblite is not installed.
        BadInput: several components, a radical, a single atom, too large, or no geometry.
    """
    frequency, intensity = vibrations(mol)
    start, stop, step = AXIS_CM1
    axis = np.arange(start, stop + step / 2, step)
    half = FWHM_CM1 / 2
    bands = half**2 / ((axis[:, None] - frequency[None, :]) ** 2 + half**2)
    curve = bands @ intensity
    if not curve.max(initial=0.0) > 0:
        raise _problem(mol, "no vibration of it absorbs infrared light in this range")
    curve = curve / curve.max()
    return IrSignal(
        origin=f"tblite {METHOD}",
        wavenumber=tuple(axis.tolist()),
        absorbance=tuple(np.round(curve, 4).tolist()),
        state="gas",
    )


def vibrations(mol: Chem.Mol) -> tuple[np.ndarray, np.ndarray]:
    """Scaled harmonic frequencies [cm-1], rising, and intensities [km/mol], each ``(M,)``.

    Raises:
        as ``simulate``.
    """
    calculator = _calculator()
    full = _embedded(mol)
    numbers = np.array([atom.GetAtomicNum() for atom in full.GetAtoms()])
    masses = np.array([Chem.GetPeriodicTable().GetAtomicWeight(int(z)) for z in numbers])
    positions = full.GetConformer().GetPositions() * BOHR_PER_ANGSTROM
    charge = float(Chem.GetFormalCharge(full))
    try:
        engine = calculator(METHOD, numbers, positions, charge)
        engine.set("verbosity", 0)
        evaluate = _evaluator(engine)
        positions = _optimised(evaluate, positions)
        hessian, dipoles = _derivatives(evaluate, positions)
    except (RuntimeError, ValueError) as error:  # what tblite raises, e.g. without convergence
        raise _problem(mol, f"{METHOD} fails ({' '.join(str(error).split())[:80]})") from None
    return _normal_modes(hessian, dipoles, positions, masses)


Evaluate = Callable[[np.ndarray], tuple[float, np.ndarray, np.ndarray]]
"""Positions (N, 3) [bohr] to energy [hartree], gradient (N, 3) [hartree/bohr], dipole (3,) [e bohr]."""


def _calculator() -> Any:
    try:
        from tblite.interface import Calculator
    except ImportError:
        raise Unsupported(
            "simulating infrared spectra needs tblite, which is not installed",
            remedy=f"Run: {INSTALL}",
        ) from None
    return Calculator


def _embedded(mol: Chem.Mol) -> Chem.Mol:
    full = Chem.AddHs(Chem.RemoveHs(mol))
    if len(Chem.GetMolFrags(full)) > 1:
        raise _problem(mol, "it has several components")
    if any(atom.GetNumRadicalElectrons() for atom in full.GetAtoms()):
        raise _problem(mol, "it is a radical")
    if not 2 <= full.GetNumAtoms() <= MAX_ATOMS:
        raise _problem(mol, f"it has {full.GetNumAtoms()} atoms (2 to {MAX_ATOMS} are taken)")
    if AllChem.EmbedMolecule(full, randomSeed=SEED) != 0:  # type: ignore[attr-defined]
        raise _problem(mol, "RDKit finds no 3D geometry for it")
    if AllChem.MMFFHasAllMoleculeParams(full):  # type: ignore[attr-defined]
        AllChem.MMFFOptimizeMolecule(full, maxIters=500)  # type: ignore[attr-defined]
    return full


def _evaluator(engine: Any) -> Evaluate:
    last: list[Any] = [None]  # the converged density of the last geometry starts the next

    def evaluate(positions: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        engine.update(positions)
        last[0] = engine.singlepoint(last[0])
        result = last[0]
        return (
            float(result.get("energy")),
            np.array(result.get("gradient")),
            np.array(result.get("dipole")),
        )

    return evaluate


def _optimised(evaluate: Evaluate, positions: np.ndarray) -> np.ndarray:
    from scipy.optimize import minimize

    def target(flat: np.ndarray) -> tuple[float, np.ndarray]:
        energy, gradient, _ = evaluate(flat.reshape(-1, 3))
        return energy, gradient.ravel()

    found = minimize(
        target,
        positions.ravel(),
        jac=True,
        method="BFGS",
        options={"gtol": GRADIENT, "maxiter": MAX_STEPS},
    )
    return found.x.reshape(-1, 3)


def _derivatives(evaluate: Evaluate, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hessian (3N, 3N) [hartree/bohr^2] and dipole derivatives (3N, 3) [e], central differences."""
    size = positions.size
    hessian, dipoles = np.zeros((size, size)), np.zeros((size, 3))
    for k in range(size):
        moved = positions.ravel().copy()
        moved[k] += STEP_BOHR
        _, gradient_up, dipole_up = evaluate(moved.reshape(-1, 3))
        moved[k] -= 2 * STEP_BOHR
        _, gradient_down, dipole_down = evaluate(moved.reshape(-1, 3))
        hessian[k] = (gradient_up - gradient_down).ravel() / (2 * STEP_BOHR)
        dipoles[k] = (dipole_up - dipole_down) / (2 * STEP_BOHR)
    return (hessian + hessian.T) / 2, dipoles


def _normal_modes(
    hessian: np.ndarray, dipoles: np.ndarray, positions: np.ndarray, masses: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    root = np.sqrt(np.repeat(masses, 3))
    weighted = hessian / np.outer(root, root)
    internal = _without_rigid_motion(positions, masses)
    values, vectors = np.linalg.eigh(internal.T @ weighted @ internal)
    modes = internal @ vectors  # mass-weighted, unit length
    wavenumber = (
        np.sign(values)
        * np.sqrt(np.abs(values) / ELECTRON_MASSES_PER_DALTON)
        * CM1_PER_HARTREE
        * SCALE
    )
    slope = (dipoles / root[:, None]).T @ modes  # (3, M) [e / sqrt(dalton)]
    keep = wavenumber > LOWEST_CM1
    return wavenumber[keep], KM_PER_MOL * (slope**2).sum(0)[keep]


def _without_rigid_motion(positions: np.ndarray, masses: np.ndarray) -> np.ndarray:
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


def _problem(mol: Chem.Mol, why: str) -> BadInput:
    return BadInput(
        f"no infrared spectrum can be simulated for {Chem.MolToSmiles(mol)[:80]!r}: {why}",
        remedy=f"Give one closed-shell molecule of at most {MAX_ATOMS} atoms.",
    )
