"""RDKit molecule to categorical atom and bond features.

Every feature is a category number that fits uint8, so that an encoder looks it up and nothing is
scaled. The features do not depend on how the atoms are numbered: renumbering a molecule only
permutes the rows. RDKit's chiral tags and bond directions do depend on it, so they are taken
relative to CIP priorities or to the canonical SMILES (see ``ATOM_FEATURES``, ``BOND_FEATURES``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdqueries

FEATURES_VERSION = 1
"""Raised whenever a value changes its meaning; part of ``fingerprint()``."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One categorical feature: its values are integers ``0 <= value < size``."""

    name: str
    size: int


ATOM_FEATURES: tuple[Feature, ...] = (
    Feature("element", 119),
    Feature("degree", 7),
    Feature("charge", 6),
    Feature("hydrogens", 6),
    Feature("hybridisation", 6),
    Feature("aromatic", 2),
    Feature("ring", 7),
    Feature("ring_count", 4),
    Feature("chirality", 4),
    Feature("radical", 3),
)
"""Columns of ``MolGraph.atoms``, with what their values mean:

element: atomic number.
degree: 0 to 5 neighbours in the graph; 6 for more.
charge: formal charge -2, -1, 0, +1, +2 as 0 to 4; 5 for another.
hydrogens: 0 to 4 hydrogens that are not atoms of the graph; 5 for more. ([2H] is an atom.)
hybridisation: sp, sp2, sp3, sp3d, sp3d2 as 0 to 4; 5 for another.
aromatic: 0 or 1.
ring: smallest ring of the atom: none, 3, 4, 5, 6, 7, 8 or more as 0 to 6.
ring_count: rings of the atom in RDKit's symmetrised SSSR; 3 for three or more.
chirality: none, clockwise, counter-clockwise, other as 0 to 3. Clockwise is CIP's R (or r); a
    centre without a CIP label, as in cis-1,4-dimethylcyclohexane, has its tag in the canonical
    SMILES.
radical: 0, 1, and 2 for more, unpaired electrons.

Isotopes are left out, since the first block of an InChIKey merges them.
"""

BOND_FEATURES: tuple[Feature, ...] = (
    Feature("type", 5),
    Feature("conjugated", 2),
    Feature("ring", 2),
    Feature("stereo", 4),
    Feature("direction", 3),
)
"""Columns of ``MolGraph.bond_features``:

type: single, double, triple, aromatic as 0 to 3; 4 for dative and others.
conjugated, ring: 0 or 1.
stereo: none, any (marked as unknown), Z or cis, E or trans as 0 to 3.
direction: none, end-up-right, end-down-right as 0 to 2: the slashes of the canonical SMILES, beside
    stereo double bonds, which arXiv 2311.06456's encoder reads.
"""

OTHER_CHARGE = 5
OTHER_HYBRIDISATION = 5
OTHER_CHIRALITY = 3
OTHER_BOND = 4
MAX_ELEMENT = 118
MAX_DEGREE = 6
MAX_HYDROGENS = 5
MAX_RADICAL = 2
MAX_RING_COUNT = 3
LARGEST_RING = 8
SMALLEST_RING = 3

