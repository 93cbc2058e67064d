"""Letters in a picture: pieces of ink, and the length of a bond that goes with their size."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import find_objects, label

CAPITAL = 0.41
"""Height of a capital letter [bond lengths]."""

TALL = 0.8
"""Quantile of the heights of the pieces that is taken for a capital letter's."""


def pieces(inked: np.ndarray) -> np.ndarray:
    """(p, 4) float, left, top, right, bottom of pieces of ink (S, S) bool that hang together [px]."""
    found, _ = label(inked, structure=np.ones((3, 3)))
    boxes = [(x.start, y.start, x.stop, y.stop) for y, x in find_objects(found)]
    return np.array(boxes, dtype=float).reshape(-1, 4)


def bond_length(boxes: np.ndarray) -> float:
    """Length of a bond that would go with letters as tall as these, (p, 4) [px]."""
    return max(float(np.quantile(boxes[:, 3] - boxes[:, 1], TALL)) / CAPITAL, 1.0)
