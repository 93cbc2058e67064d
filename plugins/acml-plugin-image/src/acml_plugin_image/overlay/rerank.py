"""The second opinion: each candidate is laid over the picture, and what is seen there is weighed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from rdkit import Chem
from rdkit.rdBase import BlockLogs

from acml_plugin_image.overlay.align import Laid, judged
from acml_plugin_image.overlay.alike import lent
from acml_plugin_image.overlay.bend import other_sides
from acml_plugin_image.overlay.evidence import weighed
from acml_plugin_image.overlay.ground import Ground
from acml_plugin_image.overlay.layouts import layouts, layouts_of
from acml_plugin_image.overlay.said import read_page, said
from acml_plugin_image.overlay.tries import HOPELESS, Tried, finer, tried

FAR = 0.4
"""A candidate whose quality is so much less than the best one's is given up."""

LABELS = 1.6
"""Weight of what labels say."""

FINER, CLEAR = 2, 25.0
"""Of a candidate's ways so many are refined, unless their evidence is so much less than the best's."""

TURNED = 8
"""Substituents of a candidate that are turned over because letters or bonds agree better then."""

ANOTHER_LAYOUT, OF_ATOM = -200.0, -4.0
"""Evidence for a molecule that is drawn in a layout which is not tried, and the same an atom: none
falls below the lower of the two."""

DAMAGE, FADING, FADED = 3.5, 5.3, 6.0
"""What a candidate's evidence lacks of the best one's counts in full up to about this, and less and
less beyond: in a damaged picture, or one laid out otherwise, the right molecule misses much. It is
divided by e for every ``FADING`` an atom that the best one lacks itself, up to ``FADED``: where even
the best does not fit, little can be said."""

FIRST = (10, 50)
"""Best candidates that are looked at first: more only where none of these explains the picture."""

EXPLAINED, AHEAD = -0.3, 8.0
"""A candidate does if its evidence an atom is above this, and so much more than the next one's in all.
Of 315 drawings whose own molecule was taken out of the candidates, 1 of the first 10 did so once."""

BEHIND, FITTING = 45.0, 3
"""A candidate whose evidence is so much less than the best's is not refined, its labels are not read,
and nothing in it is turned over; but so many that fit the strokes best are refined: until then the
components of a salt may lie in each other's place."""


def rerank(picture: Image.Image, mols: Sequence[Chem.Mol]) -> np.ndarray:
    """How well each candidate's drawing agrees with a picture's ink.

    Args:
        picture: of any mode and size.
        mols: candidates, sanitised, the likeliest first; not changed. Those after the first few are
            looked at only where none of these explains the picture, see ``FIRST``.

    Returns:
        ``(len(mols),)`` float64, at most 0: what a candidate's evidence lacks of the best one's, see
        ``DAMAGE``; least for one that cannot be laid out or was not looked at, and all 0 where the
        picture shows nothing.
    """
    ground = Ground.of(picture)
    if ground is None or not len(mols):
        return np.zeros(len(mols))
    seen = judged_all(mols, ground)
    return opinions([None if p is None else p[1] for p in seen.best], seen.atoms, seen.quality)


def opinions(
    evidence: Sequence[float | None],
    atoms: Sequence[int],
    quality: Sequence[float],
    damage: float = DAMAGE,
    fading: float = FADING,
) -> np.ndarray:
    """What candidates' evidence says, (n,) float64, see ``rerank``.

    Args:
        evidence: of each, None for one that was given up.
        atoms: drawn of each, 1 for one that was given up.
        quality: of each; among those that were given up it decides.
        damage, fading: as ``DAMAGE`` and ``FADING``.
    """
    least = _least([n for n, value in zip(atoms, evidence, strict=True) if value is not None])
    values = np.array(
        [
            least + share if value is None else np.logaddexp(value, least)
            for value, share in zip(evidence, quality, strict=True)
        ]
    )
    first = int(values.argmax())
    lost = float(np.clip(-values[first] / atoms[first], 0.0, FADED))
    damage *= math.exp(-lost / fading)
    return np.asarray(-damage * np.log1p((values[first] - values) / damage))


def _least(atoms: Sequence[int]) -> float:
    """Evidence of a candidate, at least, where the others' drawings have so many atoms."""
    return min(ANOTHER_LAYOUT, OF_ATOM * float(np.median(atoms))) if atoms else ANOTHER_LAYOUT


