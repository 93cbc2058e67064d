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

STEP_BOHR = 0.002
"""Length [bohr] of a displacement of all atoms together in the finite differences."""

DENSITY = 0.05
"""tblite's "accuracy" (1 is its default, smaller is stricter) for finite differences: 8 % more time
than the default, and a hundredth of its noise at so small a step."""

GRADIENT = 2e-4
"""Largest gradient component [hartree/bohr] of an optimised geometry."""

MAX_STEPS = 400

FIELD_STEP_ANGSTROM = 1e-3
SOFTEST = 0.05
"""Least stiffness [hartree/bohr^2] of any motion that an optimisation starts with: force fields call
some motions too soft, and the first step would go astray."""

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

INSTALL = 'pip install "acml-plugin-ir[simulate]"'


def simulate(mol: Chem.Mol) -> IrSignal:
    """The gas-phase spectrum of ``mol``: Lorentzian bands on ``AXIS_CM1``, highest point 1.

    One conformer, no overtones, no hydrogen bonds between molecules.

    Raises:
        Unsupported: tblite is not installed.
        BadInput: several components, a radical, a single atom, too large, or no geometry.
    """
    curve = spectrum(*vibrations(mol))
    if not curve.any():
        raise _problem(mol, "no vibration of it absorbs infrared light in this range")
    return IrSignal(
        origin=f"tblite {METHOD}",
        wavenumber=tuple(axis().tolist()),
        absorbance=tuple(np.round(curve, 4).tolist()),
        state="gas",
    )


def axis() -> np.ndarray:
    """Points of a simulated spectrum [cm-1], (P,), rising."""
    start, stop, step = AXIS_CM1
    return np.arange(start, stop + step / 2, step)


def spectrum(frequency: np.ndarray, intensity: np.ndarray) -> np.ndarray:
    """Absorbance (P,) of what ``vibrations`` gives on ``axis``, highest point 1; or all 0."""
    half = FWHM_CM1 / 2
    bands = half**2 / ((axis()[:, None] - frequency[None, :]) ** 2 + half**2)
    curve = bands @ intensity
    highest = curve.max(initial=0.0)
    return curve / highest if highest > 0 else np.zeros_like(curve)


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
        positions = _optimised(_evaluator(engine), positions, _stiffness(full))
        engine.set("accuracy", DENSITY)
        basis = _without_rigid_motion(positions, masses)
        forces, slopes = _derivatives(_evaluator(engine), positions, masses, basis)
    except (RuntimeError, ValueError) as error:  # what tblite raises, e.g. without convergence
        raise _problem(mol, f"{METHOD} fails ({' '.join(str(error).split())[:80]})") from None
    return _normal_modes(forces, slopes)


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


def _stiffness(full: Chem.Mol) -> np.ndarray | None:
    """The force field's Hessian (3N, 3N) [hartree/bohr^2], positive definite; None without one."""
    if not AllChem.MMFFHasAllMoleculeParams(full):  # type: ignore[attr-defined]
        return None
    properties = AllChem.MMFFGetMoleculeProperties(full)  # type: ignore[attr-defined]
    field = AllChem.MMFFGetMoleculeForceField(full, properties)  # type: ignore[attr-defined]
    start = full.GetConformer().GetPositions().ravel()
    hessian = np.empty((start.size, start.size))
    for k in range(start.size):
        up, down = start.copy(), start.copy()
        up[k] += FIELD_STEP_ANGSTROM
        down[k] -= FIELD_STEP_ANGSTROM
        difference = np.subtract(field.CalcGrad(up.tolist()), field.CalcGrad(down.tolist()))
        hessian[k] = difference / (2 * FIELD_STEP_ANGSTROM)
    hessian *= HARTREE_PER_KCAL / BOHR_PER_ANGSTROM**2
    values, vectors = np.linalg.eigh((hessian + hessian.T) / 2)
    return (vectors * np.maximum(values, SOFTEST)) @ vectors.T


def _optimised(
    evaluate: Evaluate, positions: np.ndarray, stiffness: np.ndarray | None
) -> np.ndarray:
    """Positions (N, 3) [bohr] of the nearest minimum; ``stiffness`` says how far the first steps go."""
    from scipy.optimize import minimize

    def target(flat: np.ndarray) -> tuple[float, np.ndarray]:
        energy, gradient, _ = evaluate(flat.reshape(-1, 3))
        return energy, gradient.ravel()

    options: dict[str, Any] = {"gtol": GRADIENT, "maxiter": MAX_STEPS}
    if stiffness is not None:
        inverse = np.linalg.inv(stiffness)
        options["hess_inv0"] = (inverse + inverse.T) / 2
    found = minimize(target, positions.ravel(), jac=True, method="BFGS", options=options)
    return found.x.reshape(-1, 3)


def _derivatives(
    evaluate: Evaluate, positions: np.ndarray, masses: np.ndarray, basis: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Forces and dipoles along each column of ``basis`` (3N, M), mass-weighted motions.

    One displacement each: against central differences, at twice the price, frequencies move by
    0.6 cm-1 on average.

    Returns:
        The Hessian (M, M) [hartree/bohr^2/dalton] and dipole derivatives (M, 3) [e/sqrt(dalton)].
    """
    root = np.sqrt(np.repeat(masses, 3))
    _, gradient, dipole = evaluate(positions)
    forces, slopes = [], []
    for motion in (basis / root[:, None]).T:
        step = STEP_BOHR / np.linalg.norm(motion)
        _, moved, moved_dipole = evaluate(positions + step * motion.reshape(-1, 3))
        forces.append(basis.T @ ((moved - gradient).ravel() / root) / step)
        slopes.append((moved_dipole - dipole) / step)
    hessian = np.array(forces)
    return (hessian + hessian.T) / 2, np.array(slopes)


def _normal_modes(forces: np.ndarray, slopes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, modes = np.linalg.eigh(forces)
    wavenumber = (
        np.sign(values)
        * np.sqrt(np.abs(values) / ELECTRON_MASSES_PER_DALTON)
        * CM1_PER_HARTREE
        * SCALE
    )
    keep = wavenumber > LOWEST_CM1
    return wavenumber[keep], KM_PER_MOL * ((slopes.T @ modes) ** 2).sum(0)[keep]


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
