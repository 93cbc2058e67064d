"""Move a layout onto the ink, and say how well it lies there.

Places are complex numbers, x + iy [px]: a turn with a change of size is then a factor, and an affine
map is ``a z + b conj(z) + c``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from acml_plugin_image.overlay.ground import Ground
from acml_plugin_image.overlay.layouts import Layout
from acml_plugin_image.overlay.strokes import bond_lengths, feet, squared, strokes

ROUNDS, AFFINE_ROUNDS = 6, 4
"""Refinements of each of them, and of what is kept."""

RIVAL = 0.08
"""A way whose quality is this much lower than the best is left."""

SAME = 0.3
"""Ways that place all atoms nearer than this are one [bond lengths]."""

EACH = 2
"""Of the ground's points one of so many counts in the refinements."""

WIDE, SOFT = 0.4, 0.15
"""Distance at which a pair of points has a quarter of its weight, at first and later [bond lengths]."""

NEAR = 0.16
"""Distance from a stroke at which ink no longer belongs to it [bond lengths]."""

NEAREST = 9.0
"""The same for bonds that are long on the paper [px]: a star of a few bonds would else be laid too
large, out to beyond its letters."""

BESIDE = 0.2
"""Of the second line of a double bond from the middle of the bond [bond lengths]."""

CIRCLE = 0.29
"""Of an aromatic ring's circle from the middles of its bonds [bond lengths]."""

FEW = 12
"""In drawings of at most so many atoms the ink of letters does not draw strokes towards it: it would
draw a star's bonds out beyond their labels. In larger ones it hardly counts."""

LETTER, WORD = 0.45, 0.35
"""Radius of a letter, and how far a label stretches to either side beyond it [bond lengths]."""


@dataclass(frozen=True)
class Laid:
    """A layout on the ink.

    Attributes:
        layout: what is laid.
        at: (n,) complex64, places of its atoms [px].
        unit: length of a bond [px].
        inked: (b,) float32, share of each bond that lies on ink, 0 to 1.
        explained: (N,) float32, how well each of the ground's points belongs to a bond or a label.
    """

    layout: Layout
    at: np.ndarray
    unit: float
    inked: np.ndarray
    explained: np.ndarray

    @cached_property
    def quality(self) -> float:
        """Share of strokes that have ink times share of ink that has strokes, 0 to 1."""
        inked = float(self.inked.mean()) if len(self.inked) else 1.0
        return inked * float(self.explained.mean())


def rigid_ways(layout: Layout, starts: np.ndarray, ground: Ground) -> list[Laid]:
    """Where a layout fits best, and other ways that fit about as well: only letters tell them apart.

    Args:
        starts: (M, n) places of its atoms [px], to be refined by a turn, a size and a shift.

    Returns:
        the best way first; each differs from the others.
    """
    at = _refined(layout, starts, ground, affine=False, rounds=ROUNDS)
    found = judged_each(layout, at, ground)
    found.sort(key=lambda laid: -laid.quality)
    kept: list[Laid] = []
    for laid in found:
        if laid.quality < found[0].quality - RIVAL:
            break
        if all(np.abs(laid.at - one.at).max() > SAME * one.unit for one in kept):
            kept.append(laid)
    return kept


def refined(laid: Laid, ground: Ground) -> Laid:
    """Moved by the affine map that fits better, if one does."""
    if not len(laid.layout.bonds):
        return laid
    finer = _refined(laid.layout, laid.at[None], ground, affine=True, rounds=AFFINE_ROUNDS)[0]
    again = judged(laid.layout, finer, ground)
    return again if again.quality > laid.quality else laid


def judged(layout: Layout, at: np.ndarray, ground: Ground) -> Laid:
    """How well a layout whose atoms are at ``at`` (n,) [px] fits."""
    return judged_each(layout, at[None], ground)[0]


def judged_each(layout: Layout, at: np.ndarray, ground: Ground) -> list[Laid]:
    """As ``judged``, of atoms at ``at`` (M, n)."""
    unit = bond_lengths(layout, at, ground)
    inked = stroke_ink(layout, at, unit, ground)
    explained = _explained(layout, at, unit, ground)
    parts = zip(at, unit, inked, explained, strict=True)
    return [Laid(layout, one, float(length), ink, own) for one, length, ink, own in parts]


