"""Other SMILES of the same molecule: what toolkits would write, drawn at random.

Randomness comes from the caller, as numbers: RDKit's own generator is seeded anew for each string.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rdkit.Chem import Mol

MAX_SEED = 2**31 - 1
CHOICES = 4
"""Uniform numbers that one string takes: Kekule form, hydrogens, bonds, stereochemistry."""


def draw_numbers(count: int) -> list[tuple[int, Sequence[float]]]:
    """A seed and ``CHOICES`` numbers in [0, 1) for each string, from torch's generator."""
    import torch

    seeds = torch.randint(1, MAX_SEED, (count,)).tolist()
    return list(zip(seeds, torch.rand(count, CHOICES).tolist(), strict=True))


def write(mol: Mol, config: Any, numbers: tuple[int, Sequence[float]]) -> str:
    """One random SMILES of a molecule.

    The root and the order of branches are random (J. Arus-Pous et al., J. Cheminf. 2019, 11, 71). In
    the configured shares of strings it is a Kekule form, has every hydrogen or every bond written,
    or is without stereochemistry.

    Args:
        config: with ``kekule``, ``explicit_hydrogens``, ``explicit_bonds``, ``no_stereo``: shares.
        numbers: of ``draw_numbers``.
    """
    from rdkit import Chem

    seed, (kekule, hydrogens, bonds, stereo) = numbers
    return Chem.MolToRandomSmilesVect(
        mol,
        1,
        randomSeed=seed,
        isomericSmiles=stereo >= config.no_stereo,
        kekuleSmiles=kekule < config.kekule,
        allBondsExplicit=bonds < config.explicit_bonds,
        allHsExplicit=hydrogens < config.explicit_hydrogens,
    )[0]


def rewrite(text: str, config: Any, numbers: tuple[int, Sequence[float]]) -> str:
    """Another SMILES of the molecule that ``text`` writes, or ``text`` where RDKit cannot read it."""
    from rdkit import Chem

    mol = Chem.MolFromSmiles(text)
    return text if mol is None else write(mol, config, numbers)
