"""Candidate lists: each query ranks a list of its own, as a published protocol gives it.

The lists are JSON: for each query molecule, by its InChIKey (or the first block of it) or SMILES, a
list of candidate SMILES with the molecule itself among them. Candidates of one InChIKey-14 count
once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from acml_core.artefact import Artefact
from acml_core.data import table as tables
from acml_core.errors import BadInput, did_you_mean
from acml_core.evaluation.protocol import Protocol
from acml_core.evaluation.ranking import Ranks, Side, ranks
from acml_core.graphs.build import build
from acml_core.graphs.packed import PackedGraphs
from acml_core.modality import Signal
from acml_core.model import AcmlModel
from acml_core.rejects import Reject

KEY = re.compile(r"([A-Z]{14})(-[A-Z]{10}-[A-Z])?")
"""An InChIKey, or its first block."""

MOLECULES_AT_ONCE = 50_000
"""Candidates that are featurised and encoded at a time; lists are not cut."""


@dataclass
class Queries:
    """Measurements of one fold.

    Attributes:
        signals: the measurements.
        graphs: their molecules, each once.
        molecule: (Q,) int64 number of each one's molecule.
        written: for each molecule the ways its SMILES was written.
        left_out: how many were left out, by reason.
        rejects: rows that could not be used.
    """

    signals: list[Signal]
    graphs: PackedGraphs
    molecule: np.ndarray
    written: list[set[str]]
    left_out: dict[str, int] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)


def queries_of(
    artefact: Artefact,
    modality: str,
    data: Sequence[Path],
    protocol: Protocol,
    *,
    only: Sequence[str] | None = None,
    split: str = "unseen",
) -> Queries:
    """The measurements that a protocol asks with.

    Args:
        only: measured columns that queries may use.
        split: ``unseen`` leaves out molecules that the model was trained or tuned on; ``all`` not.

    Raises:
        BadInput: a table without the fold's column, no row of the fold, or none that is left.
    """
    signals: list[Signal] = []
    rejects: list[Reject] = []
    rows_of: list[int] = []
    for path in data:
        fold = _column(path, protocol)
        read = tables.read(path, artefact.model.modalities[modality].signal, only=only)
        rejects += [one for one in read.rejects if fold[one.row - 1] == protocol.fold]
        for row, signal in zip(read.signal_rows, read.signals, strict=True):
            if fold[row - 1] == protocol.fold:
                signals.append(signal)
                rows_of.append(row)
    graphs, molecule, unreadable = build([one.smiles for one in signals])
    rejects += [replace(one, row=rows_of[one.row - 1]) for one in unreadable]
    left_out = {"unreadable": len(rejects)}
    take = molecule >= 0
    if split == "unseen":
        seen = artefact.has_seen(list(graphs.keys))
        known = take & seen[molecule]
        left_out["seen"] = int(known.sum())
        left_out["seen_molecules"] = int(seen.sum())
        take &= ~known
    rows = np.flatnonzero(take)
    if not len(rows):
        raise BadInput(
            f"no query is left of {len(signals)} in the fold {protocol.fold!r}",
            source=", ".join(map(str, data)) or None,
            remedy="The model was trained or tuned on all of their molecules: --split all shows how"
            " well it remembers."
            if signals
            else "Check the fold and the columns.",
        )
    numbers, place = np.unique(molecule[rows], return_inverse=True)
    written: list[set[str]] = [set() for _ in numbers]
    for i, where in zip(rows, place, strict=True):
        written[where].add(signals[i].smiles.strip())
    kept = [signals[i] for i in rows]
    return Queries(kept, graphs.select(numbers), place, written, left_out, rejects)


def read_lists(path: Path, queries: Queries) -> list[list[str] | None]:
    """Each query molecule's candidate SMILES, or None where the file has no list for it.

    Raises:
        BadInput: not such a JSON file, or not one query has a list.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput("no such file", source=path, remedy="Check the path.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"not a readable JSON file ({error})", source=path) from None
    form = 'Write {"SMILES or InChIKey": ["candidate SMILES", ...], ...}.'
    if not isinstance(found, dict):
        raise BadInput("it holds no object", source=path, remedy=form)
    for key, value in found.items():
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise BadInput(f"the entry {key[:60]!r} is no list of SMILES", source=path, remedy=form)
    by_key = {match[1]: found[key] for key in found if (match := KEY.fullmatch(key.strip()))}
    lists = [
        next((found[text] for text in written if text in found), by_key.get(str(key)))
        for key, written in zip(queries.graphs.keys, queries.written, strict=True)
    ]
    others = [key for key in found if not KEY.fullmatch(key.strip())]
    if None in lists and others:  # written otherwise than in the table: by what they are
        built = build(others, dedupe=True)
        number = {str(key): i for i, key in enumerate(built.graphs.keys)}
        place = {int(n): text for n, text in zip(built.rows, others, strict=True)}
        for i, key in enumerate(queries.graphs.keys):
            if lists[i] is None and str(key) in number:
                lists[i] = found[place[number[str(key)]]]
    if all(one is None for one in lists):
        raise BadInput(
            "it has no list for any query",
            source=path,
            remedy=f"Its first key is {next(iter(found), '')!r}, the first query"
            f" {sorted(queries.written[0])[0]!r}.",
        )
    return lists


def rank_lists(
    model: AcmlModel,
    modality: str,
    queries: Queries,
    lists: Sequence[Sequence[str] | None],
    report: Callable[[str], None] = lambda _: None,
) -> tuple[Ranks, Ranks, np.ndarray, dict[str, int]]:
    """Rank every query's own list.

    Returns:
        ranks of the queries that have a list with their molecule in it; the same by the mean
        of all queries' vectors (spectrum-blind); the numbers of these queries; and counts:
        ``candidates`` in all lists, those that were ``unreadable``, and the queries that had
        ``no_list`` or whose molecule is ``not_in_list``.
    """
    vectors = model.encode_signals(modality, queries.signals)
    blind = vectors.mean(0, keepdim=True)
    of = _by_molecule(queries.molecule, len(queries.graphs))
    counts = {"candidates": 0, "unreadable": 0, "no_list": 0, "not_in_list": 0}
    found: list[tuple[np.ndarray, Ranks, Ranks]] = []
    have = [i for i, one in enumerate(lists) if one is not None]
    counts["no_list"] = sum(len(of[i]) for i, one in enumerate(lists) if one is None)
    for chunk in _chunks(have, lists):
        graphs, rows, _ = build([text for i in chunk for text in lists[i] or ()])
        encoded = model.encode_molecules(graphs, modality) if len(graphs) else torch.empty(0)
        start = 0
        for i in chunk:
            own_rows = rows[start : start + len(lists[i] or ())]
            start += len(own_rows)
            members = np.unique(own_rows[own_rows >= 0])
            counts["candidates"] += len(members)
            counts["unreadable"] += int((own_rows < 0).sum())
            same = graphs.keys[members] == queries.graphs.keys[i]
            if not same.any():
                counts["not_in_list"] += len(of[i])
                continue
            candidates = _side(encoded[torch.from_numpy(members)], same.astype(np.int64))
            asking = _side(vectors[torch.from_numpy(of[i])], np.ones(len(of[i]), dtype=np.int64))
            unsighted = _side(blind.expand(len(of[i]), -1), asking.molecule)
            found.append(
                (
                    of[i],
                    ranks(asking, candidates, ["none"])["none"],
                    ranks(unsighted, candidates, ["none"])["none"],
                )
            )
        report(f"{sum(len(rows) for rows, _, _ in found)} of {len(queries.signals)} queries ranked")
    if not found:
        raise BadInput("no list holds its query's molecule", remedy="Give the right lists.")
    asked = np.concatenate([rows for rows, _, _ in found])
    sighted = _joined([one for _, one, _ in found])
    return sighted, _joined([one for _, _, one in found]), asked, counts


def _column(path: Path, protocol: Protocol) -> list[str]:
    """The fold of each row."""
    have = tables.column_names(path)
    if protocol.column not in have:
        made = f"acml data fetch hf:{protocol.dataset} --map {protocol.map} --out T.parquet"
        raise BadInput(
            f"the table has no column {protocol.column!r}, which says what the protocol asks with",
            source=path,
            remedy=f"Run: {made}" if protocol.dataset else did_you_mean(protocol.column, have),
        )
    fold = [str(row[protocol.column]) for row in tables.rows(path, [protocol.column])]
    if protocol.fold not in fold:
        raise BadInput(
            f"no row is in the fold {protocol.fold!r}",
            source=path,
            remedy=did_you_mean(protocol.fold, set(fold)),
        )
    return fold


def _by_molecule(molecule: np.ndarray, count: int) -> list[np.ndarray]:
    """For each molecule the numbers of its queries."""
    order = np.argsort(molecule, kind="stable")
    edges = np.searchsorted(molecule[order], np.arange(count + 1))
    return [order[edges[i] : edges[i + 1]] for i in range(count)]


def _chunks(have: Sequence[int], lists: Sequence[Sequence[str] | None]) -> list[list[int]]:
    """Lists in groups of about ``MOLECULES_AT_ONCE`` candidates."""
    chunks: list[list[int]] = []
    size = MOLECULES_AT_ONCE
    for i in have:
        if size >= MOLECULES_AT_ONCE:
            chunks.append([])
            size = 0
        chunks[-1].append(i)
        size += len(lists[i] or ())
    return chunks


def _side(vectors: torch.Tensor, molecule: np.ndarray) -> Side:
    """A side without formulas and masses: a list is filtered already."""
    return Side(vectors, molecule, np.zeros_like(molecule), np.zeros(len(molecule)))


def _joined(parts: Sequence[Ranks]) -> Ranks:
    return Ranks(
        np.concatenate([one.rank for one in parts]),
        np.concatenate([one.candidates for one in parts]),
    )
