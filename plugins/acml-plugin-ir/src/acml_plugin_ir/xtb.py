"""Vibrations of one molecule in the gas phase, computed with GFN2-xTB: tenths of a second and more.

Geometry, Hessian and dipole derivatives come from tblite (optional extra ``[simulate]``; LGPL).
Method: Bannwarth, Ehlert, Grimme, J. Chem. Theory Comput. 2019, 15, 1652, doi:10.1021/acs.jctc.8b01176.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from rdkit import Chem

from acml_core.errors import Unsupported
from acml_plugin_ir import force_field
from acml_plugin_ir.harmonic import (
    BOHR_PER_ANGSTROM,
    embedded,
    masses_of,
    normal_modes,
    problem,
    without_rigid_motion,
)

METHOD = "GFN2-xTB"
SCALE = 0.96
"""Harmonic frequencies are multiplied by this, for the anharmonicity of real vibrations."""

STEP_BOHR = 0.002
"""Length [bohr] of a displacement of all atoms together in the finite differences."""

DENSITY = 0.05
"""tblite's "accuracy" (1 is its default, smaller is stricter) for finite differences: 8 % more time
than the default, and a hundredth of its noise at so small a step."""

GRADIENT = 2e-4
"""Largest gradient component [hartree/bohr] of an optimised geometry."""

MAX_STEPS = 400

SOFTEST = 0.05
"""Least stiffness [hartree/bohr^2] of any motion that an optimisation starts with: force fields call
some motions too soft, and the first step would go astray."""

INSTALL = 'pip install "acml-plugin-ir[simulate]"'

Evaluate = Callable[[np.ndarray], tuple[float, np.ndarray, np.ndarray]]
"""Positions (N, 3) [bohr] to energy [hartree], gradient (N, 3) [hartree/bohr], dipole (3,) [e bohr]."""


class Response(NamedTuple):
    """How a molecule's energy and dipole answer to motion.

    Attributes:
        full: the molecule with its hydrogens.
        positions: of the minimum, (N, 3) [bohr].
        basis: (3N, M) mass-weighted motions without shifts and rotations.
        forces: Hessian along them, (M, M) [hartree/bohr^2/dalton].
        slopes: dipole derivatives along them, (M, 3) [e/sqrt(dalton)].
    """

    full: Chem.Mol
    positions: np.ndarray
    basis: np.ndarray
    forces: np.ndarray
    slopes: np.ndarray


def vibrations(mol: Chem.Mol) -> tuple[np.ndarray, np.ndarray]:
    """Scaled harmonic frequencies [cm-1], rising, and intensities [km/mol], each ``(M,)``.

    Raises:
        Unsupported: tblite is not installed.
        BadInput: several components, a radical, a single atom, too large, or no geometry.
    """
    found = response(mol)
    return normal_modes(found.forces, found.slopes, SCALE)


def response(mol: Chem.Mol) -> Response:
    """Second derivatives at the minimum that is nearest to the force field's.

    Raises:
        as ``vibrations``.
    """
    calculator = _calculator()
    full = embedded(mol)
    stiffness = _stiffness(full)
    numbers = np.array([atom.GetAtomicNum() for atom in full.GetAtoms()])
    masses = masses_of(full)
    positions = full.GetConformer().GetPositions() * BOHR_PER_ANGSTROM
    charge = float(Chem.GetFormalCharge(full))
    try:
        engine = calculator(METHOD, numbers, positions, charge)
        engine.set("verbosity", 0)
        positions = _optimised(_evaluator(engine), positions, stiffness)
        engine.set("accuracy", DENSITY)
        basis = without_rigid_motion(positions, masses)
        forces, slopes = _derivatives(_evaluator(engine), positions, masses, basis)
    except (RuntimeError, ValueError) as error:  # what tblite raises, e.g. without convergence
        raise problem(mol, f"{METHOD} fails ({' '.join(str(error).split())[:80]})") from None
    return Response(full, positions, basis, forces, slopes)


def _stiffness(full: Chem.Mol) -> np.ndarray | None:
    """The force field's Hessian (3N, 3N) [hartree/bohr^2], positive definite; None without one.

    Moves the conformer of ``full`` to the force field's minimum.
    """
    types = force_field.typed(full)
    if types is None:
        return None
    force_field.relaxed(full, types)
    values, vectors = np.linalg.eigh(force_field.hessian(full, types))
    return (vectors * np.maximum(values, SOFTEST)) @ vectors.T


def _calculator() -> Any:
    try:
        from tblite.interface import Calculator
    except ImportError:
        raise Unsupported(
            "simulating infrared spectra needs tblite, which is not installed",
            remedy=f"Run: {INSTALL}",
        ) from None
    return Calculator


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
