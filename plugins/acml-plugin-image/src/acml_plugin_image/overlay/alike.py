"""Candidates whose drawings have the same lines: where one of them lies well, others may lie too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from rdkit import Chem

from acml_plugin_image.overlay.align import RIVAL, SAME, Laid, judged_each
from acml_plugin_image.overlay.ground import Ground
from acml_plugin_image.overlay.layouts import Layout

LENDERS = 2
"""Of the candidates with the same lines those that lie best lend their places to the others."""

MOST_MAPS, OWN_MAPS = 8, 48
"""Ways in which the atoms of one are those of another, or its own in another order, at most."""


def lent(laid: Sequence[Laid | None], ground: Ground) -> list[list[Laid]]:
    """Of each layout the places that another of the same lines has, where it fits there about as well.

    Its own are among them, in another order: a large ring fits at every turn by one atom.

    Which atoms carry letters differs, and letters draw a layout towards them or not: of two isomers one
    may be laid right and the other wrong.
    """
    groups: defaultdict[str, list[tuple[int, Laid, Chem.Mol]]] = defaultdict(list)
    for number, one in enumerate(laid):
        if one is not None and len(one.layout.bonds):
            lines = _lines(one.layout)
            groups[Chem.MolToSmiles(lines)].append((number, one, lines))
    found: list[list[Laid]] = [[] for _ in laid]
    for group in groups.values():
        best = sorted(group, key=lambda member: -member[1].quality)[:LENDERS]
        for number, own, lines in group:
            for lender, other, others in best:
                if lender != number:
                    found[number] += _at_places(own, lines, other, others, ground, MOST_MAPS)
            found[number] += _at_places(own, lines, own, lines, ground, OWN_MAPS)
    return found


def _lines(layout: Layout) -> Chem.Mol:
    """The bonds alone, all atoms alike."""
    mol = Chem.RWMol()
    for _ in range(layout.count):
        mol.AddAtom(Chem.Atom(6))
    for begin, end in layout.bonds.tolist():
        mol.AddBond(begin, end, Chem.BondType.SINGLE)
    return mol.GetMol()


def _at_places(
    own: Laid, lines: Chem.Mol, other: Laid, others: Chem.Mol, ground: Ground, most: int
) -> list[Laid]:
    maps = others.GetSubstructMatches(lines, uniquify=False, maxMatches=most)
    if not maps:
        return []
    at = other.at[np.array(maps)]
    at = at[np.abs(at - own.at).max(axis=1) > SAME * own.unit]
    if not len(at):
        return []
    return [
        laid for laid in judged_each(own.layout, at, ground) if laid.quality > own.quality - RIVAL
    ]
