"""Computed measurements of molecules: for ``acml data simulate``, and for tables of structures alone.

What is drawn depends on the molecule, the seed and the drawing's number only: not on the order of a
table, the number of processes, or what was drawn before.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import torch
from tqdm import tqdm

from acml_core import plugins
from acml_core.config import parse
from acml_core.data import molecules, table
from acml_core.errors import AcmlError, BadInput, Unsupported
from acml_core.modality import Modality, Signal
from acml_core.molecule import canonicalise, parse_smiles
from acml_core.parallel import map_chunks
from acml_core.rejects import Reject

CHUNK = 64
"""Molecules that a worker takes at a time."""

PARALLEL_FROM = 500
"""Fewer molecules than this are simulated in this process: starting workers takes seconds."""

SLOW_START = 50
"""The same for a plugin whose simulation is no drawing but a computation."""

Simulated = list[Signal] | str
"""A molecule's signals, or the reason why there is none."""


class Chunk(NamedTuple):
    """What a worker process is sent."""

    modality: Modality
    smiles: tuple[str, ...]
    drawings: int
    seed: int


def simulate_all(
    modality: Modality,
    smiles: Sequence[str],
    *,
    drawings: int = 1,
    seed: int = 0,
    workers: int | None = None,
    progress: bool = True,
) -> list[Simulated]:
    """``drawings`` simulated signals of each molecule, in order; ``smiles`` of each is canonical.

    Args:
        seed: of what a derived modality draws at random.

    Raises:
        Unsupported: the plugin does not simulate, or lacks what it needs for that.
    """
    if not modality.supports("simulate"):
        modality.simulate(parse_smiles("C"))  # raises, with the remedy
    chunks = [
        Chunk(modality, tuple(smiles[i : i + CHUNK]), drawings, seed)
        for i in range(0, len(smiles), CHUNK)
    ]
    here = len(smiles) < (PARALLEL_FROM if modality.derived else SLOW_START)
    found: list[Simulated] = []
    bar = tqdm(
        total=len(smiles),
        unit=" molecules",
        desc=f"{modality.name} simulated",
        file=sys.stderr,
        disable=not progress or here,
    )
    with bar, closing(map_chunks(_simulate_chunk, chunks, 1 if here else workers)) as results:
        for result in results:
            found += result
            bar.update(len(result))
    return found


def needs_drawing(modality: Modality, columns: Collection[str]) -> bool:
    """Whether a table with these columns holds structures alone, which the modality then draws."""
    return modality.derived and not set(columns) & set(modality.signal.columns())


def first_signals(path: str | Path, modality: Modality, most: int) -> list[Signal]:
    """Signals of the first ``most`` rows of a table, drawn where it holds structures alone."""
    if not needs_drawing(modality, table.column_names(path)):
        return table.read(path, modality.signal).signals[:most]
    made = simulate_all(modality, table.smiles_column(path)[:most], progress=False)
    return [one for result in made if isinstance(result, list) for one in result]


def simulate_table(
    modality: str,
    source: Path,
    out: Path,
    report: Callable[[str], None],
    *,
    settings: dict[str, object] | None = None,
    seed: int = 0,
) -> tuple[int, list[Reject]]:
    """Simulate a modality for every molecule of a file.

    Args:
        settings: of the plugin.

    Raises:
        Unsupported: the plugin does not simulate, or lacks what it needs for that.
        BadInput: no molecule could be simulated.
    """
    cls = plugins.get(modality)
    plugin = cls(parse(cls.Config, settings or {}, source=f"settings of {modality}"))
    smiles = molecules.read(source)
    kept: list[Signal] = []
    rejects: list[Reject] = []
    for number, result in enumerate(simulate_all(plugin, smiles, seed=seed), start=1):
        if isinstance(result, str):
            rejects.append(Reject(number, smiles[number - 1], result))
        else:
            kept += result
    if not kept:
        raise BadInput(
            "no molecule could be simulated", source=source, remedy=f"First: {rejects[0].reason}."
        )
    report(f"simulated by the plugin {modality!r}")
    return table.write(out, kept, {"source": "simulated", "origin": source.name}), rejects


def _simulate_chunk(chunk: Chunk) -> list[Simulated]:
    if not chunk.modality.derived:
        return _compute(chunk)
    with torch.random.fork_rng(devices=[]):
        return [_draw(chunk, text) for text in chunk.smiles]


def _compute(chunk: Chunk) -> list[Simulated]:
    """Signals that are the same each time, all molecules of the chunk in one call."""
    result: list[Simulated] = []
    mols, where, smiles = [], [], []
    for text in chunk.smiles:
        try:
            molecule = canonicalise(text)
        except AcmlError as error:
            result.append(error.what)
            continue
        mols.append(parse_smiles(molecule.smiles))
        smiles.append(molecule.smiles)
        where.append(len(result))
        result.append([])
    made = chunk.modality.simulate_many(mols)
    for place, one, text in zip(where, made, smiles, strict=True):
        if isinstance(one, BadInput):
            result[place] = one.what
        else:
            result[place] = [one.model_copy(update={"smiles": text})] * chunk.drawings
    return result


def _draw(chunk: Chunk, text: str) -> Simulated:
    try:
        molecule = canonicalise(text)
        mol = parse_smiles(molecule.smiles)
        made = []
        for number in range(chunk.drawings):
            # torch.manual_seed also writes a traceback down, for a GPU: a third of the time
            torch.default_generator.manual_seed(_seed(chunk.seed, number, molecule.smiles))
            made.append(chunk.modality.simulate(mol).model_copy(update={"smiles": molecule.smiles}))
        return made
    except Unsupported:
        raise
    except AcmlError as error:
        return error.what


def _seed(seed: int, number: int, smiles: str) -> int:
    digest = hashlib.sha256(f"{seed} {number} {smiles}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