_CHARGE = {-2: 0, -1: 1, 0: 2, 1: 3, 2: 4}
_HYBRIDISATION: dict[Any, int] = {
    Chem.HybridizationType.SP: 0,
    Chem.HybridizationType.SP2: 1,
    Chem.HybridizationType.SP3: 2,
    Chem.HybridizationType.SP3D: 3,
    Chem.HybridizationType.SP3D2: 4,
}
_CHIRALITY: dict[Any, int] = {
    Chem.ChiralType.CHI_UNSPECIFIED: 0,
    Chem.ChiralType.CHI_TETRAHEDRAL_CW: 1,
    Chem.ChiralType.CHI_TETRAHEDRAL_CCW: 2,
}
_CIP = {"R": 1, "r": 1, "S": 2, "s": 2}
_BOND_ORDER = {1.0: 0, 2.0: 1, 3.0: 2, 1.5: 3}
_DATIVE = Chem.MolFromSmarts("*->*")
_DATIVES = (Chem.BondType.DATIVE, Chem.BondType.DATIVEONE)
_STEREO: dict[Any, int] = {
    Chem.BondStereo.STEREONONE: 0,
    Chem.BondStereo.STEREOANY: 1,
    Chem.BondStereo.STEREOZ: 2,
    Chem.BondStereo.STEREOCIS: 2,
    Chem.BondStereo.STEREOE: 3,
    Chem.BondStereo.STEREOTRANS: 3,
}
_DIRECTION: dict[Any, int] = {Chem.BondDir.ENDUPRIGHT: 1, Chem.BondDir.ENDDOWNRIGHT: 2}
_FIRST_DIRECTED_STEREO = 2
_TAGGED = rdqueries.HasChiralTagQueryAtom()

_CHIRALITY_COLUMN = [feature.name for feature in ATOM_FEATURES].index("chirality")
_TYPE_COLUMN = [feature.name for feature in BOND_FEATURES].index("type")
_DIRECTION_COLUMN = [feature.name for feature in BOND_FEATURES].index("direction")


class MolGraph(NamedTuple):
    """A molecule's graph, atoms numbered as in the RDKit molecule.

    Attributes:
        atoms: ``(V, A)`` uint8, columns as ``ATOM_FEATURES``.
        bonds: ``(E, 2)`` int32, both atoms of each bond; every bond once.
        bond_features: ``(E, B)`` uint8, columns as ``BOND_FEATURES``.
    """

    atoms: np.ndarray
    bonds: np.ndarray
    bond_features: np.ndarray