class Judged(NamedTuple):
    """What becomes of the candidates for a picture.

    Attributes:
        best: the way with most evidence of each, with it; None where the candidate was given up, or
            not looked at.
        quality: of the best way of each, 0 to 1.
        ground: what they were laid on.
    """

    best: list[tuple[Laid, float] | None]
    quality: list[float]
    ground: Ground

    @property
    def atoms(self) -> list[int]:
        """Drawn of each candidate, 1 for one that was given up or not looked at."""
        return [1 if pair is None else pair[0].layout.count for pair in self.best]

    @property
    def clear(self) -> bool:
        """Whether one candidate explains the picture, and no other nearly so."""
        pairs = sorted((pair for pair in self.best if pair is not None), key=lambda pair: -pair[1])
        if not pairs:
            return False
        (laid, value), others = pairs[0], pairs[1:]
        ahead = not others or value - others[0][1] > AHEAD
        return ahead and value > EXPLAINED * laid.layout.count


def judged_all(mols: Sequence[Chem.Mol], ground: Ground, first: Sequence[int] = FIRST) -> Judged:
    """Lay candidates, at least one and the likeliest first, over the ink and weigh what is seen.

    Args:
        first: as ``FIRST``; none to look at all of them.
    """
    found: list[Tried] = []
    for count in (*(some for some in first if some < len(mols)), len(mols)):
        with BlockLogs():
            found += [
                tried(layouts_of(Chem.MolToSmiles(mol), not found), ground, HOPELESS)
                for mol in mols[len(found) : count]
            ]
        seen = _judged(_hopeful(found), ground)
        if seen.clear:
            break
    left = len(mols) - len(found)
    return Judged([*seen.best, *[None] * left], [*seen.quality, *[0.0] * left], seen.ground)


def _judged(found: Sequence[Tried], ground: Ground) -> Judged:
    ground = replace(ground, usual=_usual(found))
    again = [
        replace(one, ways=[judged(laid.layout, laid.at, ground) for laid in one.ways])
        for one in found
    ]
    return Judged(_best(again, ground), [one.quality for one in found], ground)


def _hopeful(found: Sequence[Tried]) -> Sequence[Tried]:
    """Without the ways of candidates that fit the strokes much worse than the best; ions have none."""
    lowest = max(one.quality for one in found) - FAR
    return [
        one
        if one.quality >= lowest or (one.ways and not len(one.ways[0].layout.bonds))
        else Tried([], one.quality)
        for one in found
    ]


def _usual(found: Sequence[Tried]) -> float:
    """Length of a bond [px]: the median of the candidates', or where it is shorter that of the best."""
    firsts = [one.ways[0] for one in found if one.ways]
    if not firsts:
        return math.inf
    best = max(firsts, key=lambda laid: laid.quality)
    return min(float(np.median([laid.unit for laid in firsts])), best.unit)


def laid_out(mol: Chem.Mol, ground: Ground) -> Laid | None:
    """The best of a molecule's layouts on the ink; None where there is none.

    Of those that fit the strokes about equally well, it is the one whose letters agree best.
    """
    with BlockLogs():
        found = tried(layouts(mol), ground, 0.0)
    best = _best([found], ground)[0]
    return None if best is None else best[0]


def _best(found: Sequence[Tried], ground: Ground) -> list[tuple[Laid, float] | None]:
    """The way with most evidence, with it, for each candidate; None where there is no way."""
    rigid, values = _looked_at(found, ground)
    first = [laid for some in rigid for laid in some]
    quarter, letters = read_page(first, values, ground, LABELS, BEHIND)
    pairs = _sorted(rigid, values, letters)
    near = _near([some[0] if some else None for some in pairs])
    fitting = np.argsort([-one.quality for one in found], kind="stable")[:FITTING]
    few = [
        [laid for laid, value in some if value > some[0][1] - CLEAR][:FINER]
        if some and (some[0][1] > near or number in fitting)
        else []
        for number, some in enumerate(pairs)
    ]
    ways = [finer(some, ground) for some in few]
    best = [
        max(some[:1] + own[:1], key=lambda pair: pair[1], default=None)
        for some, own in zip(_weighed(ways, ground, quarter), pairs, strict=True)
    ]
    _lend(best, ground, quarter, fitting)
    _turn_all(best, ground, quarter)
    laid = [pair[0] for pair in best if pair is not None]
    again, _ = read_page(laid, weighed(laid, ground), ground, LABELS, BEHIND)
    if again != quarter:  # nothing was turned over when the page was first read
        best = [
            _weighed([[pair[0]]], ground, again)[0][0] if pair is not None else None
            for pair in best
        ]
        _turn_all(best, ground, again)
    return best


