"""Letters in a picture: pieces of ink, and the length of a bond that goes with their size."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import find_objects, label

CAPITAL = 0.41
"""Height of a capital letter [bond lengths]."""

SMALLEST, LARGEST = 0.15, 1.3
"""Height or width of a letter, at least; of letters that touch, at most [bond lengths]."""

NEXT = 0.35
"""Letters of one label have a gap of at most this between them [bond lengths]."""

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


def middles(boxes: np.ndarray) -> np.ndarray:
    """(p,) complex, of pieces of ink (p, 4) [px]."""
    return (boxes[:, 0] + boxes[:, 2] - 1) / 2 + 1j * (boxes[:, 1] + boxes[:, 3] - 1) / 2


def letters(boxes: np.ndarray, unit: float) -> np.ndarray:
    """Where labels may stand: middles of pieces of a letter's size, and of two next to each other.

    Args:
        boxes: (p, 4), of ``pieces``.
        unit: length of a bond [px].

    Returns:
        (m,) complex64 [px], the larger pieces first.
    """
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    size = np.maximum(width, height) / unit
    kept = (size >= SMALLEST) & (np.minimum(width, height) <= LARGEST * unit)
    boxes = boxes[kept][np.argsort(-size[kept], kind="stable")]
    middle = middles(boxes)
    gap_x = boxes[None, :, 0] - boxes[:, None, 2]
    gap_y = boxes[None, :, 1] - boxes[:, None, 3]
    apart = np.maximum(np.maximum(gap_x, gap_x.T), np.maximum(gap_y, gap_y.T))
    first, second = np.nonzero(np.triu(apart < NEXT * unit, 1))
    both = (middle[first] + middle[second]) / 2
    return np.concatenate([middle, both]).astype(np.complex64)
