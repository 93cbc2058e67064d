"""Fragments of a molecule by bond disconnection, to a depth of two cuts.

A cut is one bond outside rings, or two bonds of one ring, whichever leaves two parts. A fragment is
one side of a cut, or what two cuts leave between them, as in MetFrag and MAGMa (Wolf et al., BMC
Bioinformatics 2010, 11, 148; Ridder et al., Rapid Commun. Mass Spectrom. 2012, 26, 2461). Its cost is
the sum of the costs of the bonds broken. Which atoms a fragment holds is found here; which hydrogens
it keeps, and its mass as an ion, in ``ions``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from rdkit import Chem

HYDROGEN = 1.00782503207
"""Mass of 1H [Da]."""

MAX_ATOMS = 64
"""Heavy atoms of a molecule whose fragments fit a machine word; larger ones are cut once only."""

MAX_SIDES = 160
"""Cheapest sides of first cuts that are cut again: the second depth grows with its square."""

BOND_COST = {
    Chem.BondType.SINGLE: 1.0,
    Chem.BondType.DOUBLE: 2.0,
    Chem.BondType.TRIPLE: 3.0,
    Chem.BondType.AROMATIC: 2.5,
}
"""Relative cost of breaking a bond; as MAGMa's 1, 2, 3 and more for aromatic bonds."""

HETERO_FACTOR = 0.6
"""Bonds to a heteroatom, or beside one or beside a pi system, break more easily by this factor."""

RING_EXTRA = 0.5
"""Added to the cost of a cut through a ring."""


@dataclass(frozen=True)
class Fragments:
    """All fragments of one molecule, the molecule itself first, each set of atoms once.

    Attributes:
        mass: (F,) exact mass of atoms and the hydrogens they bear in the molecule [Da].
        cost: (F,) sum of the costs of broken bonds; 0 for the molecule itself.
        bonds: (F,) number of broken bonds.
        hydrogens: (F,) hydrogens that the fragment bears.
        atoms: (F, N) bool.
        depth: (F,) number of cuts: 0, 1 or 2.
    """

    mass: np.ndarray
    cost: np.ndarray
    bonds: np.ndarray
    hydrogens: np.ndarray
    atoms: np.ndarray
    depth: np.ndarray


