"""Try every turn of a layout, coarsely: the first step of laying it on the ink.

Places are complex numbers, x + iy [px]: a turn with a change of size is then a factor.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from acml_plugin_image.overlay.ground import Ground
from acml_plugin_image.overlay.layouts import Layout
from acml_plugin_image.overlay.strokes import squared, strokes

ANGLES, WIDE, MOST = 90, 10.0, 4
"""Turns that are tried, each plain and mirrored; more of them where the drawing's radius is longer than
``WIDE`` [bond lengths], up to ``MOST`` times as many: a step must not carry its rim past the ink."""

SIZES = (0.87, 1.0, 1.15)
"""Sizes that are tried, relative to the one at which the spread of the strokes is that of the ink."""

OVERSIZE = 1.2
"""Largest size that is tried, relative to the one at which the extent of the layout is that of the ink:
part of the drawing may be missing."""

POINTS = 48
"""Of a layout's strokes, at most, that are compared with the ink."""

STARTS, NEARLY = 14, 0.3
"""Best of the turns, unless they cost so much more than the best, that are tried at other places and
sizes too: large letters at the rim move the ink's middle and extent away from those of the strokes."""

SHIFTS = (-0.5, 0.0, 0.5)
"""To either side and up and down [bond lengths]."""

SCALES = (0.74, 0.86, 1.0, 1.16)
"""Of the size."""

APART = 2
"""Turns that are refined differ by more than this many steps."""

KEPT = 7
"""Best of the turns that are refined."""

DEARER = 0.12
"""A turn that costs so much more than the best is not refined."""

REACH, FARTHEST = 0.5, 30.0
"""Distance beyond which ink is as good as none [bond lengths], and at most [px]."""

RIM = 0.35
"""How far letters at the rim stand out [bond lengths]."""


def promising(layout: Layout, ground: Ground) -> tuple[np.ndarray, float]:
    """The turns at which a layout's strokes come nearest to ink.

    Size and place follow from the extents of ink and layout, or from their centres and spreads.

    Returns:
        (M, n) complex64, places of the atoms [px], M at most twice ``KEPT``; and the cost of the best,
        0 to 1: mean distance of its strokes from ink, in units of ``REACH``.
    """
    drawn = strokes(layout, layout.at[None]).ravel() if len(layout.bonds) else layout.at
    chosen = np.linspace(0, len(drawn) - 1, min(POINTS, len(drawn))).round().astype(int)
    radius = float(np.abs(layout.at - layout.at.mean()).max())
    angles = ANGLES * min(max(math.ceil(radius / WIDE), 1), MOST)
    points, at = _turned(drawn[chosen], angles), _turned(layout.at, angles)
    ink = ground.points
    first = at.real.min(axis=1) + 1j * at.imag.min(axis=1)
    last = at.real.max(axis=1) + 1j * at.imag.max(axis=1)
    low, high = ink.real.min() + 1j * ink.imag.min(), ink.real.max() + 1j * ink.imag.max()
    extent = np.abs(high - low) / np.abs(last - first + RIM * (1 + 1j))
    centre = _turned(drawn.mean(keepdims=True), angles)[:, 0]
    spread = np.sqrt(squared(drawn - drawn.mean()).mean())
    own = np.sqrt(squared(ink - ink.mean()).mean()) / max(float(spread), 1e-3)
    size = np.stack([extent, *(np.full(len(at), factor * own) for factor in SIZES)])
    size = np.minimum(size, OVERSIZE * extent)
    size = size.astype(np.float32)[..., None]  # (4, 2 angles, 1)
    shift = ink.mean() - size * centre[:, None]
    shift[0] = ((low + high) / 2 - extent * (first + last) / 2)[:, None]
    shift = shift.astype(np.complex64)
    away = ground.away(points * size + shift) / _reach(size)
    cost = np.minimum(away, 1).mean(axis=2).ravel()  # 4 * 2 angles
    every = np.tile(np.arange(len(at)), len(size))
    starts = _distinct(cost, every, angles, STARTS, NEARLY)
    row, turn = np.divmod(starts, len(at))
    size, shift = size[row, turn], shift[row, turn]
    new_size, new_shift, finer = _shifted(points[turn], size, shift, ground)
    kept = _distinct(cost[starts], turn, angles, KEPT, DEARER)
    moved = _distinct(finer, turn, angles, KEPT, DEARER)
    stays = ((new_size == size) & (new_shift == shift))[:, 0]
    moved = moved[~(stays[moved] & np.isin(moved, kept))]  # what is kept anyway is refined once
    found = [at[turn[kept]] * size[kept] + shift[kept]]
    found.append(at[turn[moved]] * new_size[moved] + new_shift[moved])
    return np.concatenate(found), float(finer.min())


def _shifted(
    points: np.ndarray, size: np.ndarray, shift: np.ndarray, ground: Ground
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Better sizes and places for given turns.

    Args:
        points: (M, p) places of the strokes in each turn.
        size, shift: (M, 1), by which they come onto the picture.

    Returns:
        (M, 1) size and shift of least cost, and (M,) the costs.
    """
    steps = np.array([complex(x, y) for x in SHIFTS for y in SHIFTS], dtype=np.complex64)
    middle = points.mean(axis=1, keepdims=True)
    scale = np.repeat(np.array(SCALES, dtype=np.float32), len(steps))
    sizes = size * scale  # (M, tried)
    shifts = shift + middle * (size - sizes) + np.tile(steps, len(SCALES)) * size
    away = ground.away(points[:, None] * sizes[..., None] + shifts[..., None])
    cost = np.minimum(away / _reach(sizes[..., None]), 1).mean(axis=2)
    row, best = np.arange(len(points)), cost.argmin(axis=1)
    return (
        sizes[row, best, None].astype(np.float32),
        shifts[row, best, None].astype(np.complex64),
        cost[row, best],
    )


def _reach(size: np.ndarray) -> np.ndarray:
    """Distance beyond which ink is as good as none, where bonds are so long, of any shape [px]."""
    return np.minimum(REACH * size, FARTHEST)


def _turned(places: np.ndarray, angles: int) -> np.ndarray:
    """Places (n,) under every turn, plain and mirrored: (2 angles, n)."""
    factor = _factors(angles)
    return np.concatenate([factor * places, factor * places.conj()])


@cache
def _factors(angles: int) -> np.ndarray:
    return np.exp(1j * np.arange(angles) * (2 * np.pi / angles)).astype(np.complex64)[:, None]


def _distinct(
    cost: np.ndarray, turn: np.ndarray, angles: int, most: int, dearer: float
) -> np.ndarray:
    """The cheapest of turns that differ clearly.

    Args:
        cost, turn: (M,) of each, and its number, those of mirrored layouts after those of plain ones.
        angles: how many there are of either.
        most: that are kept.
        dearer: than the cheapest one, at most.
    """
    kept: list[int] = []
    order = np.argsort(cost, kind="stable").tolist()
    for i in order:
        if cost[i] > cost[order[0]] + dearer:
            break
        side, step = divmod(int(turn[i]), angles)
        near = False
        for j in kept:
            other, place = divmod(int(turn[j]), angles)
            gap = (step - place) % angles
            near |= side == other and min(gap, angles - gap) <= APART
        if not near:
            kept.append(i)
        if len(kept) == most:
            break
    return np.array(kept)
