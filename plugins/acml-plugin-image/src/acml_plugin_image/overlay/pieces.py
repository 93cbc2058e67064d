"""Salts and solvates: their components lie anywhere on the paper, so each is laid by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from acml_plugin_image.overlay.align import LETTER, WORD, Laid, align, judged, refined
from acml_plugin_image.overlay.ground import Ground
from acml_plugin_image.overlay.layouts import Layout
from acml_plugin_image.overlay.strokes import LONE_UNIT

MAX_COMPONENTS = 6
"""More components than this are laid as one."""

FREE = 0.5
"""Ink that is explained less than this is free for the components that follow."""

FEWEST_POINTS = 6
"""Of free ink, for a component with bonds."""


def align_pieces(layout: Layout, ground: Ground) -> Laid:
    """The largest component where it fits best, the others on the ink that is left."""
    parts = layout.components
    main = align(layout.part(parts[0]), ground)
    unit = main.unit if len(main.layout.bonds) else LONE_UNIT
    at = np.empty(layout.count, dtype=np.complex64)
    if len(main.layout.bonds):
        at[parts[0]] = main.at
        free = ground.points[main.explained < FREE]
        rest = parts[1:]
    else:  # ions alone
        free, rest = ground.points, parts
    for part in rest:
        piece = layout.part(part)
        if len(piece.bonds) and len(free) >= FEWEST_POINTS:
            laid = align(piece, replace(ground, points=free))
            at[part], left = laid.at, laid.explained < FREE
        else:
            place = _densest(free, unit) if len(free) else ground.points.mean()
            at[part] = place + unit * (piece.at - piece.at.mean())
            left = _stretched(free - place, unit) > LETTER
        free = free[left]
    return refined(judged(layout, at, ground), ground)


def _densest(points: np.ndarray, unit: float) -> complex:
    """Middle of the letters that most of the points (N,) lie in."""
    inside = _stretched(points[:, None] - points, unit) < LETTER
    best = inside[int(inside.sum(axis=1).argmax())]
    return complex(points[best].mean())


def _stretched(gap: np.ndarray, unit: float) -> np.ndarray:
    """Distances from a label that is wider than high [bond lengths]."""
    return np.hypot(np.maximum(np.abs(gap.real) - WORD * unit, 0), gap.imag) / unit
