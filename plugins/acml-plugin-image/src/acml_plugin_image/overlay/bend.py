"""What a rigid layout misses: substituents drawn on the other side, and small distortions."""

from __future__ import annotations

import numpy as np

from acml_plugin_image.overlay.align import SOFT, Laid, judged, judged_each, refined, stroke_ink
from acml_plugin_image.overlay.ground import Ground
from acml_plugin_image.overlay.strokes import feet, strokes

FLIPS = 8
"""Substituents that may be turned over or exchanged, one after the other."""

GAIN = 0.4
"""Bonds that must come onto ink by it."""

PERFECT = 0.97
"""Nothing is turned over where all bonds have ink to this share."""

STIFF, HELD = 4.0, 0.3
"""Cost of the squared difference of neighbours' shifts, and of a shift itself [points of ink]."""

BENDS = 2
"""Rounds in which atoms are moved one by one."""

TINY = 1e-6
"""Against division by nothing."""

POINTS = 4.0
"""Points of ink that count for each bond, so that pictures of any size are bent alike."""


def bent(laid: Laid, ground: Ground) -> Laid:
    """The layout with substituents turned over or exchanged and atoms shifted, as ink asks for it."""
    if not len(laid.layout.bonds):
        return laid
    laid = _turned_over(refined(laid, ground), ground)
    shifted = judged(laid.layout, _shifted(laid, ground), ground)
    return shifted if shifted.quality > laid.quality else laid


def other_sides(laid: Laid, ground: Ground) -> list[Laid]:
    """The layout with one substituent turned over, or two exchanged, where as much of it lies on ink.

    A ring that hangs on one bond has its strokes on ink either way: its letters tell which it is.
    """
    layout = laid.layout
    if not layout.sides and not layout.swaps:
        return []
    tried = _otherwise(laid)
    inked = stroke_ink(layout, tried, laid.unit, ground).sum(axis=1)
    return judged_each(layout, tried[inked > laid.inked.sum() - GAIN], ground)


def _otherwise(laid: Laid) -> np.ndarray:
    """(m, n) places of the atoms [px] with one substituent turned over, or two exchanged, in each."""
    return np.concatenate([_each_turned_over(laid), _each_swapped(laid)])


def _each_turned_over(laid: Laid) -> np.ndarray:
    """(sides, n) places of the atoms [px] with one substituent turned over in each."""
    sides = laid.layout.sides
    tried = np.repeat(laid.at[None], len(sides), axis=0)
    for row, (a, b, moving) in zip(tried, sides, strict=True):
        axis = row[b] - row[a]
        if abs(axis) > 0:
            row[moving] = row[a] + axis / axis.conj() * (row[moving] - row[a]).conj()
    return tried


def _each_swapped(laid: Laid) -> np.ndarray:
    """(swaps, n) places of the atoms [px] with two substituents in each other's place in each."""
    swaps = laid.layout.swaps
    tried = np.repeat(laid.at[None], len(swaps), axis=0)
    for row, (centre, (first, second), moving) in zip(tried, swaps, strict=True):
        middle = laid.at[centre]
        there = (laid.at[second] - middle) / (laid.at[first] - middle + TINY)
        turn = there / (abs(there) + TINY)
        row[moving[0]] = middle + turn * (laid.at[moving[0]] - middle)
        row[moving[1]] = middle + turn.conjugate() * (laid.at[moving[1]] - middle)
    return tried


def _turned_over(laid: Laid, ground: Ground) -> Laid:
    layout = laid.layout
    if laid.inked.mean() > PERFECT or not (layout.sides or layout.swaps):
        return laid
    for _ in range(FLIPS):
        tried = _otherwise(laid)
        inked = stroke_ink(layout, tried, laid.unit, ground).sum(axis=1)
        best = int(inked.argmax())
        if inked[best] < laid.inked.sum() + GAIN:
            break
        other = refined(judged(layout, tried[best], ground), ground)
        if other.quality <= laid.quality:
            break
        laid = other
    return laid


def _shifted(laid: Laid, ground: Ground) -> np.ndarray:
    """Places of the atoms (n,) after each was drawn to the ink, and held by its neighbours."""
    layout, at = laid.layout, laid.at
    a, b = layout.bonds.T
    n = layout.count
    stiff = np.zeros((n, n))
    np.add.at(stiff, (a, a), 1.0)
    np.add.at(stiff, (b, b), 1.0)
    np.add.at(stiff, (a, b), -1.0)
    np.add.at(stiff, (b, a), -1.0)
    for _ in range(BENDS):
        stroke = strokes(layout, at[None])[0]  # (b, STEPS)
        bond, foot = feet(layout, at[None], ground.points)
        ends = np.concatenate([np.repeat(np.arange(len(a)), stroke.shape[1]), bond[0]])
        come = np.concatenate([stroke.ravel(), foot[0]])
        go = np.concatenate([ground.towards(stroke.ravel()), ground.points])
        gap = go - come
        step = at[b[ends]] - at[a[ends]]
        t = ((come - at[a[ends]]) * step.conj()).real / np.maximum(np.abs(step) ** 2, 1e-6)
        weight = 1 / (1 + (np.abs(gap) / (SOFT * laid.unit)) ** 2) ** 2
        weight[stroke.size :] *= POINTS * len(a) / len(ground.points)
        share = np.zeros((len(come), n))
        row = np.arange(len(come))
        share[row, a[ends]] = 1 - t
        share[row, b[ends]] = t
        weighed = share * weight[:, None]
        left = weighed.T @ share + STIFF * stiff + HELD * np.eye(n)
        at = (at + np.linalg.solve(left, weighed.T @ gap)).astype(np.complex64)
    return at
