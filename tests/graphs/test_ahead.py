"""Graphs begun ahead are those that ``build`` would make, and nobody has to take them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator

import pytest

from acml_core.graphs import ahead
from acml_core.graphs.build import build


@pytest.fixture(autouse=True)
def nothing_begun() -> Iterator[None]:
    assert not ahead._begun
    yield
    ahead.give_up()


def chains(count: int) -> list[str]:
    return ["C" * (1 + n % 40) + "O" * (n // 40) + "N" for n in range(count)]


def test_what_was_begun_is_what_would_be_made() -> None:
    """With a bad row and a repeated one among them, as a user's file has them."""
    smiles = [*chains(ahead.FEWEST), "bad", "CN"]
    alone = build(smiles, workers=1, progress=False)
    ahead.start(smiles)
    assert len(ahead._begun) == 1
    begun = build(smiles, workers=1, progress=False)
    assert not ahead._begun
    assert begun.rows.tolist() == alone.rows.tolist()
    assert list(begun.graphs.smiles) == list(alone.graphs.smiles)
    assert begun.rejects == alone.rejects
    assert [reject.row for reject in begun.rejects] == [ahead.FEWEST + 1]
    assert not multiprocessing.active_children()


def test_other_molecules_do_not_take_it() -> None:
    ahead.start(chains(ahead.FEWEST))
    other = build(["C", "CC"], progress=False)
    assert list(other.graphs.smiles) == ["C", "CC"]
    assert len(ahead._begun) == 1


def test_what_nobody_takes_is_given_up() -> None:
    ahead.start(chains(ahead.FEWEST))
    assert multiprocessing.active_children()
    ahead.give_up()
    assert not ahead._begun
    assert not multiprocessing.active_children()


def test_few_molecules_are_not_worth_workers() -> None:
    ahead.start(chains(ahead.FEWEST - 1))
    ahead.start(["C"] * ahead.FEWEST)
    assert not ahead._begun
