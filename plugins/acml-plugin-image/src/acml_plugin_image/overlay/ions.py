"""Lone ions, water and metals: letters without bonds, which may stand anywhere on the paper.

Each goes where the letters say what it is: places of letters are read, and the ions are shared out over
them so that they agree best (an assignment problem). Two atoms with a bond go where two labels say so,
with ink between them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from scipy.optimize import linear_sum_assignment

from acml_plugin_image.overlay.align import stroke_ink
from acml_plugin_image.overlay.ground import Ground
from acml_plugin_image.overlay.labels import agreement
from acml_plugin_image.overlay.layouts import Layout
from acml_plugin_image.overlay.letters import letters
from acml_plugin_image.overlay.looks import label_looks
from acml_plugin_image.overlay.said import TURNED, UNREAD

Found = TypeVar("Found")
Pairs = tuple[np.ndarray, np.ndarray]

CLEAR = 0.3
"""Letters whose middle is nearer than this to what is laid already belong to it [bond lengths]."""

SHARED, TAKEN = 0.4, -20.0
"""Places nearer than this are the same letters [bond lengths]; what the worse one counts then: a second
ion is put there only where no other place is left."""

BOND, BARE = (0.5, 2.0), -6.0
"""Length of a bond between two atoms' letters, from and to [bond lengths]; log probability
that no ink is there."""

CONFIDENT = -0.7
"""Mean log probability of labels above which the page stands upright."""

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

    def share_out(seen: np.ndarray) -> tuple[Pairs, float]:
        value = np.maximum(agreement(seen[None], np.asarray(labels)[:, None]), UNREAD)
        chosen = _shared_out(value, places, unit)
        return chosen, float(value[chosen].sum())

    (ion, place), _ = _upright(share_out, len(labels), places, unit, ground)
    at[ion] = places[place]
    return at


def pair(layout: Layout, unit: float, taken: np.ndarray, ground: Ground) -> np.ndarray | None:
    """Where the letters of two atoms, and the ink between them, say that these stand.

    Args:
        layout: of two atoms, both with letters.
        unit, taken: as in ``placed``.

    Returns:
        (2,) complex64 [px]; None where no two letters are a bond's length apart, or none agree.
    """
    places = _free(unit, taken, ground)[:MOST_PLACES]
    apart = np.abs(places[:, None] - places) / unit
    first, second = np.nonzero((apart > BOND[0]) & (apart < BOND[1]))
    if not len(first):
        return None
    ends = np.stack([places[first], places[second]], axis=1)
    inked = stroke_ink(layout, ends, unit, ground)[:, 0]

    def lay(seen: np.ndarray) -> tuple[np.ndarray, float]:
        one, other = (
            np.maximum(agreement(seen, np.broadcast_to(label, (len(places), 3))), UNREAD)
            for label in layout.label
        )
        total = one[first] + other[second] + BARE * (1 - inked)
        best = int(total.argmax())
        return ends[best], float(total[best])

    found, most = _upright(lay, 2, places, unit, ground)
    return found if most > UNREAD else None


def _upright(
    solve: Callable[[np.ndarray], tuple[Found, float]],
    labels: int,
    places: np.ndarray,
    unit: float,
    ground: Ground,
) -> tuple[Found, float]:
    """What agrees best, with how well, of the ways in which the page may lie.

    Args:
        solve: from what labels at ``places`` say to what is found, and its log probability.
        labels: how many have to agree.
    """
    best: tuple[Found, float] | None = None
    for quarter in range(4):
        found, value = solve(label_looks(ground, places, np.full(len(places), unit), quarter))
        value += TURNED if quarter else 0.0
        if best is None or value > best[1]:
            best = found, value
        if best[1] > CONFIDENT * labels:
            break
    assert best is not None
    return best


def _shared_out(value: np.ndarray, places: np.ndarray, unit: float) -> Pairs:
    """Numbers of ions and their places: ``value`` (ions, places) is most, none share letters."""
    value = value.copy()
    for _ in range(MOST_PLACES):
        ion, place = linear_sum_assignment(-value)
        near = np.abs(places[place][:, None] - places[place]) < SHARED * unit
        first, second = np.nonzero(np.triu(near, 1))
        if not len(first):
            break
        own = value[ion, place]
        worse = place[np.where(own[first] < own[second], first, second)]
        if (value[:, worse] == TAKEN).all():  # no other place is left
            break
        value[:, worse] = TAKEN
    return ion, place


def _free(unit: float, taken: np.ndarray, ground: Ground) -> np.ndarray:
    """(p,) complex64, middles of letters that nothing is laid on [px]."""
    places = letters(ground.boxes, unit)
    if not len(taken):
        return places
    return places[np.abs(places[:, None] - taken).min(axis=1) > CLEAR * unit]
