"""Ways to lay one candidate on the ink, from coarse to fine: most candidates end at the first step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from acml_plugin_image.overlay.align import RIVAL, Laid, refined, rigid_ways
from acml_plugin_image.overlay.bend import bent
from acml_plugin_image.overlay.ground import Ground
from acml_plugin_image.overlay.layouts import Layout
from acml_plugin_image.overlay.pieces import MAX_COMPONENTS, align_pieces, on_letters
from acml_plugin_image.overlay.turns import promising

HOPELESS, RIGID = 0.55, 0.97
"""A candidate of a lower quality is given up; a layout of a higher one is not bent."""

ENOUGH = 0.93
"""After a layout of this quality no other is tried."""

COSTLIER, COSTLIEST = 0.05, 0.45
"""A layout that costs so much more than the best at its best turn, or so much, is not refined."""

READ = 8
"""Ways of a component that are read."""

MOST = 8
"""Ways that are read."""


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
    found: list[Laid] = []
    cheapest, best = 1.0, 0.0
    dearest = COSTLIEST if least > 0 else 1.0
    for layout in _spelt(layouts) if ground.spelt else layouts:
        if not len(layout.bonds):
            laid = align_pieces(layout, ground)
            return Tried([laid], laid.quality)
        starts, cost = promising(layout, ground)
        bonded = sum(len(part) > 1 for part in layout.components)
        several = len(layout.components) > 1 and bonded <= MAX_COMPONENTS
        if cost > min(cheapest + COSTLIER, dearest) and not several:
            continue
        cheapest = min(cheapest, cost)
        found += rigid_ways(layout, starts, ground)
        if layout.count == 2 and layout.labelled.all():
            found.append(on_letters(layout, ground))
        best = max(laid.quality for laid in found)
        if best < ENOUGH and several:
            found.append(align_pieces(layout, ground))
            best = max(best, found[-1].quality)
        if best > ENOUGH:
            break
    if not found or best < least:
        return Tried([], best)
    found.sort(key=lambda laid: -laid.quality)
    return Tried([laid for laid in found if laid.quality >= best - RIVAL][:MOST], best)


def _spelt(layouts: Iterable[Layout]) -> Iterator[Layout]:
    """Each layout as it is, and with letters at every atom."""
    for layout in layouts:
        yield layout
        yield layout.spelt


def finer(some: Sequence[Laid], ground: Ground) -> list[Laid]:
    """Distorted a little, and bent where strokes lack ink; the components of the best way read, too."""
    more = [
        align_pieces(laid.layout, ground, READ)
        for laid in some[:1]
        if len(laid.layout.components) > 1 and len(laid.layout.bonds)
    ]
    return [_finer(laid, ground) for laid in (*some, *more)]


def _finer(laid: Laid, ground: Ground) -> Laid:
    return bent(laid, ground) if laid.quality < RIGID else refined(laid, ground)