def fragments(mol: Chem.Mol, depth: int = 2) -> Fragments:
    """Fragments of a molecule without explicit hydrogens, in rising cost.

    Args:
        depth: cuts at most, 1 or 2.
    """
    n = mol.GetNumAtoms()
    bonds = [(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in mol.GetBonds()]
    cost = np.array([bond_cost(bond) for bond in mol.GetBonds()] or [0.0])
    sides, ringed = _sides(mol, n, bonds)
    rows = [(1 << n) - 1]
    levels = [0]
    if sides:
        rows += sides
        levels += [1] * len(sides)
    if depth > 1 and n <= MAX_ATOMS and sides:
        again = _twice(sides, ringed, cost, bonds, mol, n)
        rows += again
        levels += [2] * len(again)
    atoms = _unpack(rows, n)
    hydrogens = np.array([atom.GetTotalNumHs() for atom in mol.GetAtoms()], dtype=np.float64)
    heavy = np.array([_mass(atom) for atom in mol.GetAtoms()])
    inside = atoms.astype(np.float64)
    if bonds:
        first, second = np.array(bonds).T
        broken = atoms[:, first] != atoms[:, second]
        total, count = broken @ cost, broken.sum(1)
    else:
        total, count = np.zeros(len(rows)), np.zeros(len(rows), dtype=np.int64)
    order = np.argsort(total, kind="stable")
    return Fragments(
        mass=(inside @ (heavy + HYDROGEN * hydrogens))[order],
        cost=total[order],
        bonds=count[order],
        hydrogens=(inside @ hydrogens)[order],
        atoms=atoms[order],
        depth=np.array(levels)[order],
    )


def _mass(atom: Chem.Atom) -> float:
    """Mass of the labelled, else of the commonest isotope [Da], without hydrogens."""
    if atom.GetIsotope():
        return float(atom.GetMass())
    return _commonest(atom.GetAtomicNum())


@cache
def _commonest(number: int) -> float:
    return float(Chem.GetPeriodicTable().GetMostCommonIsotopeMass(number))


def bond_cost(bond: Chem.Bond) -> float:
    """How hard a bond is to break, in units of a plain C-C bond."""
    cost = BOND_COST.get(bond.GetBondType(), 1.0)
    if bond.GetBondType() != Chem.BondType.SINGLE:
        return cost
    ends = (bond.GetBeginAtom(), bond.GetEndAtom())
    if any(atom.GetAtomicNum() != 6 for atom in ends):
        return cost * HETERO_FACTOR
    for atom, other in (ends, ends[::-1]):  # alpha cleavage, allylic and benzylic cleavage
        for neighbour in atom.GetNeighbors():
            if neighbour.GetIdx() != other.GetIdx() and (
                neighbour.GetAtomicNum() not in (1, 6) or neighbour.GetIsAromatic()
            ):
                return cost * HETERO_FACTOR
    return cost


def _sides(
    mol: Chem.Mol, n: int, bonds: list[tuple[int, int]]
) -> tuple[list[int], dict[int, bool]]:
    """Both sides of every cut as bit masks, and whether the cut went through a ring."""
    adjacent = [0] * n
    for a, b in bonds:
        adjacent[a] |= 1 << b
        adjacent[b] |= 1 << a
    whole = (1 << n) - 1
    found: dict[int, bool] = {}
    rings = mol.GetRingInfo()
    for number, (a, b) in enumerate(bonds):
        if rings.NumBondRings(number):
            continue
        adjacent[a] ^= 1 << b
        adjacent[b] ^= 1 << a
        side = _component(a, adjacent)
        adjacent[a] ^= 1 << b
        adjacent[b] ^= 1 << a
        found.setdefault(side, False)
        found.setdefault(whole & ~side, False)
    for ring in rings.BondRings():
        for one, two in combinations(ring, 2):
            cut = (bonds[one], bonds[two])
            for a, b in cut:
                adjacent[a] ^= 1 << b
                adjacent[b] ^= 1 << a
            side = _component(cut[0][0], adjacent)
            for a, b in cut:
                adjacent[a] ^= 1 << b
                adjacent[b] ^= 1 << a
            if side != whole:
                found.setdefault(side, True)
                found.setdefault(whole & ~side, True)
    found.pop(whole, None)
    found.pop(0, None)
    return list(found), found


def _component(start: int, adjacent: list[int]) -> int:
    """Bit mask of the atoms that hang together with ``start``."""
    seen = frontier = 1 << start
    while frontier:
        reached = 0
        while frontier:
            lowest = frontier & -frontier
            reached |= adjacent[lowest.bit_length() - 1]
            frontier ^= lowest
        frontier = reached & ~seen
        seen |= frontier
    return seen


def _twice(
    sides: list[int],
    ringed: dict[int, bool],
    cost: np.ndarray,
    bonds: list[tuple[int, int]],
    mol: Chem.Mol,
    n: int,
) -> list[int]:
    """What lies on one side of each of two cuts, connected and not a side itself."""
    words = np.array(sides, dtype=np.uint64)
    if len(words) > MAX_SIDES:
        atoms = _unpack(sides, n)
        first, second = np.array(bonds).T
        total = (atoms[:, first] != atoms[:, second]) @ cost
        words = words[np.argsort(total, kind="stable")[:MAX_SIDES]]
    both = np.unique(words[:, None] & words[None, :])
    both = both[~np.isin(both, np.array([0, *sides], dtype=np.uint64))]
    if not len(both):
        return []
    if any(ringed.values()):
        both = both[_connected(both, mol, n)]
    return [int(word) for word in both]


def _connected(words: np.ndarray, mol: Chem.Mol, n: int) -> np.ndarray:
    """(F,) bool: whether each set of atoms hangs together."""
    one = np.uint64(1)
    adjacent = np.zeros(n, dtype=np.uint64)
    for bond in mol.GetBonds():
        a, b = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        adjacent[a] |= one << np.uint64(b)
        adjacent[b] |= one << np.uint64(a)
    seen = words & (~words + one)  # the lowest atom
    left = np.arange(len(words))
    while len(left):  # only those that still grow
        inside, before = words[left], seen[left]
        grown = before
        for atom in range(n):
            bit = (grown >> np.uint64(atom)) & one
            grown = grown | ((adjacent[atom] * bit) & inside)
        seen[left] = grown
        left = left[grown != before]
    return seen == words


def _unpack(rows: list[int], n: int) -> np.ndarray:
    """Bit masks as (F, n) bool."""
    if n <= MAX_ATOMS:
        packed = np.array(rows, dtype="<u8").view(np.uint8).reshape(len(rows), -1)
        return np.unpackbits(packed, axis=1, bitorder="little", count=n).astype(bool)
    size = -(-n // 8)
    data = b"".join(row.to_bytes(size, "little") for row in rows)
    packed = np.frombuffer(data, dtype=np.uint8).reshape(len(rows), size)
    return np.unpackbits(packed, axis=1, bitorder="little", count=n).astype(bool)
