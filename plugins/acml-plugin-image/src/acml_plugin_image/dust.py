"""What lies on a page beside its ink: single pixels, stripes of a screen or a scanner, dust.

Each step leaves a clean drawing as it is. None was fitted; that they help was seen on drawings of
validation molecules (docs/explanation/results.md).
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import (
    distance_transform_edt,
    gaussian_filter,
    label,
    maximum_filter,
    minimum_filter,
)

AROUND = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], dtype=bool)

FAINT = 0.12
"""Pieces are counted of what has more ink than this [of full ink]."""

GRAIN = 10
"""A piece of fewer pixels may be dust."""

FEW = 25
"""So many grains may be dashes and dots of a drawing; more are dust."""

LARGER, MANY = 20, 150
"""Where more pieces than ``MANY`` have fewer pixels than ``LARGER``, all of these are grains: streaks
of dust on a shaken picture."""

APART, ALONE = 8.0, 25.0
"""Grains nearer than this to a larger piece stay, where there are many and where there are few: dashes
inside a ring do [px]."""

RIM, AS_DARK = 0.08, 0.5
"""A stripe goes on to the rims of the picture, of this share of its width to either side: there its
difference is at least so much of its median."""

CHANGED, DOTTED = 25, 0.02
"""A picture is made of dots (a fax, a halftone) where more than this share of its pixels stand out by
so much from all their neighbours [grey levels]."""

SMEARED = 0.8
"""Such a picture is smeared by a normal distribution of this sd [px]: its lines are dots, too."""


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


def is_dotted(pixels: np.ndarray, without: np.ndarray) -> bool:
    """Whether a picture is made of dots: a fax, a halftone.

    Args:
        pixels: (H, W) or (H, W, C) uint8.
        without: the same ``without_single_pixels``.
    """
    change = np.maximum(pixels, without) - np.minimum(pixels, without)
    changed = change.reshape(*pixels.shape[:2], -1) > CHANGED
    return bool(changed.any(axis=2).mean() > DOTTED)


def smeared(pixels: np.ndarray) -> np.ndarray:
    """A picture whose dots run into each other, (H, W) or (H, W, C) uint8."""
    found = gaussian_filter(pixels.astype(np.float32), SMEARED, axes=(0, 1))
    return found.round().astype(np.uint8)


def without_stripes(off: np.ndarray) -> np.ndarray:
    """Differences to the paper less the median of their row, and then of their column.

    A row or column that is mostly ink, as where a straight chain lies level, stays as it is.

    Args:
        off: (H, W) [grey levels].
    """
    for axis in (1, 0):
        rows = np.moveaxis(off, axis, 1)
        rim = max(1, round(RIM * rows.shape[1]))
        middle = np.median(rows, axis=1)
        rims = np.median(np.concatenate([rows[:, :rim], rows[:, -rim:]], axis=1), axis=1)
        goes_on = rims * np.sign(middle) >= AS_DARK * np.abs(middle)
        off = off - np.expand_dims(np.where(goes_on, middle, 0.0).astype(off.dtype), axis)
    return np.asarray(off)


def pieces(inked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ink that hangs together, corners too.

    Args:
        inked: (H, W) bool.

    Returns:
        (H, W) number of each pixel's piece, 0 for none; and (n + 1,) pixels of each, 0 of no piece.
    """
    numbers, count = label(inked, structure=np.ones((3, 3)))
    size = np.bincount(numbers.ravel(), minlength=count + 1)
    size[0] = 0
    return numbers, size


def without_dust(ink: np.ndarray, *, dotted: bool = False) -> np.ndarray:
    """Ink without small grains that lie apart from what is larger.

    Args:
        ink: (H, W), 0 to 1.
        dotted: of a picture made of dots, whose lines are small pieces, too.
    """
    inked = ink > FAINT
    numbers, size = pieces(inked)
    streaks = not dotted and (size[1:] < LARGER).sum() > MANY
    grain = size < (LARGER if streaks else GRAIN)
    grain[0] = False  # no piece, but the paper
    if not grain.any() or grain[1:].all():
        return ink
    of_grain = grain[numbers]
    apart = distance_transform_edt(~inked | of_grain) > (APART if grain.sum() > FEW else ALONE)
    return np.where(apart & (of_grain | ~inked), 0.0, ink).astype(ink.dtype)
