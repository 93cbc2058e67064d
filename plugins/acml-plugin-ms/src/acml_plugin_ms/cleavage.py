"""How likely a fragment ion of a tandem spectrum is, by the bonds that broke and the hydrogens moved.

The logarithm of an ion's weight is a sum over the bonds that had to break, by their kind and by the
atoms that the fragment kept and lost there, and over what else makes it rarer or commoner: a second
cut, no heteroatom to hold the charge, hydrogens gained or lost beyond the proton and an odd number of
electrons, each by the atoms at which the bonds broke (a broken acyl bond leaves an acylium ion, an
amine takes a hydrogen along). ``data/cleavage.json`` holds the summands for protonated and
deprotonated molecules; they were fitted by ``scripts/fit_cleavage.py`` so that among molecules of one
formula the measured one predicts its spectrum best (molecules of the training side alone).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rdkit import Chem

from acml_core.adducts import ELECTRON
from acml_plugin_ms import atoms
from acml_plugin_ms.atoms import ATOMS, HALOGENS, acyl
from acml_plugin_ms.conditions import energy_of
from acml_plugin_ms.fragments import HYDROGEN, Fragments
from acml_plugin_ms.ions import Ion

TABLE = Path(__file__).parent / "data" / "cleavage.json"

BONDS = (
    "C-C", "C-C beside a heteroatom or sp2", "acyl C-C", "aryl C-C",
    "C-N", "acyl C-N", "aryl C-N", "C-O", "acyl C-O", "aryl C-O",
    "to another element", "C-halogen", "between heteroatoms",
    "C-C in a ring", "C-hetero in a ring", "aromatic", "double or triple",
)  # fmt: skip
"""Kinds of bonds. Those before the last four are single and in no ring; S, P and all elements but H, C,
N, O and halogens are "another"."""

FIXED = (
    *BONDS,
    *(f"kept {name}" for name in ATOMS),
    *(f"lost {name}" for name in ATOMS),
    "second cut",
    "no heteroatom",
)
"""What a fragment is described by, whatever its hydrogens: counts, or 0 and 1."""

MOVED = ("odd electrons", "hydrogen gained", "hydrogen lost")
"""What moved hydrogens are described by: 0 or 1, and counts; also by the atoms kept at broken bonds."""

BEYOND = "hydrogen beyond the valences"

TERMS = (*FIXED, *MOVED, BEYOND, *(f"{what} at {name}" for what in MOVED for name in ATOMS))

WHOLE = ("unbroken", "unbroken by energy", "unbroken, no energy", "unbroken by m/z")
"""What the weight of the ion that did not break is described by."""

AWAY = range(-4, 5)
"""Hydrogens beyond the proton that a fragment may gain. Those of a deprotonated molecule mirror them:
positive ones are lost."""

TYPICAL_ENERGY, TYPICAL_MZ = 40.0, 300.0
"""Normalised energy [%] and m/z at which an unbroken ion has the weight "unbroken"."""

NORMALISED_MZ = 500.0
"""Normalised energies are those in eV at this m/z."""

MOST_UNBROKEN = 10.0
"""Bound of the logarithm of the unbroken ion's weight: no energy that is stated can be so far off."""


class Summands(NamedTuple):
    """Fitted numbers of one kind of ion.

    Attributes:
        fixed: (len(FIXED),).
        moved: (3,) of ``MOVED``.
        beyond: of ``BEYOND``.
        at: (3, len(ATOMS)) added to ``moved``, by the atoms kept at the broken bonds.
        whole: (len(WHOLE),).
    """

    fixed: np.ndarray
    moved: np.ndarray
    beyond: float
    at: np.ndarray
    whole: np.ndarray


def kind(bond: Chem.Bond) -> int:
    """Number of the bond's kind in ``BONDS``."""
    return BONDS.index(_kind(bond))


