"""Lone ions, water and metals: letters without bonds, which may stand anywhere on the paper.

Each goes where the letters say what it is: places of letters are read, and the ions are shared out over
them so that they agree best (an assignment problem).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from acml_plugin_image.overlay.ground import Ground
from acml_plugin_image.overlay.labels import agreement
from acml_plugin_image.overlay.letters import letters
from acml_plugin_image.overlay.looks import label_looks
from acml_plugin_image.overlay.said import CONFIDENT, TURNED, UNREAD

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
    places = _free(unit, taken, ground)[:MOST_PLACES]
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


def _free(unit: float, taken: np.ndarray, ground: Ground) -> np.ndarray:
    """(p,) complex64, middles of letters that nothing is laid on [px]."""
    places = letters(ground.boxes, unit)
    if not len(taken):
        return places
    return places[np.abs(places[:, None] - taken).min(axis=1) > CLEAR * unit]
