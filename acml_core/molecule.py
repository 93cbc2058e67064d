"""The one canonicaliser. Queries, candidates, training rows and test rows all pass through it.

The identity of a molecule is the first block of its standard InChIKey (14 characters), which merges
stereoisomers, isotopes and protonation states. The substance is kept as it is written: a salt stays
a salt, with the identity, formula and mass of the salt, since that is what a database or a vendor
means by it; strip counter-ions before, if the free base is meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rdkit import Chem, RDLogger
from rdkit.Chem.rdMolDescriptors import CalcExactMolWt, CalcMolFormula

from acml_core.errors import BadInput

MAX_ATOMS = 1000
"""Heavy atoms of the largest molecule accepted; InChI itself ends at 1,024 atoms."""

KEY_LENGTH = 14
"""Characters of the InChIKey's first block."""

MASS_DECIMALS = 6
"""Masses [Da] are rounded here: the sum's last bits depend on the order of the atoms."""

_WILDCARD = Chem.MolFromSmarts("[#0]")  # twenty times as fast as asking each atom

RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]  # its words come back in our errors


@dataclass(frozen=True, slots=True)
class Molecule:
    """A canonical molecule.

    Attributes:
        smiles: RDKit's canonical isomeric SMILES.
        inchikey: standard InChIKey, 27 characters.
        formula: Hill formula; charge as a suffix.
        mass: monoisotopic (exact) mass [Da], electrons of a charge not counted.
    """

    smiles: str
    inchikey: str
    formula: str
    mass: float

    @property
    def key(self) -> str:
        """InChIKey-14: the identity."""
        return self.inchikey[:KEY_LENGTH]


def parse_smiles(smiles: str) -> Chem.Mol:
    """SMILES to a sanitised RDKit molecule without explicit hydrogens.

    Raises:
        BadInput: empty, not SMILES, no atoms, larger than ``MAX_ATOMS``, or a wildcard atom.
    """
    text = smiles.strip() if isinstance(smiles, str) else ""
    if not text:
        raise BadInput("the SMILES is empty", remedy="Give a structure for this row.")
    mol = Chem.MolFromSmiles(text)
    if mol is None:
        raise BadInput(
            f"{text[:80]!r} is not a SMILES that RDKit accepts",
            remedy="Check brackets, ring closures and valences.",
        )
    return _complete(mol)


def _complete(mol: Chem.Mol) -> Chem.Mol:
    """The molecule itself, where it is one that has an identity.

    Raises:
        BadInput: no atoms, more than ``MAX_ATOMS``, or a wildcard atom.
    """
    if mol.GetNumAtoms() == 0:
        raise BadInput("the structure has no atoms", remedy="Give a structure for this row.")
    if mol.GetNumAtoms() > MAX_ATOMS:
        raise BadInput(
            f"the molecule has {mol.GetNumAtoms()} heavy atoms, more than {MAX_ATOMS}",
            remedy="Leave it out: InChI gives no identity beyond that.",
        )
    if mol.HasSubstructMatch(_WILDCARD):
        raise BadInput(
            f"{Chem.MolToSmiles(mol)[:80]!r} has a wildcard atom",
            remedy="Give a complete structure, without R groups or attachment points.",
        )
    return mol


def canonicalise(source: str | Chem.Mol) -> Molecule:
    """SMILES, or a sanitised RDKit molecule, to its canonical form.

    Raises:
        BadInput: as ``parse_smiles``; or InChI refuses the structure.
    """
    mol = parse_smiles(source) if isinstance(source, str) else _complete(source)
    return named(mol, identity(mol))


def identity(mol: Chem.Mol) -> str:
    """The first step of ``canonicalise``: the standard InChIKey, 27 characters.

    Args:
        mol: from ``parse_smiles``.

    Raises:
        BadInput: InChI refuses the structure.
    """
    inchikey = Chem.MolToInchiKey(mol)
    if not inchikey:
        raise BadInput(
            f"InChI gives no key for {Chem.MolToSmiles(mol)[:80]!r}",
            remedy="Check valences and charges.",
        )
    return inchikey


def named(mol: Chem.Mol, inchikey: str) -> Molecule:
    """The second step of ``canonicalise``: everything else."""
    return Molecule(
        smiles=Chem.MolToSmiles(mol),
        inchikey=inchikey,
        formula=CalcMolFormula(mol),
        mass=round(CalcExactMolWt(mol), MASS_DECIMALS),
    )


def in_hill_order(counts: Mapping[str, int]) -> str:
    """Numbers of elements as a formula: C, H, then the alphabet; without C, H too by the alphabet."""
    first = [e for e in ("C", "H") if e in counts] if "C" in counts else []
    order = first + sorted(e for e in counts if e not in first)
    return "".join(e + (str(counts[e]) if counts[e] > 1 else "") for e in order)
