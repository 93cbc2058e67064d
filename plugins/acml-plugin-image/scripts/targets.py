"""What the encoder learns to predict of a molecule: fingerprints, environments and counts."""

from __future__ import annotations

import numpy as np
from rdkit import Chem
from rdkit.Chem import Crippen, rdFingerprintGenerator, rdMolDescriptors

MORGAN_BITS, TORSION_BITS, ENVIRONMENTS = 2048, 1024, 1024
LOCAL = 512
"""Hashed environments of single atoms."""

BITS = MORGAN_BITS + TORSION_BITS
MAX_COUNT = 255

ELEMENTS = (1, 5, 6, 7, 8, 9, 14, 15, 16, 17, 34, 35, 53)
"""Atomic numbers that are counted; all others are counted together."""

RING_SIZES = (3, 4, 5, 6, 7, 8)

_MORGAN = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=MORGAN_BITS)
_TORSION = rdFingerprintGenerator.GetTopologicalTorsionGenerator(fpSize=TORSION_BITS)
_LOCAL = rdFingerprintGenerator.GetMorganGenerator(
    radius=1, fpSize=LOCAL, includeRedundantEnvironments=True
)
_NEAR = rdFingerprintGenerator.GetMorganGenerator(radius=1, fpSize=ENVIRONMENTS)


def bits(mol: Chem.Mol) -> np.ndarray:
    """(BITS,) uint8, 0 or 1: Morgan (radius 2), then topological torsions."""
    return np.concatenate(
        [_MORGAN.GetFingerprintAsNumPy(mol), _TORSION.GetFingerprintAsNumPy(mol)]
    ).astype(np.uint8)


def environments(mol: Chem.Mol) -> np.ndarray:
    """(ENVIRONMENTS,) uint8: how often each hashed environment of radius 0 or 1 occurs."""
    return np.minimum(_NEAR.GetCountFingerprintAsNumPy(mol), MAX_COUNT).astype(np.uint8)


def counts(mol: Chem.Mol) -> np.ndarray:
    """(COUNTS,) float32, log(1 + x) of counts; partition coefficient and charge as they are."""
    elements = dict.fromkeys(ELEMENTS, 0)
    others = 0
    for atom in mol.GetAtoms():
        number = atom.GetAtomicNum()
        if number in elements:
            elements[number] += 1
        else:
            others += 1
        elements[1] += atom.GetTotalNumHs()
    bonds = [bond.GetBondType() for bond in mol.GetBonds()]
    kinds = Chem.BondType
    sizes = [len(ring) for ring in mol.GetRingInfo().AtomRings()]
    values = [
        *elements.values(),
        others,
        *(bonds.count(kind) for kind in (kinds.SINGLE, kinds.DOUBLE, kinds.TRIPLE, kinds.AROMATIC)),
        *(sizes.count(size) for size in RING_SIZES),
        sum(size > RING_SIZES[-1] for size in sizes),
        rdMolDescriptors.CalcNumAromaticRings(mol),
        rdMolDescriptors.CalcNumRotatableBonds(mol),
        rdMolDescriptors.CalcNumHBD(mol),
        rdMolDescriptors.CalcNumHBA(mol),
        rdMolDescriptors.CalcTPSA(mol),
        len(Chem.GetMolFrags(mol)),
        sum(atom.GetFormalCharge() > 0 for atom in mol.GetAtoms()),
        sum(atom.GetFormalCharge() < 0 for atom in mol.GetAtoms()),
        sum(atom.GetDegree() > 2 for atom in mol.GetAtoms()),
        sum(atom.GetDegree() > 3 for atom in mol.GetAtoms()),
    ]
    plain = [Crippen.MolLogP(mol) / 3, float(Chem.GetFormalCharge(mol))]
    return np.concatenate([np.log1p(values), plain]).astype(np.float32)


def by_atom(mol: Chem.Mol) -> np.ndarray:
    """(atoms, 2) int16: the hashed environments of radius 0 and 1 around each atom."""
    output = rdFingerprintGenerator.AdditionalOutput()
    output.AllocateAtomToBits()
    _LOCAL.GetFingerprint(mol, additionalOutput=output)
    found = [(*bits[:2], *bits[:1])[:2] for bits in output.GetAtomToBits()]
    return np.array(found, dtype=np.int16).reshape(-1, 2)


COUNTS = len(counts(Chem.MolFromSmiles("C")))
