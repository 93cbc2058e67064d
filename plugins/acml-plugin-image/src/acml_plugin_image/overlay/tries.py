"""Ways to lay one candidate on the ink, from coarse to fine: most candidates end at the first step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from acml_plugin_image.overlay.align import RIVAL, Laid, refined, rigid_ways
from acml_plugin_image.overlay.bend import bent
from acml_plugin_image.overlay.ground import Ground
from acml_plugin_image.overlay.layouts import Layout
from acml_plugin_image.overlay.pieces import MAX_COMPONENTS, align_pieces, on_letters
from acml_plugin_image.overlay.turns import promising

HOPELESS, RIGID = 0.42, 0.97
"""A candidate of a lower quality is given up; a layout of a higher one is not bent."""

ENOUGH = 0.93
"""After a layout of this quality no other of as many atoms is tried."""

COSTLIER, COSTLIEST = 0.05, 0.45
"""A layout that costs so much more than the best of as many atoms at its best turn, or so much, is not
refined."""

SHORTER, WORSE = 0.15, 0.2
"""How much more a layout with abbreviations may cost than one without, and how much less its quality
may be: letters take the place of strokes, and they are read later."""

LARGEST = 0.5
"""Share of the ink that hangs together, at least, to be taken for the drawing by itself."""

READ = 8
"""Ways of a component that are read."""

MOST = 8
"""Ways that are read, of layouts of as many atoms."""


@dataclass(frozen=True)
class Tried:
    """What became of a candidate.

    Attributes:
        ways: rigid, that fit the strokes about equally well, the best first; none where the candidate
            is given up.
        quality: of the best, 0 to 1.
    """

    ways: list[Laid]
    quality: float


def tried(layouts: Iterable[Layout], ground: Ground, least: float) -> Tried:
    """The ways in which one of a candidate's layouts fits.

    Args:
        least: quality below which the candidate is given up.
    """
    kinds: dict[int, _Kind] = {}
    dearest = COSTLIEST if least > 0 else 1.0
    for layout in _spelt(layouts) if ground.spelt else layouts:
        if not len(layout.bonds):
            laid = align_pieces(layout, ground)
            return Tried([laid], laid.quality)
        kind = kinds.setdefault(layout.count, _Kind())
        if kind.quality > ENOUGH:
            continue
        starts, cost = _promising(layout, ground)
        bonded = sum(len(part) > 1 for part in layout.components)
        several = len(layout.components) > 1 and bonded <= MAX_COMPONENTS
        cheapest = min(kind.cost + COSTLIER, min(one.cost for one in kinds.values()) + SHORTER)
        if cost > min(cheapest, dearest) and not several:
            continue
        kind.cost = min(kind.cost, cost)
        kind.ways += rigid_ways(layout, starts, ground)
        if layout.count == 2 and layout.labelled.all():
            kind.ways.append(on_letters(layout, ground))
        if several and kind.quality < ENOUGH:
            kind.ways.append(align_pieces(layout, ground))
    best = max((kind.quality for kind in kinds.values()), default=0.0)
    if not best or best < least:
        return Tried([], best)
    ways = [laid for kind in kinds.values() if kind.quality >= best - WORSE for laid in kind.best]
    return Tried(sorted(ways, key=lambda laid: -laid.quality), best)


def _promising(layout: Layout, ground: Ground) -> tuple[np.ndarray, float]:
    """As ``promising``; also without a legend, or on the largest region of ink alone."""
    starts, cost = promising(layout, ground)
    points = ground.points[~ground.in_legend] if ground.legend.any() else ground.largest
    alone = len(layout.components) == 1 and LARGEST * len(ground.points) <= len(points)
    if not alone or len(points) == len(ground.points):
        return starts, cost
    more, again = promising(layout, replace(ground, points=points))
    return np.concatenate([starts, more]), min(cost, again)


@dataclass
class _Kind:
    """Layouts of as many atoms: with the same groups abbreviated, or none.

    Attributes:
        ways: in which they fit.
        cost: of the cheapest at its best turn.
    """

    ways: list[Laid] = field(default_factory=list)
    cost: float = 1.0

    @property
    def quality(self) -> float:
        """Of the best, 0 where there is none."""
        return max((laid.quality for laid in self.ways), default=0.0)

    @property
    def best(self) -> list[Laid]:
        """Those that fit about equally well, the best first."""
        found = sorted(self.ways, key=lambda laid: -laid.quality)
        return [laid for laid in found if laid.quality >= found[0].quality - RIVAL][:MOST]


def _spelt(layouts: Iterable[Layout]) -> Iterator[Layout]:
    """Each layout as it is, and with letters at every atom."""
    for layout in layouts:
        yield layout
        yield layout.spelt


def finer(some: Sequence[Laid], ground: Ground) -> list[Laid]:
    """Distorted a little, and bent where strokes lack ink; components are read, too."""
    layouts = {laid.layout.count: laid.layout for laid in reversed(some)}  # the best way's of each
    more = [
        align_pieces(layout, ground, READ)
        for layout in layouts.values()
        if len(layout.components) > 1 and len(layout.bonds)
    ]
    return [_finer(laid, ground) for laid in (*some, *more)]


def _finer(laid: Laid, ground: Ground) -> Laid:
    return bent(laid, ground) if laid.quality < RIGID else refined(laid, ground)
