"""The infrared spectrum that one molecule would give in the gas phase, computed.

One conformer, harmonic, isolated: no overtones, no combination bands, no hydrogen bonds between
molecules. ``force_field`` takes milliseconds and needs nothing but RDKit; ``xtb`` needs tblite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from acml_core.errors import UnknownName, did_you_mean
from acml_plugin_ir.signal import IrSignal

if TYPE_CHECKING:
    from rdkit.Chem import Mol

Method = Literal["mmff", "tblite"]
METHODS: tuple[Method, ...] = get_args(Method)
"""Where the forces come from: the MMFF94 force field, or GFN2-xTB by tblite."""

ORIGIN = {"mmff": "RDKit MMFF94", "tblite": "tblite GFN2-xTB"}

FWHM_CM1 = 16.0
"""Full width at half maximum [cm-1] of a band: the unresolved rotation of a gas-phase molecule."""

AXIS_CM1 = (552.0, 3840.0, 4.0)
"""First and last point and step [cm-1] of a simulated spectrum."""

LEAST_LINE = 1e-3
"""Weaker lines than this, of the strongest, are left out of a signal."""


def simulate(mol: Mol, method: Method = "mmff") -> IrSignal:
    """The gas-phase spectrum of ``mol``: Lorentzian bands on ``AXIS_CM1``, highest point 1; its lines.

    Raises:
        Unsupported: tblite is asked for and not installed.
        BadInput: several components, a radical, a single atom, too large, no geometry, or unknown to
            the force field.
    """
    from acml_plugin_ir.harmonic import problem

    frequency, intensity = vibrations(mol, method)
    curve = spectrum(frequency, intensity, axis())
    if not curve.any():
        raise problem(mol, "no vibration of it absorbs infrared light in this range")
    keep = intensity >= LEAST_LINE * intensity.max()
    return IrSignal(
        origin=ORIGIN[method],
        wavenumber=tuple(axis().tolist()),
        absorbance=tuple(np.round(curve, 4).tolist()),
        lines=tuple(np.round(frequency[keep], 1).tolist()),
        intensities=tuple(np.round(intensity[keep], 3).tolist()),
        state="gas",
    )


def vibrations(mol: Mol, method: Method = "mmff") -> tuple[np.ndarray, np.ndarray]:
    """Frequencies [cm-1], rising, and intensities [km/mol], each ``(M,)``.

    Raises:
        UnknownName: no such method; else as ``simulate``.
    """
    from acml_plugin_ir import force_field, xtb

    if method not in METHODS:
        raise UnknownName(
            f"no simulation is called {method!r}", remedy=did_you_mean(method, METHODS)
        )
    return (force_field if method == "mmff" else xtb).vibrations(mol)


def axis() -> np.ndarray:
    """Points of a simulated spectrum [cm-1], (P,), rising."""
    start, stop, step = AXIS_CM1
    return np.arange(start, stop + step / 2, step)


def spectrum(frequency: np.ndarray, intensity: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Absorbance (P,) of lines at ``points`` [cm-1], highest point 1; or all 0."""
    half = FWHM_CM1 / 2
    bands = half**2 / ((points[:, None] - frequency[None, :]) ** 2 + half**2)
    curve = bands @ intensity
    highest = curve.max(initial=0.0)
    return curve / highest if highest > 0 else np.zeros_like(curve)
