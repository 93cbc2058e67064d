"""SMILES to packed graphs: in parallel, with a list of what was rejected, cached on disk."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import uuid
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import rdkit
from tqdm import tqdm

from acml_core.cache import cache_dir as default_cache_dir
from acml_core.errors import ArtefactError
from acml_core.graphs import ahead
from acml_core.graphs.featurize import MolGraph, fingerprint
from acml_core.graphs.packed import PackedGraphs
from acml_core.graphs.worker import CHUNK, make_chunk
from acml_core.molecule import Molecule
from acml_core.parallel import map_chunks
from acml_core.rejects import Reject, read_csv, write_csv

PARALLEL_FROM = 8 * CHUNK
"""Fewer molecules than this are made in this process: starting workers takes seconds."""

MAX_SHOWN = 200
"""Characters of a rejected SMILES that are kept."""

CACHE_SCHEMA = 2
"""Part of the cache's hash. Raise it when ``build`` gives something else for the same SMILES."""

GRAPHS, ROWS, REJECTS = "graphs", "rows.npy", "rejects.csv"


class Built(NamedTuple):
    """What became of n SMILES.

    Attributes:
        graphs: the packed molecules.
        rows: (n,) int64 number of each row's molecule in ``graphs``; -1 where it was rejected.
        rejects: rows left out; ``row`` counts from 1.
    """

    graphs: PackedGraphs
    rows: np.ndarray
    rejects: list[Reject]


def build(
    smiles: Iterable[str],
    *,
    workers: int | None = None,
    progress: bool = True,
    dedupe: bool = True,
) -> Built:
    """Canonicalise and featurise molecules.

    Args:
        workers: processes; by default as many as this process may use cores. They are spawned, so
            a script that calls this needs the ``if __name__ == "__main__"`` guard.
        progress: show a bar on stderr when there are ``PARALLEL_FROM`` molecules or more.
        dedupe: keep each InChIKey-14 once, the first one.

    Raises:
        AcmlError: the worker processes died.
    """
    smiles = list(smiles)
    if dedupe:  # a table of spectra writes each molecule many times, mostly the same way
        distinct = list(dict.fromkeys(smiles))
        if len(distinct) < len(smiles):
            built = build(distinct, workers=workers, progress=progress)
            return _repeated(built, distinct, smiles)
    parts: list[PackedGraphs] = []
    rows = np.full(len(smiles), -1, dtype=np.int64)
    rejects: list[Reject] = []
    number_of: dict[str, int] = {}
    total = 0
    chunks = [smiles[i : i + CHUNK] for i in range(0, len(smiles), CHUNK)]
    bar = tqdm(
        total=len(smiles),
        unit=" molecules",
        desc="graphs",
        file=sys.stderr,
        disable=not progress or len(smiles) < PARALLEL_FROM,
    )
    here = len(smiles) < PARALLEL_FROM
    begun = ahead.taken(smiles) or map_chunks(make_chunk, chunks, 1 if here else workers)
    # closing: an exception here, Ctrl-C too, must end the workers at once
    with bar, closing(begun) as results:
        for number, chunk in enumerate(results):
            pairs: list[tuple[Molecule, MolGraph]] = []
            for row, made in enumerate(chunk, start=number * CHUNK):
                if isinstance(made, str):
                    rejects.append(Reject(row + 1, str(smiles[row])[:MAX_SHOWN], made))
                    continue
                key = made[0].key
                if dedupe and key in number_of:
                    rows[row] = number_of[key]
                    continue
                number_of[key] = rows[row] = total
                total += 1
                pairs.append(made)
            parts.append(PackedGraphs.from_molecules(pairs))
            bar.update(len(chunk))
    return Built(PackedGraphs.concatenate(parts), rows, rejects)


def _repeated(built: Built, distinct: Sequence[str], smiles: Sequence[str]) -> Built:
    """What became of ``smiles``, from what became of the different texts among them."""
    place = {text: number for number, text in enumerate(distinct)}
    first = np.array([place[text] for text in smiles], dtype=np.int64)
    why = {reject.row - 1: reject for reject in built.rejects}
    rejects = [
        replace(why[number], row=row)
        for row, number in enumerate(first.tolist(), start=1)
        if number in why
    ]
    return Built(built.graphs, built.rows[first], rejects)


def cached(
    smiles: Sequence[str],
    *,
    cache_dir: str | Path | None = None,
    workers: int | None = None,
    progress: bool = True,
) -> Built:
    """``build`` with duplicates merged, kept under a hash of everything that it depends on.

    A second call with the same SMILES opens the stored arrays memory-mapped. Several processes may
    build the same entry at a time: each writes a folder of its own, and the first one stays.

    Args:
        cache_dir: folder of the cache; ``acml_core.cache.cache_dir()`` by default.
    """
    root = default_cache_dir() if cache_dir is None else Path(cache_dir)
    folder = root / "graphs" / _digest(smiles)
    stored = _open(folder, len(smiles))
    if stored is not None:
        return stored
    built = build(smiles, workers=workers, progress=progress)
    return built if not _store(folder, built) else _open(folder, len(smiles)) or built


def _digest(smiles: Sequence[str]) -> str:
    digest = hashlib.sha256(f"{CACHE_SCHEMA} {fingerprint()} {rdkit.__version__}\n".encode())
    for one in smiles:
        text = str(one).encode(errors="surrogatepass")
        digest.update(b"%d:" % len(text) + text)  # length first: a SMILES may hold any separator
    return digest.hexdigest()


def _open(folder: Path, n_rows: int) -> Built | None:
    """The entry, or None where there is none that can be used."""
    if not folder.is_dir():
        return None
    try:
        graphs = PackedGraphs.open(folder / GRAPHS)
        rows = np.load(folder / ROWS, allow_pickle=False)
        rejects = read_csv(folder / REJECTS)
    except (ArtefactError, OSError, ValueError, EOFError, KeyError, TypeError):
        return None
    whole = rows.dtype == np.int64 and rows.shape == (n_rows,)
    return Built(graphs, rows, rejects) if whole and rows.max(initial=-1) < len(graphs) else None


def _store(folder: Path, built: Built) -> bool:
    """Write an entry whole or not at all; False where the cache cannot be written."""
    part = folder.with_name(f"{folder.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        part.mkdir(parents=True)
        built.graphs.save(part / GRAPHS)
        np.save(part / ROWS, built.rows, allow_pickle=False)
        write_csv(built.rejects, part / REJECTS)
        if folder.exists() and _open(folder, len(built.rows)) is None:
            shutil.rmtree(folder)  # damaged
        os.rename(part, folder)
    except OSError as error:
        if folder.is_dir():  # another process was first; its entry is the same
            return True
        print(f"The graphs could not be cached ({error}).", file=sys.stderr)
        return False
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return True
