"""A layout's bonds as strokes: points along them, and the stroke that is nearest to a place.

Places are complex numbers, x + iy [px].
"""

from __future__ import annotations

import numpy as np

from acml_plugin_image.overlay.ground import Ground
from acml_plugin_image.overlay.layouts import Layout

STEPS = 4
"""Points along each bond."""

TRIMMED = 0.28
"""Of a bond's length that a label covers [bond lengths]."""

_ALONG = np.linspace(0.08, 0.92, STEPS, dtype=np.float32)


def bond_lengths(layout: Layout, at: np.ndarray, ground: Ground) -> np.ndarray:
    """(M,) mean length of the bonds of atoms at ``at`` (M, n) [px]; without bonds from letters."""
    if not len(layout.bonds):
        return np.full(len(at), ground.lone_unit, dtype=np.float32)
    a, b = layout.bonds.T
    return np.maximum(np.abs(at[:, a] - at[:, b]).mean(axis=1), 1.0)


def strokes(layout: Layout, at: np.ndarray) -> np.ndarray:
    """(M, b, STEPS) points along the bonds of atoms at ``at`` (M, n), labels left free."""
    a, b = layout.bonds.T
    begin = np.where(layout.labelled[a], TRIMMED, 0.0).astype(np.float32)[:, None]
    end = np.where(layout.labelled[b], 1 - TRIMMED, 1.0).astype(np.float32)[:, None]
    t = begin + (end - begin) * _ALONG
    first = at[:, a, None]
    return first + (at[:, b, None] - first) * t


def feet(layout: Layout, at: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest bond of each point.

    Args:
        at: (M, n) complex64, places of the atoms, M times.
        points: (N,) complex64.

    Returns:
        (M, N) number of the bond, and (M, N) complex64 place on it.
    """
    a, b = layout.bonds.T
    begin = at[:, None, a]
    step = at[:, None, b] - begin  # (M, 1, b)
    gap = points[:, None] - begin  # (M, N, b)
    long = np.maximum(squared(step), 1e-6)
    t = np.clip((gap * step.conj()).real / long, 0, 1)
    bond = squared(gap - t * step).argmin(axis=2)
    row = np.arange(len(at))[:, None]
    share = t[row, np.arange(len(points)), bond]
    first = at[row, a[bond]]
    return bond, first + (at[row, b[bond]] - first) * share


def squared(z: np.ndarray) -> np.ndarray:
    """Squared absolute values."""
    return np.asarray(z.real * z.real + z.imag * z.imag)
