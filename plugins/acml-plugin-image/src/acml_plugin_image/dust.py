"""What lies on a page beside its ink: single pixels, stripes of a screen or a scanner, dust.

Each step leaves a clean drawing as it is. None was fitted; that they help was seen on drawings of
validation molecules (docs/explanation/results.md).
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import distance_transform_edt, label, maximum_filter, minimum_filter

AROUND = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], dtype=bool)

FAINT = 0.12
"""Pieces are counted of what has more ink than this [of full ink]."""

GRAIN = 10
"""A piece of fewer pixels may be dust."""

FEW = 25
"""So many grains may be dashes and dots of a drawing; more are dust."""

APART, ALONE = 8.0, 25.0
"""Grains nearer than this to a larger piece stay, where there are many and where there are few: dashes
inside a ring do [px]."""


def without_single_pixels(pixels: np.ndarray) -> np.ndarray:
    """Each value no lower and no higher than all its eight neighbours: salt and pepper vanish.

    A line of one pixel's width stays, since its pixels have one another.

    Args:
        pixels: (H, W) or (H, W, C), of any type.
    """
    around = AROUND if pixels.ndim == 2 else AROUND[..., None]
    low = minimum_filter(pixels, footprint=around, mode="nearest")
    high = maximum_filter(pixels, footprint=around, mode="nearest")
    return np.clip(pixels, low, high)


def without_stripes(off: np.ndarray) -> np.ndarray:
    """Differences to the paper less the median of their row, and then of their column.

    Args:
        off: (H, W) [grey levels].
    """
    off = off - np.median(off, axis=1, keepdims=True)
    return np.asarray(off - np.median(off, axis=0, keepdims=True))


def without_dust(ink: np.ndarray) -> np.ndarray:
    """Ink without small grains that lie apart from what is larger.

    Args:
        ink: (H, W), 0 to 1.
    """
    inked = ink > FAINT
    pieces, count = label(inked, structure=np.ones((3, 3)))
    grain = np.bincount(pieces.ravel(), minlength=count + 1) < GRAIN
    grain[0] = False
    if not grain.any() or grain[1:].all():
        return ink
    of_grain = grain[pieces]
    apart = distance_transform_edt(~inked | of_grain) > (APART if grain.sum() > FEW else ALONE)
    return np.where(apart & (of_grain | ~inked), 0.0, ink).astype(ink.dtype)
