"""Which sets of a molecule's atoms give the peaks of a list that names no atoms.

A measured list and a molecule's predicted shifts are both put in order; within atoms of one kind
(carbons of one number of hydrogens) the pairing that costs least is the one in order. That holds
where the list has one entry an atom, or one an equivalent set; other lists cannot be paired so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rdkit import Chem

from acml_plugin_nmr.prepare import MERGE_PPM

HYDROGENS_OF = {"S": 0, "D": 1, "T": 2, "Q": 3}
"""Multiplicity in the coupled 13C spectrum to hydrogens at the carbon."""


@dataclass(frozen=True)
class Sites:
    """Atoms of a molecule that give peaks of one nucleus.

    Attributes:
        atom: (n,) int64 atom indices: carbons, or atoms that bear hydrogen.
        kind: (n,) int64 number of hydrogens at the atom.
        rank: (n,) int64, equal for atoms that are alike by the graph's symmetry.
    """

    atom: np.ndarray
    kind: np.ndarray
    rank: np.ndarray

    def __len__(self) -> int:
        return len(self.atom)

    def take(self, keep: np.ndarray) -> Sites:
        """Some of the sites."""
        return Sites(self.atom[keep], self.kind[keep], self.rank[keep])

    def distinct(self) -> Sites:
        """One atom a symmetry set."""
        return self.take(np.sort(np.unique(self.rank, return_index=True)[1]))


def carbons(mol: Chem.Mol) -> Sites:
    """Every carbon."""
    return _sites(mol, [a for a in mol.GetAtoms() if a.GetAtomicNum() == 6])


def bearers(mol: Chem.Mol, *, on_carbon: bool = False) -> Sites:
    """Every heavy atom that bears hydrogen; ``on_carbon``: carbons alone."""
    found = [a for a in mol.GetAtoms() if a.GetTotalNumHs() and a.GetAtomicNum() > 1]
    return _sites(mol, [a for a in found if a.GetAtomicNum() == 6 or not on_carbon])


def _sites(mol: Chem.Mol, atoms: Sequence[Chem.Atom]) -> Sites:
    ranks = Chem.CanonicalRankAtoms(mol, breakTies=False, includeChirality=False)
    rows = [(a.GetIdx(), a.GetTotalNumHs(), ranks[a.GetIdx()]) for a in atoms]
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return Sites(table[:, 0], table[:, 1], table[:, 2])


@dataclass(frozen=True)
class Paired:
    """Sites and shifts, as many of the one as of the other within each ``kind``.

    Attributes:
        atom: (n,) int64.
        atom_kind: (n,) int64, the group within which sites and shifts are put in order.
        shift: (n,) float64 [ppm].
        shift_kind: (n,) int64, the same groups.
    """

    atom: np.ndarray
    atom_kind: np.ndarray
    shift: np.ndarray
    shift_kind: np.ndarray


def pair_13c(
    mol: Chem.Mol, shifts: Sequence[float], multiplicities: Sequence[str]
) -> Paired | None:
    """Carbons and 13C shifts that can be put in order against one another, or None."""
    sites = carbons(mol)
    values = np.array(shifts, dtype=np.float64)
    known = [HYDROGENS_OF.get(text, -1) for text in multiplicities] or [-1] * len(values)
    kinds = np.array(known, dtype=np.int64)
    if len(values) != len(sites):
        sites = sites.distinct()
        values, first = np.unique(_rounded(values, "13C"), return_index=True)
        kinds = kinds[first]
        if len(values) != len(sites):
            return None
    if (kinds >= 0).all() and np.array_equal(np.sort(kinds), np.sort(np.minimum(sites.kind, 3))):
        return Paired(sites.atom, np.minimum(sites.kind, 3), values, kinds)
    zero = np.zeros(len(values), dtype=np.int64)
    return Paired(sites.atom, zero, values, zero)


def pair_1h(mol: Chem.Mol, shifts: Sequence[float]) -> Paired | None:
    """Atoms that bear hydrogen and 1H shifts, one a symmetry set, or None."""
    values = np.unique(_rounded(np.array(shifts, dtype=np.float64), "1H"))
    zero = np.zeros(len(values), dtype=np.int64)
    for on_carbon in (True, False):  # OH and NH are often left out
        sites = bearers(mol, on_carbon=on_carbon).distinct()
        if len(sites) == len(values):
            return Paired(sites.atom, zero, values, zero)
    return None


def _rounded(values: np.ndarray, nucleus: str) -> np.ndarray:
    step = 2 * MERGE_PPM[nucleus]
    return np.round(values / step) * step