def fingerprint() -> str:
    """Hash of the scheme (names, sizes, version). Artefacts of another scheme cannot be used."""
    text = repr(
        (
            FEATURES_VERSION,
            [(feature.name, feature.size) for feature in ATOM_FEATURES],
            [(feature.name, feature.size) for feature in BOND_FEATURES],
        )
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def featurize(mol: Chem.Mol) -> MolGraph:
    """Features of a sanitised molecule, with or without bonds.

    RDKit returns an enumeration several times slower than a number, and hands an atom out by its
    number faster than by iteration: hence the bond's order in place of its type, stereo for double
    bonds only, and chiral tags by one query.
    """
    smallest, count = _rings(mol)
    charges, hybrids = _CHARGE, _HYBRIDISATION
    flat: list[int] = []
    extend = flat.extend
    get = mol.GetAtomWithIdx
    for number in range(mol.GetNumAtoms()):
        atom = get(number)
        extend(
            (
                atom.GetAtomicNum(),
                atom.GetDegree(),
                charges.get(atom.GetFormalCharge(), OTHER_CHARGE),
                atom.GetTotalNumHs(),
                hybrids.get(atom.GetHybridization(), OTHER_HYBRIDISATION),
                atom.GetIsAromatic(),
                smallest[number],
                count[number],
                0,  # chirality: filled below for the few atoms that have one
                atom.GetNumRadicalElectrons(),
            )
        )
    table = np.array(flat, dtype=np.int32).reshape(-1, len(ATOM_FEATURES))
    atoms = np.minimum(table, _ATOM_LIMITS).astype(np.uint8)

    orders, stereos = _BOND_ORDER, _STEREO
    flat = []
    extend = flat.extend
    get = mol.GetBondWithIdx
    directed = False
    for number in range(mol.GetNumBonds()):
        bond = get(number)
        order = bond.GetBondTypeAsDouble()
        stereo = stereos.get(bond.GetStereo(), 0) if order == 2.0 else 0
        directed = directed or stereo >= _FIRST_DIRECTED_STEREO
        extend(
            (
                bond.GetBeginAtomIdx(),
                bond.GetEndAtomIdx(),
                orders.get(order, OTHER_BOND),
                bond.GetIsConjugated(),
                bond.IsInRing(),
                stereo,
                0,  # direction: filled below for the few bonds that have one
            )
        )
    table = np.array(flat, dtype=np.int32).reshape(-1, 2 + len(BOND_FEATURES))
    graph = MolGraph(atoms, table[:, :2].copy(), table[:, 2:].astype(np.uint8))

    if mol.HasSubstructMatch(_DATIVE):  # its order is that of a single bond
        for bond in mol.GetBonds():
            if bond.GetBondType() in _DATIVES:
                graph.bond_features[bond.GetIdx(), _TYPE_COLUMN] = OTHER_BOND
    chiral = [atom.GetIdx() for atom in mol.GetAtomsMatchingQuery(_TAGGED)]
    if directed or chiral:
        _orient(mol, graph, chiral, directed)
    return graph


_ATOM_LIMITS = np.array(
    [
        {"element": MAX_ELEMENT, "degree": MAX_DEGREE, "hydrogens": MAX_HYDROGENS}.get(
            feature.name, MAX_RADICAL if feature.name == "radical" else feature.size - 1
        )
        for feature in ATOM_FEATURES
    ],
    dtype=np.int32,
)


def _rings(mol: Chem.Mol) -> tuple[list[int], list[int]]:
    """Of each atom: its smallest ring's category, and the clipped number of its rings."""
    size = mol.GetNumAtoms()
    smallest, count = [0] * size, [0] * size
    for ring in mol.GetRingInfo().AtomRings():
        category = min(len(ring), LARGEST_RING) - SMALLEST_RING + 1
        for number in ring:
            if count[number] < MAX_RING_COUNT:
                count[number] += 1
            if not smallest[number] or category < smallest[number]:
                smallest[number] = category
    return smallest, count


def _orient(mol: Chem.Mol, graph: MolGraph, chiral: list[int], directed: bool) -> None:
    """Fill chirality and direction with values that do not depend on the numbering, in place."""
    chirality = graph.atoms[:, _CHIRALITY_COLUMN]
    unlabelled = False
    for number in chiral:
        atom = mol.GetAtomWithIdx(number)
        chirality[number] = _handedness(atom)
        unlabelled = unlabelled or not atom.HasProp("_CIPCode")
    if not (unlabelled or directed):
        return

    # A canonical SMILES, read back, is one fixed numbering of the molecule: tags and directions
    # relative to it are the same whatever numbering the molecule came with.
    smiles = Chem.MolToSmiles(mol)
    order = list(mol.GetPropsAsDict(True, True)["_smilesAtomOutputOrder"])
    twin = Chem.MolFromSmiles(smiles)
    if twin is None or twin.GetNumAtoms() != len(order):
        # Explicit hydrogens, or a molecule that its own SMILES does not give back: no orientation.
        chirality[chiral] = OTHER_CHIRALITY
        return
    for atom in twin.GetAtomsMatchingQuery(_TAGGED):
        chirality[order[atom.GetIdx()]] = _handedness(atom)
    if not directed:
        return
    row = {frozenset(bond): i for i, bond in enumerate(graph.bonds.tolist())}
    for bond in twin.GetBonds():
        direction = _DIRECTION.get(bond.GetBondDir(), 0)
        if direction:
            ends = frozenset((order[bond.GetBeginAtomIdx()], order[bond.GetEndAtomIdx()]))
            graph.bond_features[row[ends], _DIRECTION_COLUMN] = direction


def _handedness(atom: Chem.Atom) -> int:
    tag = _CHIRALITY.get(atom.GetChiralTag(), OTHER_CHIRALITY)
    if tag != OTHER_CHIRALITY and atom.HasProp("_CIPCode"):
        return _CIP.get(atom.GetProp("_CIPCode"), OTHER_CHIRALITY)
    return tag
