"""Letters in a picture: pieces of ink, and the length of a bond that goes with their size."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import find_objects, label

CAPITAL = 0.41
"""Height of a capital letter [bond lengths]."""

SMALLEST, LARGEST = 0.15, 1.3
"""Height or width of a letter, at least; of letters that touch, at most [bond lengths]."""

TINY, SMALL = 0.06, 0.17
"""Narrower side of letters where all are small for their bonds, as some programs draw molecules of few
atoms [bond lengths]."""

FILLED, SLENDER = 0.18, 0.3
"""Share of its box that a letter inks, at least, which a slanting bond does not; and its narrower side
over the longer one, which is less of others."""

NEXT = 0.35
"""Letters of one label have a gap of at most this between them [bond lengths]."""

TALL = 0.8
"""Quantile of the heights of the pieces that is taken for a capital letter's."""


def pieces(inked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pieces of ink (S, S) bool that hang together.

    Returns:
        boxes, (p, 4) float, left, top, right, bottom [px], and (p,) float, the share of each that is
        inked.
    """
    found, count = label(inked, structure=np.ones((3, 3)))
    boxes = [(x.start, y.start, x.stop, y.stop) for y, x in find_objects(found)]
    box = np.array(boxes, dtype=float).reshape(-1, 4)
    size = np.bincount(found.ravel(), minlength=count + 1)[1:]
    return box, size / np.prod(box[:, 2:] - box[:, :2], axis=1)


def bond_length(boxes: np.ndarray) -> float:
    """Length of a bond that would go with letters as tall as these, (p, 4) [px]."""
    return max(float(np.quantile(boxes[:, 3] - boxes[:, 1], TALL)) / CAPITAL, 1.0)


def unit_of_letters(boxes: np.ndarray, filled: np.ndarray, unit: float) -> float:
    """Length of a bond that goes with the letters: ``unit``, or less where all are small for that.

    Args:
        boxes, filled: of ``pieces``.
        unit: length of a bond [px].
    """
    side = boxes[:, 2:] - boxes[:, :2]
    narrow, wide = side.min(axis=1), side.max(axis=1)
    solid = (filled > FILLED) & (narrow > SLENDER * wide) & (narrow < LARGEST * unit)
    small = solid & (narrow >= TINY * unit)
    largest = float(narrow[small].max(initial=0.0))
    return largest / CAPITAL if 0 < largest < SMALL * unit else unit


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