def _looked_at(found: Sequence[Tried], ground: Ground) -> tuple[list[list[Laid]], list[float]]:
    """Each candidate's ways, and of all of them, one after the other, the evidence without labels.

    Only one way is left of candidates that are ``BEHIND`` in the way that fits best.
    """
    firsts = [one.ways[:1] for one in found]
    values = iter(weighed([laid for some in firsts for laid in some], ground))
    pairs = [(some[0], next(values)) if some else None for some in firsts]
    near = _near(pairs)
    others = [
        one.ways[1:] if pair is not None and pair[1] > near else []
        for one, pair in zip(found, pairs, strict=True)
    ]
    more = iter(weighed([laid for some in others for laid in some], ground))
    every: list[float] = []
    for pair, some in zip(pairs, others, strict=True):
        every += [] if pair is None else [pair[1]]
        every += [next(more) for _ in some]
    return [[*a, *b] for a, b in zip(firsts, others, strict=True)], every


def _near(best: Sequence[tuple[Laid, float] | None]) -> float:
    """Evidence above which a candidate is worth more work, see ``BEHIND``."""
    return max((pair[1] for pair in best if pair is not None), default=0.0) - BEHIND


def _lend(
    best: list[tuple[Laid, float] | None], ground: Ground, quarter: int, fitting: np.ndarray
) -> None:
    """Move candidates to where others of the same lines lie, where that adds evidence."""
    near = _near(best)
    worth = [
        pair[0] if pair is not None and (pair[1] > near or number in fitting) else None
        for number, pair in enumerate(best)
    ]
    ways = lent(worth, ground)
    _take(best, range(len(best)), _weighed(ways, ground, quarter))


def _turn_all(best: list[tuple[Laid, float] | None], ground: Ground, quarter: int) -> None:
    todo: Sequence[int] = range(len(best))
    for _ in range(TURNED):
        todo = _turn(best, todo, ground, quarter)


def _turn(
    best: list[tuple[Laid, float] | None], todo: Sequence[int], ground: Ground, quarter: int
) -> list[int]:
    """Turn over the substituent that adds most evidence, in each of the candidates ``todo``.

    Returns:
        those where one was.
    """
    near = _near(best)
    ways = [
        other_sides(pair[0], ground) if pair is not None and pair[1] > near else []
        for pair in (best[number] for number in todo)
    ]
    return _take(best, todo, _weighed(ways, ground, quarter))


def _take(
    best: list[tuple[Laid, float] | None],
    numbers: Sequence[int],
    ways: Sequence[Sequence[tuple[Laid, float]]],
) -> list[int]:
    """Keep the first of each candidate's ``ways`` that has more evidence than what it has.

    Returns:
        those of ``numbers`` where one had.
    """
    taken = []
    for number, pairs in zip(numbers, ways, strict=True):
        own = best[number]
        if pairs and own is not None and pairs[0][1] > own[1]:
            best[number] = pairs[0]
            taken.append(number)
    return taken


def _weighed(
    ways: Sequence[Sequence[Laid]], ground: Ground, quarter: int
) -> list[list[tuple[Laid, float]]]:
    """Each candidate's ways with their evidence, most first."""
    every = [laid for some in ways for laid in some]
    return _sorted(ways, weighed(every, ground), said(every, ground, quarter))


def _sorted(
    ways: Sequence[Sequence[Laid]], looks: Sequence[float], letters: Sequence[float]
) -> list[list[tuple[Laid, float]]]:
    """As ``_weighed``, of ways whose looks and letters, one after the other, were weighed already."""
    values = iter((np.array(looks) + LABELS * np.array(letters)).tolist())
    pairs = [[(laid, next(values)) for laid in some] for some in ways]
    return [sorted(some, key=lambda pair: -pair[1]) for some in pairs]


def assign(picture: Image.Image, mol: Chem.Mol) -> list[dict[str, Any]]:
    """Where each atom lies in a picture.

    Returns:
        rows of ``atom`` (index in ``mol``), ``element``, ``x_px`` and ``y_px`` in the picture, and
        ``ink``, the mean share of its bonds that is inked (None without bonds). Atoms inside an
        abbreviation are left out; no rows where nothing can be laid out.
    """
    ground = Ground.of(picture)
    laid = None if ground is None else laid_out(mol, ground)
    if ground is None or laid is None:
        return []
    layout = laid.layout
    rows: list[dict[str, Any]] = []
    for i, number in enumerate(layout.number):
        if number < 0:
            continue
        own = laid.inked[(layout.bonds == i).any(axis=1)]
        place = laid.at[i] - complex(*ground.shift)
        rows.append(
            {
                "atom": int(number),
                "element": mol.GetAtomWithIdx(int(number)).GetSymbol(),
                "x_px": round(float(place.real) / ground.factor, 1),
                "y_px": round(float(place.imag) / ground.factor, 1),
                "ink": round(float(own.mean()), 3) if len(own) else None,
            }
        )
    return rows
