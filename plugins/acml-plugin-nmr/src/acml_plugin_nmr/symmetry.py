"""Which atoms of a molecule give one NMR signal: sets of chemically equivalent atoms.

Two atoms are equivalent when labelling one or the other gives the same molecule or its mirror image
(the substitution test of topicity: homotopic and enantiotopic atoms share a shift, diastereotopic
atoms do not; Mislow and Raban, Top. Stereochem. 1967, 1, 1). So both ortho carbons of a phenyl ring
are one set, and the two methyl groups of R-CH=C(CH3)2 are two.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from rdkit import Chem
from rdkit.Chem.rdMolTransforms import TransformConformer

_LABEL = {1: 2, 6: 13}
"""Atomic number to the mass number used as a label."""

_MIRROR = np.diag([-1.0, 1.0, 1.0, 1.0])
"""Reflection in the plane x = 0, as a 4 x 4 transformation."""


def equivalent_sets(mol: Chem.Mol, atomic_number: int) -> list[list[int]]:
    """Sets of equivalent atoms of one element.

    Args:
        mol: with explicit hydrogens and one 3D conformer, from which the configuration is taken.
        atomic_number: 1 or 6.

    Returns:
        atom indices, one list a set, ordered by their smallest index.

    Rotation about single bonds is taken as fast, restricted amide rotation too; tautomers and
    conformers are not looked at.
    """
    ranks = Chem.CanonicalRankAtoms(mol, breakTies=False, includeChirality=False)
    constitution: dict[int, list[int]] = defaultdict(list)
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum() == atomic_number:
            constitution[ranks[atom.GetIdx()]].append(atom.GetIdx())
    pair = _Pair(mol)
    sets: list[list[int]] = []
    for atoms in constitution.values():
        if len(atoms) == 1 or _on_one_rotor(mol, atoms):
            sets.append(atoms)
            continue
        by_label: dict[tuple[str, str], list[int]] = defaultdict(list)
        for index in atoms:
            by_label[pair.labelled(index)].append(index)
        sets.extend(by_label.values())
    return sorted(sets)


class _Pair:
    """A molecule and its mirror image, as written with one atom labelled."""

    def __init__(self, mol: Chem.Mol) -> None:
        mirror = Chem.Mol(mol)
        TransformConformer(mirror.GetConformer(), _MIRROR)
        self._images = (mol, mirror)

    def labelled(self, index: int) -> tuple[str, str]:
        first, second = sorted(_labelled_smiles(image, index) for image in self._images)
        return first, second


def _labelled_smiles(mol: Chem.Mol, index: int) -> str:
    copy = Chem.Mol(mol)
    atom = copy.GetAtomWithIdx(index)
    atom.SetIsotope(_LABEL[atom.GetAtomicNum()])
    Chem.AssignStereochemistryFrom3D(copy, replaceExistingTags=True)
    return Chem.MolToSmiles(Chem.RemoveHs(copy))


def _on_one_rotor(mol: Chem.Mol, atoms: list[int]) -> bool:
    """Three hydrogens of one atom (CH3, NH3+): equivalent by rotation, no test needed."""
    if len(atoms) != 3 or any(mol.GetAtomWithIdx(i).GetAtomicNum() != 1 for i in atoms):
        return False
    return len({mol.GetAtomWithIdx(i).GetNeighbors()[0].GetIdx() for i in atoms}) == 1