def terms(mol: Chem.Mol, found: Fragments) -> tuple[np.ndarray, np.ndarray]:
    """What describes each fragment whatever its hydrogens.

    Returns:
        (F, len(FIXED)); and (F, len(ATOMS)), the kinds' shares among the atoms kept at broken bonds.
    """
    count = len(found.mass)
    broken, kept, lost = (np.zeros((count, len(of))) for of in (BONDS, ATOMS, ATOMS))
    bonds = list(mol.GetBonds())
    if bonds:
        first, second = np.array([(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in bonds]).T
        of_atom = np.eye(len(ATOMS))[[atoms.kind(atom) for atom in mol.GetAtoms()]]
        for here, there in ((first, second), (second, first)):
            cut = (found.atoms[:, here] & ~found.atoms[:, there]).astype(np.float64)
            broken += cut @ np.eye(len(BONDS))[[kind(bond) for bond in bonds]]
            kept += cut @ of_atom[here]
            lost += cut @ of_atom[there]
    hetero = np.array([atom.GetAtomicNum() != 6 for atom in mol.GetAtoms()])
    rest = np.stack([found.depth == 2, ~(found.atoms & hetero).any(1)], axis=1)
    return np.hstack([broken, kept, lost, rest]), kept / np.maximum(found.bonds, 1)[:, None]


def moved(bonds: np.ndarray, away: int) -> tuple[np.ndarray, np.ndarray]:
    """How ``away`` hydrogens beyond the proton count for fragments of so many broken bonds.

    Returns:
        (F, 3) by ``MOVED``; and (F,), of ``BEYOND``.
    """
    odd = (abs(away) - bonds) % 2 != 0
    gained, lost = np.full(len(bonds), max(away, 0)), np.full(len(bonds), max(-away, 0))
    return np.stack([odd, gained, lost], axis=1), np.maximum(abs(away) - bonds, 0)


def gained(ion: Ion, away: int) -> int:
    """Hydrogens that an ion has more than its fragment bears: beyond the proton, or of EI all."""
    return {"EI": away, "[M+H]+": away + 1, "[M-H]-": -(away + 1)}[ion]


def places(found: Fragments, ion: Ion, away: int) -> tuple[np.ndarray, np.ndarray]:
    """m/z of each fragment with so many hydrogens beyond the proton, and whether it may be (F,).

    A fragment moves as many hydrogens as bonds were broken, or one more.
    """
    sign = -1 if ion == "[M-H]-" else 1
    own = gained(ion, away)
    usable = (abs(away) <= found.bonds + 1) & (found.hydrogens + own >= 0)
    return found.mass + own * HYDROGEN - sign * ELECTRON, usable


def logs(mol: Chem.Mol, found: Fragments, ion: Ion) -> tuple[np.ndarray, np.ndarray]:
    """Every fragment with every change of hydrogens, of a protonated or deprotonated molecule.

    Returns:
        m/z [Th], and logarithms of weights relative to that of the ion that did not break; (F,
        len(AWAY)) each. What cannot be has a weight of 0, whose logarithm is -inf.
    """
    of = fitted(ion)
    described, ends = terms(mol, found)
    fixed, at = described @ of.fixed, ends @ of.at.T
    mz, log = (np.empty((len(found.mass), len(AWAY))) for _ in range(2))
    for column, away in enumerate(AWAY):
        mz[:, column], usable = places(found, ion, away)
        change, beyond = moved(found.bonds, away)
        of_change = (change * (of.moved + at)).sum(1) + beyond * of.beyond
        log[:, column] = np.where(usable, fixed + of_change, -np.inf)
    return mz, log


def unbroken(energy: str, mz: float, ion: Ion) -> float:
    """Weight of the ion that did not break.

    Args:
        energy: of the collision, as the source writes it.
        mz: of the ion [Th]; 0 where it is not known.
    """
    log = float(condition(energy, mz) @ fitted(ion).whole)
    return float(np.exp(np.clip(log, -MOST_UNBROKEN, MOST_UNBROKEN)))


def condition(energy: str, mz: float) -> np.ndarray:
    """(len(WHOLE),) by which the unbroken ion's weight is described."""
    relative = relative_energy(energy, mz)
    size = np.log((mz or TYPICAL_MZ) / TYPICAL_MZ)
    return np.array([1.0, relative, float(not energy_of(energy)[0]), size])


def relative_energy(energy: str, mz: float) -> float:
    """Logarithm of the normalised collision energy over the typical one; 0 where none is stated.

    Args:
        energy: of the collision, as the source writes it.
        mz: of the ion [Th]; 0 where it is not known.
    """
    value, normalised = energy_of(energy)
    if not value:
        return 0.0
    share = value if normalised else value * NORMALISED_MZ / (mz or TYPICAL_MZ)
    return float(np.log(share / TYPICAL_ENERGY))


@cache
def fitted(ion: Ion) -> Summands:
    """The summands of one kind of ion."""
    table = json.loads(TABLE.read_text(encoding="utf-8"))[ion]
    return summands(np.array([table[name] for name in (*TERMS, *WHOLE)]))


def summands(values: np.ndarray) -> Summands:
    """From a list in the order of ``TERMS`` and ``WHOLE``."""
    fixed, moved_, beyond, at, whole = np.split(
        values, np.cumsum([len(FIXED), len(MOVED), 1, len(MOVED) * len(ATOMS)])
    )
    return Summands(fixed, moved_, float(beyond[0]), at.reshape(len(MOVED), len(ATOMS)), whole)


def _kind(bond: Chem.Bond) -> str:
    ends = (bond.GetBeginAtom(), bond.GetEndAtom())
    numbers = {atom.GetAtomicNum() for atom in ends}
    if bond.GetIsAromatic():
        return "aromatic"
    if bond.GetBondType() != Chem.BondType.SINGLE:
        return "double or triple"
    if bond.IsInRing():
        return "C-C in a ring" if numbers == {6} else "C-hetero in a ring"
    if numbers & {15, 16}:
        return "to another element"
    if 6 not in numbers:
        return "between heteroatoms"
    if numbers == {6}:
        return _carbon_carbon(*ends)
    carbon, other = sorted(ends, key=lambda atom: atom.GetAtomicNum() != 6)
    if other.GetAtomicNum() in HALOGENS:
        return "C-halogen"
    name = {7: "C-N", 8: "C-O"}.get(other.GetAtomicNum())
    if name is None:
        return "to another element"
    prefix = "acyl " if acyl(carbon) else "aryl " if carbon.GetIsAromatic() else ""
    return prefix + name


def _carbon_carbon(one: Chem.Atom, two: Chem.Atom) -> str:
    if acyl(one) or acyl(two):
        return "acyl C-C"
    if one.GetIsAromatic() or two.GetIsAromatic():
        return "aryl C-C"
    for atom, other in ((one, two), (two, one)):
        for neighbour in atom.GetNeighbors():
            if neighbour.GetIdx() != other.GetIdx() and (
                neighbour.GetAtomicNum() != 6
                or neighbour.GetHybridization() == Chem.HybridizationType.SP2
            ):
                return "C-C beside a heteroatom or sp2"
    return "C-C"
