"""Splits of a property table: by scaffold, at random, or as a file says.

The scaffold split is the deterministic one of Hu et al. (arXiv:1905.12265), which GraphMVP and CGIP
report with: Bemis-Murcko scaffolds with chirality, the largest groups first, filled into train,
validation and test in this order.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rdkit.Chem.Scaffolds import MurckoScaffold

from acml_core.errors import BadInput
from acml_core.molecule import parse_smiles

SHARES = (0.8, 0.1, 0.1)
"""Train, validation and test."""

SCAFFOLD = "deterministic Murcko scaffold 80/10/10 (Hu et al.)"
RANDOM = "random 80/10/10"


class Parts(NamedTuple):
    """Numbers of a table's molecules."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    name: str


def split(smiles: Sequence[str], how: str, *, seed: int = 0) -> Parts:
    """Divide molecules.

    Args:
        how: "scaffold", "random", or a JSON file ``{"train": [...], "validation": [...],
            "test": [...]}`` of numbers from 0.
        seed: of the random split.

    Raises:
        BadInput: no such split, or a file that is none of these molecules.
    """
    if how == "scaffold":
        return by_scaffold(smiles)
    if how == "random":
        order = np.random.default_rng(seed).permutation(len(smiles))
        ends = np.cumsum([round(share * len(smiles)) for share in SHARES[:2]])
        train, validation, test = (np.sort(part) for part in np.split(order, ends))
        return Parts(train, validation, test, RANDOM)
    path = Path(how)
    if not path.is_file():
        raise BadInput(
            f"no split is called {how!r}", remedy="Use scaffold, random, or a JSON file's path."
        )
    return _from_file(path, len(smiles))


def by_scaffold(smiles: Sequence[str], shares: tuple[float, float, float] = SHARES) -> Parts:
    """The deterministic scaffold split; the largest groups go to training.

    Args:
        shares: of train, validation and test.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for i, text in enumerate(smiles):
        groups[scaffold(text)].append(i)
    ordered = sorted(groups.values(), key=lambda group: (len(group), group[0]), reverse=True)
    until = shares[0] * len(smiles), (shares[0] + shares[1]) * len(smiles)
    parts: tuple[list[int], list[int], list[int]] = [], [], []
    train, validation, test = parts
    for group in ordered:
        if len(train) + len(group) <= until[0]:
            train += group
        elif len(train) + len(validation) + len(group) <= until[1]:
            validation += group
        else:
            test += group
    first, second, third = (
        np.array(sorted(one), dtype=np.int64) for one in (train, validation, test)
    )
    return Parts(first, second, third, SCAFFOLD)


def scaffold(smiles: str) -> str:
    """Bemis-Murcko scaffold (J. Med. Chem. 1996, 39, 2887) with chirality; "" without a ring."""
    return MurckoScaffold.MurckoScaffoldSmiles(mol=parse_smiles(smiles), includeChirality=True)


def digest(smiles: Sequence[str]) -> str:
    """sha256 of the molecules' canonical SMILES, in order: two reports of one hash tested the same."""
    return hashlib.sha256("\n".join(smiles).encode()).hexdigest()


def _from_file(path: Path, n: int) -> Parts:
    names = ("train", "validation", "test")
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        found = [np.array(given[name], dtype=np.int64).reshape(-1) for name in names]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"no split can be read ({error})",
            source=path,
            remedy='Needed: {"train": [...], "validation": [...], "test": [...]}.',
        ) from None
    together = np.concatenate(found)
    if len(together) and (together.min() < 0 or together.max() >= n):
        raise BadInput(
            f"the split names molecule {int(together.max())} of {n}",
            source=path,
            remedy="Numbers count from 0 the rows that could be used.",
        )
    if len(np.unique(together)) < len(together):
        raise BadInput(
            "the split puts a molecule into two parts", source=path, remedy="Name each once."
        )
    return Parts(found[0], found[1], found[2], f"file {path.name}")
