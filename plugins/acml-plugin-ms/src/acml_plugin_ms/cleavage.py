"""How likely a fragment ion of a tandem spectrum is, by the bonds that broke and the hydrogens moved.

The logarithm of an ion's weight is a sum over the bonds that had to break, by their kind, and over what
else makes it rarer: a hydrogen gained or lost beyond the proton, an odd number of electrons, a second
cut, no heteroatom to hold the charge. ``data/cleavage.json`` holds the summands; they were fitted by
``scripts/fit_cleavage.py`` so that among molecules of one formula the measured one explains its
spectrum best (conditional logit; [M+H]+ spectra of MassBank, molecules of the training side alone).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
from rdkit import Chem

from acml_core.adducts import ELECTRON
from acml_plugin_ms.fragments import HYDROGEN, Fragments
from acml_plugin_ms.ions import Ion, IonList

TABLE = Path(__file__).parent / "data" / "cleavage.json"

BONDS = (
    "C-C", "C-C beside a heteroatom or sp2", "acyl C-C", "aryl C-C",
    "C-N", "acyl C-N", "aryl C-N", "C-O", "acyl C-O", "aryl C-O",
    "to another element", "C-halogen", "between heteroatoms",
    "C-C in a ring", "C-hetero in a ring", "aromatic", "double or triple",
)  # fmt: skip
"""Kinds of bonds. Those before the last four are single and in no ring; S, P and all elements but H, C,
N, O and halogens are "another"."""

REST = (
    "odd electrons", "hydrogen gained", "hydrogen lost", "hydrogen beyond the valences",
    "second cut", "no heteroatom",
)  # fmt: skip
"""What else an ion is described by: counts, or 0 and 1."""

TERMS = (*BONDS, *REST)
SHIFTS = range(-5, 5)
"""Hydrogens that a fragment of a positive ion may have more than in the molecule."""

HALOGENS = (9, 17, 35, 53)


def kind(bond: Chem.Bond) -> int:
    """Number of the bond's kind in ``BONDS``."""
    return BONDS.index(_kind(bond))


def terms(mol: Chem.Mol, found: Fragments) -> np.ndarray:
    """What each fragment costs whatever its hydrogens, (F, len(TERMS)); 0 for those of hydrogens."""
    result = np.zeros((len(found.mass), len(TERMS)))
    bonds = list(mol.GetBonds())
    if bonds:
        ends = np.array([(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in bonds])
        kinds = np.array([kind(bond) for bond in bonds])
        broken = found.atoms[:, ends[:, 0]] != found.atoms[:, ends[:, 1]]
        result[:, : len(BONDS)] = broken @ np.eye(len(BONDS))[kinds]
    hetero = np.array([atom.GetAtomicNum() != 6 for atom in mol.GetAtoms()])
    result[:, TERMS.index("second cut")] = found.depth == 2
    result[:, TERMS.index("no heteroatom")] = ~(found.atoms & hetero).any(1)
    return result


def moved(bonds: np.ndarray, away: int) -> np.ndarray:
    """What ``away`` hydrogens beyond the proton cost a fragment of so many broken bonds, (F, T)."""
    result = np.zeros((len(bonds), len(TERMS)))
    result[:, TERMS.index("odd electrons")] = (abs(away) - bonds) % 2 != 0
    result[:, TERMS.index("hydrogen gained")] = max(away, 0)
    result[:, TERMS.index("hydrogen lost")] = max(-away, 0)
    result[:, TERMS.index("hydrogen beyond the valences")] = np.maximum(abs(away) - bonds, 0)
    return result


def ions(mol: Chem.Mol, found: Fragments, ion: Ion) -> IonList:
    """Every fragment with every change of hydrogens, of a protonated or deprotonated molecule.

    A fragment moves as many hydrogens as bonds were broken, or one more.
    """
    weights = fitted()
    fixed = terms(mol, found) @ weights
    sign = -1 if ion == "[M-H]-" else 1
    mz, weight, fragment = [], [], []
    for shift in SHIFTS:
        away = shift - 1
        own = sign * shift  # a deprotonated molecule mirrors the protonated one
        usable = (abs(away) <= found.bonds + 1) & (found.hydrogens + own >= 0)
        index = np.flatnonzero(usable)
        mz.append(found.mass[index] + own * HYDROGEN - sign * ELECTRON)
        weight.append(np.exp(fixed[index] + moved(found.bonds[index], away) @ weights))
        fragment.append(index)
    return IonList(np.concatenate(mz), np.concatenate(weight), np.concatenate(fragment))


@cache
def fitted() -> np.ndarray:
    """The summands, (len(TERMS),), in the order of ``TERMS``."""
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    return np.array([table[name] for name in TERMS])


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
    prefix = "acyl " if _acyl(carbon) else "aryl " if carbon.GetIsAromatic() else ""
    return prefix + name


def _carbon_carbon(one: Chem.Atom, two: Chem.Atom) -> str:
    if _acyl(one) or _acyl(two):
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


def _acyl(atom: Chem.Atom) -> bool:
    """Whether a double bond leads from the carbon to O, S or N."""
    return any(
        bond.GetBondType() == Chem.BondType.DOUBLE
        and bond.GetOtherAtom(atom).GetAtomicNum() in (7, 8, 16)
        for bond in atom.GetBonds()
    )
