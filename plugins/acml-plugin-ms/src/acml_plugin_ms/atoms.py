"""Kinds of atoms at which bonds break, by what a tandem spectrum sees of them."""

from __future__ import annotations

from rdkit import Chem

ATOMS = (
    "aromatic C", "acyl C", "sp2 C", "sp C", "C beside a heteroatom", "C beside sp2", "other C",
    "aromatic N", "amide N", "aryl N", "amine N", "other N",
    "oxo O", "hydroxyl O", "acyl O", "aryl O", "ether O",
    "S", "P", "halogen", "other",
)  # fmt: skip
"""Amide N includes sulfonamides, acyl O acids and esters, aryl O phenols, oxo O all =O."""

HALOGENS = (9, 17, 35, 53)
ELEMENTS = {15: "P", 16: "S", **dict.fromkeys(HALOGENS, "halogen")}


def kind(atom: Chem.Atom) -> int:
    """Number of the atom's kind in ``ATOMS``."""
    of = {6: _carbon, 7: _nitrogen, 8: _oxygen}.get(atom.GetAtomicNum())
    return ATOMS.index(of(atom) if of else ELEMENTS.get(atom.GetAtomicNum(), "other"))


def acyl(atom: Chem.Atom) -> bool:
    """Whether a double bond leads from the carbon to O, S or N."""
    return any(
        bond.GetBondType() == Chem.BondType.DOUBLE
        and bond.GetOtherAtom(atom).GetAtomicNum() in (7, 8, 16)
        for bond in atom.GetBonds()
    )


def _carbon(atom: Chem.Atom) -> str:
    if atom.GetIsAromatic():
        return "aromatic C"
    if acyl(atom):
        return "acyl C"
    if _has(atom, Chem.BondType.TRIPLE):
        return "sp C"
    if _has(atom, Chem.BondType.DOUBLE):
        return "sp2 C"
    neighbours = atom.GetNeighbors()
    if any(one.GetAtomicNum() != 6 for one in neighbours):
        return "C beside a heteroatom"
    if any(one.GetIsAromatic() or _has(one, Chem.BondType.DOUBLE) for one in neighbours):
        return "C beside sp2"
    return "other C"


def _nitrogen(atom: Chem.Atom) -> str:
    if atom.GetIsAromatic():
        return "aromatic N"
    if any(bond.GetBondType() != Chem.BondType.SINGLE for bond in atom.GetBonds()):
        return "other N"
    neighbours = atom.GetNeighbors()
    if any(_acid(one) for one in neighbours):
        return "amide N"
    if any(one.GetIsAromatic() for one in neighbours):
        return "aryl N"
    return "amine N" if all(one.GetAtomicNum() == 6 for one in neighbours) else "other N"


def _oxygen(atom: Chem.Atom) -> str:
    if atom.GetIsAromatic():
        return "aryl O"
    if any(bond.GetBondType() != Chem.BondType.SINGLE for bond in atom.GetBonds()):
        return "oxo O"
    neighbours = atom.GetNeighbors()
    if any(one.GetAtomicNum() == 6 and acyl(one) for one in neighbours):
        return "acyl O"
    if any(one.GetIsAromatic() for one in neighbours):
        return "aryl O"
    return "hydroxyl O" if len(neighbours) == 1 else "ether O"


def _acid(atom: Chem.Atom) -> bool:
    """Acyl carbon, or S or P with a double bond: what makes an amine an amide."""
    if atom.GetAtomicNum() == 6:
        return acyl(atom)
    return atom.GetAtomicNum() in (15, 16) and _has(atom, Chem.BondType.DOUBLE)


def _has(atom: Chem.Atom, kind: Chem.BondType) -> bool:
    return any(bond.GetBondType() == kind for bond in atom.GetBonds())
