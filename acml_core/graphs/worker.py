"""One chunk of SMILES to molecules and graphs: what a worker process runs. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from acml_core.errors import BadInput
from acml_core.graphs.featurize import MolGraph, featurize
from acml_core.molecule import Molecule, identity, named, parse_smiles

CHUNK = 500
"""Molecules that a worker takes at a time; also how far Ctrl-C may have to wait."""

Made = tuple[Molecule, MolGraph] | str
"""A molecule and its graph, or the reason why there is none."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def make_chunk(smiles: list[str]) -> list[Made]:
    """Parse, canonicalise and featurise each SMILES.

    Step by step over all of them: the code of one step stays in the processor's cache, which takes a
    third of the time off.
    """
    failed: dict[int, str] = {}
    mols = _step(parse_smiles, smiles, failed)
    keys = _step(identity, mols, failed)
    pairs = zip(mols, keys, strict=True)
    molecules = _step(lambda pair: named(*pair), pairs, failed)  # type: ignore[arg-type]
    graphs = _step(featurize, mols, failed)
    made = enumerate(zip(molecules, graphs, strict=True))
    return [failed.get(i, pair) for i, pair in made]  # type: ignore[arg-type]


def _step(
    function: Callable[[Item], Result], items: Iterable[Item | None], failed: dict[int, str]
) -> list[Result | None]:
    """The function of each item that has not failed yet; why it failed goes to ``failed``."""
    results: list[Result | None] = []
    for number, item in enumerate(items):
        result = None
        if number not in failed:
            try:
                result = function(item)  # type: ignore[arg-type]
            except BadInput as error:
                failed[number] = error.what
            except (
                Exception
            ) as error:  # RDKit raises many kinds; a row's failure is that row's alone
                failed[number] = f"{type(error).__name__}: {' '.join(str(error).split())}"
        results.append(result)
    return results
