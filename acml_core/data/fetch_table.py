"""A public data set's files to one table of ours, as they come, whole or not at all."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from acml_core.data import fetch_rows
from acml_core.data.fetch_map import FOLD
from acml_core.data.fetch_parse import PARSERS, empty
from acml_core.data.fetch_plan import Plan
from acml_core.data.table import SMILES, reason
from acml_core.errors import BadInput, did_you_mean
from acml_core.files import whole
from acml_core.modality import Signal
from acml_core.rejects import Reject

BATCH = 4096
"""Rows that are written at a time."""

ARROW = {
    str: pa.string(),
    float: pa.float64(),
    int: pa.int64(),
    bool: pa.bool_(),
    bytes: pa.binary(),
}


@dataclass(frozen=True)
class SourceFile:
    """One file of the data set, on this machine.

    Attributes:
        name: in the repository.
        path: here.
        fold: the side of the data set's own split that the file is, or "".
    """

    name: str
    path: Path
    fold: str = ""


@dataclass
class Outcome:
    """What became of the rows.

    Attributes:
        rows: that were read.
        written: rows of the table.
        filtered: rows that the map's filters left out, by filter.
        folds: rows of the table by side of the data set's own split.
        rejects: rows that could not be used; ``row`` counts over all files from 1.
    """

    rows: int = 0
    written: int = 0
    filtered: Counter[str] = field(default_factory=Counter)
    folds: Counter[str] = field(default_factory=Counter)
    rejects: list[Reject] = field(default_factory=list)


def convert(
    files: Iterable[SourceFile],
    plan: Plan,
    out: Path,
    metadata: Mapping[str, str],
    *,
    folds: Collection[str] = (),
    max_rows: int | None = None,
    progress: bool = True,
) -> Outcome:
    """Write the rows of ``files`` as one parquet table with the columns of the plan's plugin.

    Structures are not parsed here: what is no molecule is rejected where the table is used.

    Args:
        files: one after the other; each is asked for when the one before is done.
        metadata: written into the table.
        folds: sides of the data set's own split to take; all where there is none here.
        max_rows: rows to write at most; further files are not asked for then.

    Raises:
        BadInput: a file is damaged or lacks a column of the map, or no row can be used.
    """
    if out.suffix.lower() != ".parquet":
        raise BadInput(
            f"cannot write {out.suffix or 'a file without suffix'} here",
            source=out,
            remedy="Use .parquet: it holds the licence and the commit beside the rows.",
        )
    schema = _schema(plan).with_metadata({f"acml.{k}": v for k, v in metadata.items()})
    outcome = Outcome()
    waiting: list[dict[str, Any]] = []
    out.parent.mkdir(parents=True, exist_ok=True)
    with whole(out) as part:
        with pq.ParquetWriter(part, schema, compression="zstd") as writer:

            def flush() -> None:
                writer.write_table(pa.Table.from_pylist(waiting, schema=schema))
                waiting.clear()

            for file in files:
                for row in _file(file, plan, outcome, progress):
                    if folds and row[FOLD] not in folds:
                        outcome.filtered[f"fold: not {row[FOLD]!r}"] += 1
                        continue
                    waiting.append(row)
                    outcome.written += 1
                    if FOLD in row:
                        outcome.folds[row[FOLD]] += 1
                    if len(waiting) >= BATCH:
                        flush()
                    if outcome.written == max_rows:
                        break
                if outcome.written == max_rows:
                    break
            flush()
        if not outcome.written:
            raise _nothing(outcome, plan)
    return outcome


def _file(
    file: SourceFile, plan: Plan, outcome: Outcome, progress: bool
) -> Iterable[dict[str, Any]]:
    """Rows of one file as rows of ours."""
    map = plan.map
    have = fetch_rows.columns(file.path, file.name)
    for name, purpose in map.needed().items():
        if name not in have:
            raise BadInput(
                f"the map {plan.name!r} takes {purpose} from the column {name!r}, which is not there",
                source=file.name,
                remedy=did_you_mean(name, have)
                + " Copy the map, name the right column, and give it by --map FILE.toml.",
            )
    bar = tqdm(
        fetch_rows.rows(file.path, file.name, [one for one in map.used() if one in have]),
        total=fetch_rows.count(file.path, file.name),
        unit=" rows",
        desc=file.name,
        file=sys.stderr,
        disable=not progress,
    )
    for number, row in enumerate(bar, start=1):
        outcome.rows += 1
        if isinstance(row, fetch_rows.BadRow):
            _reject(outcome, file, number, "", row.reason)
            continue
        against = next((one for one in map.filters if not one.takes(row[one.column])), None)
        if against is not None:
            outcome.filtered[str(against)] += 1
            continue
        smiles = row[map.smiles]
        if empty(smiles) or not isinstance(smiles, str):
            _reject(outcome, file, number, "", "it states no structure")
            continue
        try:
            yield _ours(row, smiles.strip(), file, plan)
        except ValueError as error:
            _reject(outcome, file, number, smiles, reason(error))


def _ours(row: dict[str, Any], smiles: str, file: SourceFile, plan: Plan) -> dict[str, Any]:
    """A row of ours.

    Raises:
        ValueError: with the reason why it cannot be used.
    """
    map = plan.map
    values: dict[str, Any] = dict(map.constants)
    for name, column in map.columns.items():
        cell = row.get(column.source)
        if empty(cell):
            continue
        try:
            values[name] = PARSERS[column.parse](cell, column)
        except ValueError as error:
            raise ValueError(f"{column.source}: {error}") from None
    signal: Signal = plan.plugin.signal(smiles=smiles, **values)
    if signal.missing:
        raise ValueError("it holds no measurement")
    found = {SMILES: smiles, **{name: getattr(signal, name) for name in signal.columns()}}
    if map.fold is not None:
        side = "" if empty(row[map.fold.source]) else str(row[map.fold.source]).strip()
        found[FOLD] = map.fold.values.get(side, side)
    elif map.has_fold:
        found[FOLD] = file.fold
    for name, source in map.keep.items():
        found[name] = "" if empty(row[source]) else str(row[source])
    return found


def _reject(outcome: Outcome, file: SourceFile, number: int, smiles: str, why: str) -> None:
    value = f"{file.name}:{number} {smiles}".rstrip()
    outcome.rejects.append(Reject(outcome.rows, value, " ".join(why.split())))


def _nothing(outcome: Outcome, plan: Plan) -> BadInput:
    if outcome.rejects:
        first = outcome.rejects[0]
        remedy = f"First, {first.value}: {first.reason}."
    else:
        remedy = "The filters left out every row: " + "; ".join(outcome.filtered) + "."
    if not outcome.rows:
        remedy = "The files are empty."
    what = f"none of {outcome.rows} rows can be used with the map {plan.name!r}"
    return BadInput(what, source=plan.map.dataset or None, remedy=remedy)


def _schema(plan: Plan) -> pa.Schema:
    signal = plan.plugin.signal
    fields = [(SMILES, pa.string())]
    fields += [(name, _arrow(signal.model_fields[name].annotation)) for name in signal.columns()]
    if plan.map.has_fold:
        fields.append((FOLD, pa.string()))
    return pa.schema([*fields, *((name, pa.string()) for name in plan.map.keep)])


def _arrow(annotation: Any) -> pa.DataType:
    """How a signal's field is stored.

    Raises:
        BadInput: a type that no table holds.
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (tuple, list):
        return pa.list_(_arrow(inner[0]))
    if origin is Annotated:
        return _arrow(inner[0])
    if origin in (Union, UnionType):
        return _arrow(next(one for one in inner if one is not type(None)))
    if annotation not in ARROW:
        raise BadInput(f"a column of the type {annotation} cannot be stored")
    return ARROW[annotation]
