"""Splits: the published scaffold split worked out by hand, and splits from a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rdkit.Chem.Scaffolds import MurckoScaffold

from acml_core.errors import BadInput
from acml_core.property.split import by_scaffold, digest, split

BENZENES = ["Cc1ccccc1", "CCc1ccccc1", "Oc1ccccc1", "Nc1ccccc1", "Clc1ccccc1", "Fc1ccccc1"]
PYRIDINES = ["Cc1ccncc1", "CCc1ccncc1"]
FURAN, CHAIN = "Cc1ccoc1", "CCO"


def test_the_scaffold_split_by_hand() -> None:
    """Largest groups first; of equal ones, that which begins later in the table."""
    smiles = [FURAN, *BENZENES, CHAIN, *PYRIDINES]
    parts = by_scaffold(smiles)
    # benzenes (6), then pyridines (2) fill training to 8 of 10; then 'CCO', which begins later
    assert parts.train.tolist() == [1, 2, 3, 4, 5, 6, 8, 9]
    assert parts.validation.tolist() == [7]
    assert parts.test.tolist() == [0]
    assert "Hu et al." in parts.name
    # a group that fits neither training nor validation is test, whole
    parts = by_scaffold([*BENZENES, "CC", "CCC", "CCO", "CCN"])
    assert parts.train.tolist() == [0, 1, 2, 3, 4, 5]
    assert parts.validation.tolist() == []
    assert parts.test.tolist() == [6, 7, 8, 9]


def test_scaffolds_keep_their_stereochemistry() -> None:
    cis, trans = "O=C1C[C@@H]2CCCC[C@@H]2N1", "O=C1C[C@@H]2CCCC[C@H]2N1"
    smiles = [cis, trans] * 5
    parts = by_scaffold(smiles, (0.5, 0.5, 0.0))
    assert {smiles[i] for i in parts.train} == {trans}, (
        "of two equal groups the one that begins later"
    )
    assert {smiles[i] for i in parts.validation} == {cis}


def test_scaffolds_are_not_divided(smiles: list[str]) -> None:
    parts = by_scaffold(smiles)
    assert sorted([*parts.train, *parts.validation, *parts.test]) == list(range(len(smiles)))
    frames = [
        {MurckoScaffold.MurckoScaffoldSmiles(smiles[i], includeChirality=True) for i in part}
        for part in parts[:3]
    ]
    assert not frames[0] & frames[1]
    assert not frames[0] & frames[2]
    assert not frames[1] & frames[2]
    assert len(parts.train) <= 0.8 * len(smiles)
    assert by_scaffold(smiles).test.tolist() == parts.test.tolist()


def test_shares_of_nothing_leave_a_part_empty(smiles: list[str]) -> None:
    parts = by_scaffold(smiles, (0.875, 0.125, 0.0))
    assert len(parts.test) == 0
    assert len(parts.train) + len(parts.validation) == len(smiles)


def test_a_digest_is_of_molecules_and_order() -> None:
    assert digest(["CC", "CO"]) == digest(["CC", "CO"])
    assert len({digest(["CC", "CO"]), digest(["CO", "CC"]), digest(["CC"])}) == 3


def test_splits_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "split.json"
    path.write_text(json.dumps({"train": [0, 1], "validation": [2], "test": [3]}))
    assert split(["C"] * 4, str(path)).test.tolist() == [3]
    for bad, said in (
        ({"train": [0], "validation": [0], "test": [1]}, "two parts"),
        ({"train": [0], "validation": [9], "test": [1]}, "names molecule 9 of 4"),
        ({"train": [0]}, "no split can be read"),
    ):
        path.write_text(json.dumps(bad))
        with pytest.raises(BadInput, match=said):
            split(["C"] * 4, str(path))
    with pytest.raises(BadInput, match="no split is called"):
        split(["C"], "scafold")


def test_a_random_split_follows_its_seed() -> None:
    smiles = ["C"] * 100
    one, again, other = (split(smiles, "random", seed=seed) for seed in (1, 1, 2))
    assert one.test.tolist() == again.test.tolist() != other.test.tolist()
    assert [len(part) for part in one[:3]] == [80, 10, 10]
