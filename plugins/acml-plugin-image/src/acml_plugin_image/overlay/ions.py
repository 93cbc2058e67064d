"""Lone ions, water and metals: letters without bonds, which may stand anywhere on the paper.

Each goes where the letters say what it is: places of letters are read, and the ions are shared out over
them so that they agree best (an assignment problem).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from acml_plugin_image.overlay.ground import Ground
from acml_plugin_image.overlay.labels import agreement
from acml_plugin_image.overlay.looks import label_looks
from acml_plugin_image.overlay.said import CONFIDENT, TURNED, UNREAD

SMALLEST, LARGEST = 0.15, 1.3
"""Height or width of a letter, at least; of letters that touch, at most [bond lengths]."""

NEXT = 0.35
"""Letters of one label have a gap of at most this between them [bond lengths]."""

CLEAR = 0.3
"""Letters whose middle is nearer than this to what is laid already belong to it [bond lengths]."""

MOST_PLACES = 120
"""That are read."""


def placed(labels: np.ndarray, unit: float, taken: np.ndarray, ground: Ground) -> np.ndarray:
    """Where lone ions stand.

    Args:
        labels: (m, 3) int, what their letters say.
        unit: length of a bond [px].
        taken: (t,) complex, points of what is laid already [px].

    Returns:
        (m,) complex64 [px]; the middle of the picture's ink for one that no letters are left for.
    """
    at = np.full(len(labels), ground.points.mean(), dtype=np.complex64)
    places = letters(unit, taken, ground)[:MOST_PLACES]
    if not len(places):
        return at
    found, most = None, -np.inf
    for quarter in range(4):
        seen = label_looks(ground, places, np.full(len(places), unit), quarter)
        value = np.maximum(agreement(seen[None], np.asarray(labels)[:, None]), UNREAD)
        pair = linear_sum_assignment(-value)
        total = float(value[pair].sum()) + (TURNED if quarter else 0.0)
        if total > most:
            found, most = pair, total
        if total > CONFIDENT * len(labels):
            break
    assert found is not None
    at[found[0]] = places[found[1]]
    return at


def letters(unit: float, taken: np.ndarray, ground: Ground) -> np.ndarray:
    """(p,) complex64, middles of letters that are free, and of two next to each other [px]."""
    boxes = ground.boxes
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    size = np.maximum(width, height) / unit
    middle = (boxes[:, 0] + boxes[:, 2] - 1) / 2 + 1j * (boxes[:, 1] + boxes[:, 3] - 1) / 2
    kept = (size >= SMALLEST) & (np.minimum(width, height) <= LARGEST * unit)
    if len(taken):
        kept &= np.abs(middle[:, None] - taken).min(axis=1) > CLEAR * unit
    boxes, middle, size = boxes[kept], middle[kept], size[kept]
    order = np.argsort(-size, kind="stable")
    boxes, middle = boxes[order], middle[order]
    gap_x = boxes[None, :, 0] - boxes[:, None, 2]
    gap_y = boxes[None, :, 1] - boxes[:, None, 3]
    apart = np.maximum(np.maximum(gap_x, gap_x.T), np.maximum(gap_y, gap_y.T))
    first, second = np.nonzero(np.triu(apart < NEXT * unit, 1))
    both = (middle[first] + middle[second]) / 2
    return np.concatenate([middle, both]).astype(np.complex64)
