"""Try every turn of a layout, coarsely: the first step of laying it on the ink.

Places are complex numbers, x + iy [px]: a turn with a change of size is then a factor.
"""

from __future__ import annotations

import numpy as np

from acml_plugin_image.overlay.ground import Ground
from acml_plugin_image.overlay.layouts import Layout
from acml_plugin_image.overlay.strokes import squared, strokes

ANGLES = 90
"""Turns that are tried, each plain and mirrored."""

SIZES = (0.87, 1.0, 1.15)
"""Sizes that are tried, relative to the one at which the spread of the strokes is that of the ink."""

POINTS = 48
"""Of a layout's strokes, at most, that are compared with the ink."""

APART = 2
"""Turns that are refined differ by more than this many steps."""

KEPT = 5
"""Best of the turns that are refined."""

DEARER = 0.12
"""A turn that costs so much more than the best is not refined."""

REACH = 0.5
"""Distance beyond which ink is as good as none [bond lengths]."""

RIM = 0.35
"""How far letters at the rim stand out [bond lengths]."""

_FACTOR = np.exp(1j * np.arange(ANGLES) * (2 * np.pi / ANGLES)).astype(np.complex64)[:, None]


def promising(layout: Layout, ground: Ground) -> tuple[np.ndarray, float]:
    """The turns at which a layout's strokes come nearest to ink.

    Size and place follow from the extents of ink and layout, or from their centres and spreads.

    Returns:
        (M, n) complex64, places of the atoms [px], M at most ``KEPT``; and the cost of the best, 0 to
        1: mean distance of its strokes from ink, in units of ``REACH``.
    """
    drawn = strokes(layout, layout.at[None]).ravel() if len(layout.bonds) else layout.at
    chosen = np.linspace(0, len(drawn) - 1, min(POINTS, len(drawn))).round().astype(int)
    points, at = _turned(drawn[chosen]), _turned(layout.at)
    ink = ground.points
    first = at.real.min(axis=1) + 1j * at.imag.min(axis=1)
    last = at.real.max(axis=1) + 1j * at.imag.max(axis=1)
    low, high = ink.real.min() + 1j * ink.imag.min(), ink.real.max() + 1j * ink.imag.max()
    extent = np.abs(high - low) / np.abs(last - first + RIM * (1 + 1j))
    centre = _turned(drawn.mean(keepdims=True))[:, 0]
    spread = np.sqrt(squared(drawn - drawn.mean()).mean())
    own = np.sqrt(squared(ink - ink.mean()).mean()) / max(float(spread), 1e-3)
    size = np.stack([extent, *(np.full(len(at), factor * own) for factor in SIZES)])
    size = size.astype(np.float32)[..., None]  # (4, 2 ANGLES, 1)
    shift = ink.mean() - size * centre[:, None]
    shift[0] = ((low + high) / 2 - extent * (first + last) / 2)[:, None]
    shift = shift.astype(np.complex64)
    away = ground.away(points * size + shift) / (REACH * size)
    cost = np.minimum(away, 1).mean(axis=2)  # (4, 2 ANGLES)
    kept = _distinct(cost.ravel())
    row, turn = np.divmod(kept, len(at))
    return at[turn] * size[row, turn] + shift[row, turn], float(cost.ravel()[kept[0]])


def _turned(places: np.ndarray) -> np.ndarray:
    """Places (n,) under every turn, plain and mirrored: (2 ANGLES, n)."""
    return np.concatenate([_FACTOR * places, _FACTOR * places.conj()])


def _distinct(cost: np.ndarray) -> np.ndarray:
    """The cheapest of turns, plain and mirrored and that for each size, that differ clearly."""
    kept: list[int] = []
    order = np.argsort(cost, kind="stable").tolist()
    for i in order:
        if cost[i] > cost[order[0]] + DEARER:
            break
        side, step = divmod(i % (2 * ANGLES), ANGLES)
        near = False
        for j in kept:
            other, place = divmod(j % (2 * ANGLES), ANGLES)
            gap = (step - place) % ANGLES
            near |= side == other and min(gap, ANGLES - gap) <= APART
        if not near:
            kept.append(i)
        if len(kept) == KEPT:
            break
    return np.array(kept)
