"""Dipole derivatives from effective bond dipoles, charge flux included.

The dipole moment is taken as a sum over bonds, and four things change it, each linear in a number that
depends on the kinds of the atoms only:

``rest``
    a bond turns: its dipole at rest [e bohr] turns with it, divided here by the bond's length [e].
``flux``
    a bond gets longer: charge times path along the bond [e].
``near``
    a bond gets longer: charge moves along each neighbouring bond [e/bohr], times that bond's vector.
``bend``
    an angle opens: charge moves along each of its bonds [e/radian], times that bond's vector.

Bonds have two levels of kinds, the elements and the MMFF94 atom types; a bond's number is the sum of
both, so that a rare type falls back on its elements. The scheme is that of electro-optical parameters
(Gussoni, Abbate, Zerbi, "Vibrational Spectroscopy: Modern Trends", 1977); the numbers are fitted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from rdkit import Chem

STRAIGHT = 0.1
"""Angles whose sine is below this have no defined plane, and move no charge."""


class Term(NamedTuple):
    """What one number contributes to the polar tensors.

    Attributes:
        keys: names of the numbers, coarse before fine; their sum is multiplied by ``blocks``.
        atoms: K atoms.
        blocks: (K, 3, 3), of each atom: coordinate by dipole component.
    """

    keys: tuple[str, ...]
    atoms: tuple[int, ...]
    blocks: np.ndarray


def polar_tensors(
    full: Chem.Mol, types: Any, positions: np.ndarray, numbers: Mapping[str, float]
) -> np.ndarray:
    """Dipole derivatives (3N, 3) [e]; a kind that ``numbers`` lacks contributes nothing.

    Args:
        types: MMFF94 properties of ``full``.
        positions: (N, 3) [bohr].
    """
    total = np.zeros((len(positions), 3, 3))
    for term in terms(full, types, positions):
        number = sum(numbers.get(key, 0.0) for key in term.keys)
        if number:
            for atom, block in zip(term.atoms, term.blocks, strict=True):
                total[atom] += number * block
    return total.reshape(-1, 3)


def terms(full: Chem.Mol, types: Any, positions: np.ndarray) -> Iterator[Term]:
    """Every term of a molecule; arguments as ``polar_tensors``."""
    symbols = [atom.GetSymbol() for atom in full.GetAtoms()]
    kinds = [f"{one}{types.GetMMFFAtomType(i)}" for i, one in enumerate(symbols)]
    centres = [f"{one}/{full.GetAtomWithIdx(i).GetDegree()}" for i, one in enumerate(symbols)]
    around = [[n.GetIdx() for n in atom.GetNeighbors()] for atom in full.GetAtoms()]
    for bond in full.GetBonds():
        first, second = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        if kinds[first] > kinds[second]:
            first, second = second, first
        vector = positions[second] - positions[first]
        length = float(np.linalg.norm(vector))
        unit = vector / length
        names = _names(symbols, kinds, first, second)
        along = np.outer(unit, unit)
        both = np.array([-along, along])
        yield Term(tuple(f"flux {name}" for name in names), (first, second), both)
        across = (np.eye(3) - along) / length
        both = np.array([-across, across])
        yield Term(tuple(f"rest {name}" for name in names), (first, second), both)
        for far, near, sign in ((first, second, 1.0), (second, first, -1.0)):
            for other in around[near]:
                if other != far:
                    key = f"near {symbols[far]} {centres[near]} {symbols[other]}"
                    block = np.outer(sign * unit, positions[other] - positions[near])
                    yield Term((key,), (far, near), np.array([-block, block]))
    for centre, ends in enumerate(around):
        for place, one in enumerate(ends):
            for two in ends[:place]:
                yield from _bend(positions, symbols, centres, one, centre, two)


def _names(symbols: list[str], kinds: list[str], first: int, second: int) -> list[str]:
    """Names of a bond, coarse before fine. Between equal kinds symmetry leaves no dipole."""
    names = []
    if symbols[first] != symbols[second]:
        names.append(f"{symbols[first]} {symbols[second]}")
    if kinds[first] != kinds[second]:
        names.append(f"{kinds[first]} {kinds[second]}")
    return names


def _bend(
    positions: np.ndarray, symbols: list[str], centres: list[str], one: int, centre: int, two: int
) -> Iterator[Term]:
    """Both terms of the angle ``one``-``centre``-``two``."""
    u, v = positions[one] - positions[centre], positions[two] - positions[centre]
    u_length, v_length = np.linalg.norm(u), np.linalg.norm(v)
    u_unit, v_unit = u / u_length, v / v_length
    cosine = float(u_unit @ v_unit)
    sine = np.sqrt(max(1 - cosine**2, 0.0))
    if sine < STRAIGHT:
        return
    du = (cosine * u_unit - v_unit) / (u_length * sine)
    dv = (cosine * v_unit - u_unit) / (v_length * sine)
    opening = np.array([du, -du - dv, dv])
    for end, other, vector in ((one, two, u), (two, one, v)):
        key = f"bend {symbols[end]} {centres[centre]} {symbols[other]}"
        yield Term((key,), (one, centre, two), opening[:, :, None] * vector)
