"""Salts and solvates: their components lie anywhere on the paper, so each is laid by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from acml_plugin_image.overlay.align import Laid, judged, refined, rigid_ways
from acml_plugin_image.overlay.evidence import weighed
from acml_plugin_image.overlay.ground import Ground
from acml_plugin_image.overlay.ions import pair, placed
from acml_plugin_image.overlay.layouts import Layout
from acml_plugin_image.overlay.strokes import strokes
from acml_plugin_image.overlay.turns import promising

MAX_COMPONENTS = 6
"""Where more of them have bonds, they are laid as one."""

FREE = 0.5
"""Ink that is explained less than this is free for the components that follow."""

LARGEST_REGIONS = 5
"""Regions of ink, of either reach, that a component is tried on: those with most free points."""

MOST_REGIONS = 3
"""Regions of ink that a component fits best, on which it is laid with more care."""

FEWEST_POINTS = 6
"""Of free ink, for a component with bonds."""


def _starts(layout: Layout, free: Ground, whole: Ground) -> np.ndarray:
    """(M, n) places of a component's atoms: on all free ink, or on a part of it that hangs together."""
    found = [promising(layout, free)]
    seen = {free.points.tobytes()}
    for numbers in whole.regions:
        region = whole.among(numbers, free.points)
        count = np.bincount(region)
        for number in np.argsort(-count, kind="stable")[:LARGEST_REGIONS]:
            points = free.points[region == number]
            if len(points) >= FEWEST_POINTS and points.tobytes() not in seen:
                seen.add(points.tobytes())
                found.append(promising(layout, replace(free, points=points)))
    found.sort(key=lambda pair: pair[1])
    return np.concatenate([starts for starts, _ in found[:MOST_REGIONS]])


def _best(
    layout: Layout, free: Ground, whole: Ground, read: int, unit: float, taken: np.ndarray
) -> Laid:
    """Of the ways that fit about equally well, the one whose letters and bonds agree best."""
    if layout.count == 2 and layout.labelled.all():
        at = pair(layout, unit, taken, whole)
        if at is not None:
            return judged(layout, at, free)
    ways = rigid_ways(layout, _starts(layout, free, whole), free)[:read]
    best = ways[int(np.argmax(weighed(ways, free)))] if len(ways) > 1 else ways[0]
    return refined(best, free)


def on_letters(layout: Layout, ground: Ground) -> Laid:
    """All atoms where letters say that they stand: two atoms' bond tells neither turn nor size."""
    none = np.zeros(0, dtype=np.complex64)
    return judged(layout, placed(layout.label, ground.lone_unit, none, ground), ground)


def align_pieces(layout: Layout, ground: Ground, ways: int = 1) -> Laid:
    """The largest component where it fits best, the others on the ink that is left.

    What has no bonds is laid last: its letters say where (``ions``).

    Args:
        ways: of each component, that are read, where several fit about equally well.
    """
    bonded = [part for part in layout.components if len(part) > 1]
    at = np.empty(layout.count, dtype=np.complex64)
    unit, free, taken = ground.lone_unit, ground.points, np.zeros(0, dtype=np.complex64)
    for part in bonded:
        if part is not bonded[0] and len(free) < FEWEST_POINTS:
            at[part] = ground.points.mean() + unit * layout.at[part]
            continue
        laid = _best(layout.part(part), replace(ground, points=free), ground, ways, unit, taken)
        at[part], free = laid.at, free[laid.explained < FREE]
        unit = laid.unit if part is bonded[0] else unit
        drawn = strokes(laid.layout, laid.at[None]).ravel()
        taken = np.concatenate([taken, laid.at, drawn])
    lone = np.array([part[0] for part in layout.components if len(part) == 1], dtype=int)
    if len(lone):
        at[lone] = placed(layout.label[lone], unit, taken, ground)
    return refined(judged(layout, at, ground), ground)