def stroke_ink(
    layout: Layout, at: np.ndarray, unit: float | np.ndarray, ground: Ground
) -> np.ndarray:
    """Share of each bond on ink, (M, b), of atoms at ``at`` (M, n) [px]; ``unit`` () or (M,)."""
    unit = np.reshape(unit, (-1, 1, 1))
    double = np.where(layout.order > 1, BESIDE / 2, 0.0)[:, None]  # two lines, none in the middle
    near = NEAR * ground.counted_in(unit)
    away = ground.away(strokes(layout, at)) / np.minimum(near, NEAREST + double * unit)
    return np.asarray(np.clip(1.5 - away, 0, 1).mean(axis=2), dtype=np.float32)


def _explained(layout: Layout, at: np.ndarray, unit: np.ndarray, ground: Ground) -> np.ndarray:
    """(M, N) how well each of the ground's points belongs to a bond or a label."""
    found = np.zeros((len(at), len(ground.points)), dtype=np.float32)
    length = unit[:, None]
    near = np.minimum(NEAR * ground.counted_in(length), NEAREST) / length
    half = ground.line / 2 / length
    if len(layout.bonds):
        bond, foot = feet(layout, at, ground.points)
        away = np.abs(ground.points - foot) / length - half
        beside = np.where(layout.order > 1, BESIDE, 0.0)
        beside = np.where(layout.aromatic, CIRCLE, beside)[bond]
        found = np.clip(1.5 - (away - beside) / near, 0, 1).astype(np.float32)
    if layout.lettered.any():
        away = from_labels(layout, at, ground.points, length)
        found = np.maximum(found, np.clip((LETTER + half - away) / near + 1, 0, 1))
    return found


def from_labels(
    layout: Layout, at: np.ndarray, points: np.ndarray, length: np.ndarray
) -> np.ndarray:
    """(M, N) distance of points (N,) from the middle of the nearest label [bond lengths].

    Args:
        at: (M, n), of the atoms, with bonds of ``length`` (M, 1) [px].
    """
    gap = (points[:, None] - at[:, None, layout.lettered]) / length[..., None]
    x, y = np.maximum(np.abs(gap.real) - WORD, 0), gap.imag
    return np.asarray(np.sqrt((x * x + y * y).min(axis=2)))


def _refined(
    layout: Layout, at: np.ndarray, ground: Ground, *, affine: bool, rounds: int
) -> np.ndarray:
    """Atoms (M, n) moved so that strokes come onto ink, and ink under strokes."""
    if not len(layout.bonds):
        return at
    points = ground.points[::EACH]
    for step in range(rounds):
        unit = bond_lengths(layout, at, ground)[:, None]
        stroke = strokes(layout, at).reshape(len(at), -1)
        _, foot = feet(layout, at, points)
        come = np.concatenate([stroke, foot], axis=1)
        ink = np.broadcast_to(points, foot.shape)
        go = np.concatenate([ground.towards(stroke), ink], axis=1)
        soft = WIDE if 2 * step < rounds and not affine else SOFT
        weight = 1 / (1 + squared(go - come) / (soft * unit) ** 2) ** 2
        weight[:, : stroke.shape[1]] /= stroke.shape[1]
        if layout.count <= FEW and layout.lettered.any():
            label = from_labels(layout, at, points, unit) < LETTER
            weight[:, stroke.shape[1] :][label] = 0.0
        weight[:, stroke.shape[1] :] /= foot.shape[1]
        at = _moved(at, come, go, weight, affine=affine)
    return at


def _moved(
    at: np.ndarray, come: np.ndarray, go: np.ndarray, weight: np.ndarray, *, affine: bool
) -> np.ndarray:
    """(M, n) under the similarity or affine map that brings ``come`` nearest to ``go``, weighed."""
    w = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-9)
    c, g = (come * w).sum(axis=1, keepdims=True), (go * w).sum(axis=1, keepdims=True)
    p, q, d = come - c, go - g, at - c
    square = np.maximum((w * squared(p)).sum(axis=1, keepdims=True), 1e-6)
    turn = (w * p.conj() * q).sum(axis=1, keepdims=True)
    if not affine:
        return (d * (turn / square) + g).astype(np.complex64)
    # Least squares of q = a p + b conj(p); what lies on one line has no b.
    twice = (w * p * p).sum(axis=1, keepdims=True)
    back = (w * p * q).sum(axis=1, keepdims=True)
    ridge = 1.001 * square
    both = ridge * ridge - squared(twice)
    a = (ridge * turn - twice.conj() * back) / both
    b = (ridge * back - twice * turn) / both
    return (a * d + b * d.conj() + g).astype(np.complex64)
