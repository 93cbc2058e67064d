"""Graphs that worker processes make while this process still imports torch.

A first search through a file of molecules needs both, and neither needs the other: two cores are done
in the time of the longer one. Imports no torch itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from acml_core.graphs.worker import CHUNK, Made, make_chunk
from acml_core.parallel import Begun, begin

FEWEST = 2 * CHUNK
"""Molecules for which workers are worth their start."""

_begun: list[tuple[list[str], Begun[list[Made]]]] = []


def start(smiles: Sequence[str]) -> None:
    """Begin with these molecules; ``build`` of the same ones takes what was begun."""
    distinct = list(dict.fromkeys(smiles))
    if len(distinct) >= FEWEST:
        chunks = [distinct[i : i + CHUNK] for i in range(0, len(distinct), CHUNK)]
        _begun.append((distinct, begin(make_chunk, chunks)))


def taken(smiles: Sequence[str]) -> Begun[list[Made]] | None:
    """What was begun of exactly these SMILES, in chunks of ``CHUNK``; it is the caller's to close."""
    for place, (own, begun) in enumerate(_begun):
        if own == smiles:
            del _begun[place]
            return begun
    return None


def give_up() -> None:
    """End the work that nobody took."""
    while _begun:
        _begun.pop()[1].close()
