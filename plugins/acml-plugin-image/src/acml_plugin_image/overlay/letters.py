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

LINE, APART, OVER, CENTRED = 0.6, 1.0, 0.3, 0.2
"""A legend's letters lie on one line to this share of their height, have smaller gaps than that, and
reach over the lowest ink of the drawing by no more than this share of it; the legend lies below the
middle of the drawing to this share of the drawing's width."""

SHORT, HIGH, LIKE = 8, 0.25, 2.2
"""Letters of a legend, at most; its height in all of the picture's, at most; and the height of the
largest in the smallest one's, at most."""

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


def legend(boxes: np.ndarray, filled: np.ndarray) -> np.ndarray:
    """Which pieces are a compound's number, a line of letters below the middle of all else.

    Args:
        boxes, filled: of ``pieces``.

    Returns:
        (p,) bool.
    """
    none = np.zeros(len(boxes), dtype=bool)
    if len(boxes) < 2:
        return none
    left, top, _, bottom = boxes.T
    tall = bottom - top
    lowest = int(bottom.argmax())
    line = np.abs((top + bottom - top[lowest] - bottom[lowest]) / 2) < LINE * tall[lowest]
    line &= (tall < LIKE * tall[lowest]) & (filled > FILLED)
    order = np.flatnonzero(line)[np.argsort(left[line])]
    if not 0 < len(order) <= min(SHORT, len(boxes) - 1):
        return none
    height = tall[order].max()
    own, rest = boxes[order], boxes[~line]
    begin, end = rest[:, 0].min(), rest[:, 2].max()
    aside = abs((own[:, 0].min() + own[:, 2].max() - begin - end) / 2)
    fits = (
        line[lowest]
        and height < HIGH * (bottom.max() - top.min())
        and height < LIKE * tall[order].min()
        and (own[1:, 0] - own[:-1, 2]).max(initial=0.0) < APART * height
        and rest[:, 3].max() < own[:, 1].min() + OVER * height
        and aside < CENTRED * (end - begin)
    )
    return line if fits else none


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
