"""Rows of a public data set's files, read one after the other, never a whole file at once."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

import pyarrow.parquet as pq

from acml_core.data import rows as tables
from acml_core.errors import BadInput

SUFFIXES = {
    ".parquet": "parquet",
    ".csv": ",",
    ".tsv": "\t",
    ".jsonl": "json",
    ".ndjson": "json",
}
"""Suffix and kind of the files that can be read; the text ones also with ".gz" behind."""

FIRST_OBJECTS = 100
"""Objects of a JSON lines file that are looked at for its columns: one may lack what is null."""

LONGEST_CELL = 1 << 30
"""Characters of the longest cell of a text file."""


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be read."""

    reason: str


def kind(name: str) -> str | None:
    """``"parquet"``, ``"json"``, the delimiter, or None for a file that is no table."""
    short = name.lower().removesuffix(".gz")
    suffix = Path(short).suffix
    if suffix == ".parquet" and short != name.lower():
        return None
    return SUFFIXES.get(suffix)


def columns(path: Path, name: str) -> list[str]:
    """Names of a file's columns. ``name``: in the repository, for its suffix and for messages."""
    if kind(name) == "parquet":
        return tables.columns(path)
    with _text(path, name) as file:
        if kind(name) == "json":
            found: dict[str, None] = {}
            for one in _objects(islice(file, FIRST_OBJECTS)):
                found |= dict.fromkeys(one) if isinstance(one, dict) else {}
            return list(found)
        header = next(csv.reader(file, delimiter=kind(name) or ","), [])
    if not header:
        raise BadInput("the file is empty", source=name)
    return [cell.strip() for cell in header]


def count(path: Path, name: str) -> int | None:
    """Number of rows, where the file states it."""
    if kind(name) != "parquet":
        return None
    return int(pq.read_metadata(path).num_rows)


def rows(path: Path, name: str, wanted: Sequence[str]) -> Iterator[dict[str, Any] | BadRow]:
    """The wanted columns of each row; a column that a row lacks is None.

    Raises:
        BadInput: the file is damaged from some row on.
    """
    if kind(name) == "parquet":
        have = set(tables.columns(path))
        yield from tables.rows(path, [one for one in wanted if one in have])
        return
    with _text(path, name) as file:
        if kind(name) == "json":
            for one in _objects(file):
                yield {w: one.get(w) for w in wanted} if isinstance(one, dict) else one
            return
        yield from _cells(file, kind(name) or ",", wanted)


def _cells(
    file: IO[str], delimiter: str, wanted: Sequence[str]
) -> Iterator[dict[str, Any] | BadRow]:
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(file, delimiter=delimiter)
    header = [cell.strip() for cell in next(reader, [])]
    place = {name: header.index(name) for name in wanted if name in header}
    for cells in reader:
        if not cells:
            continue
        if len(cells) != len(header):
            yield BadRow(f"it has {len(cells)} cells, the header {len(header)}")
            continue
        yield {name: cells[i] for name, i in place.items()}


def _objects(lines: Iterator[str] | IO[str]) -> Iterator[dict[str, Any] | BadRow]:
    for line in lines:
        if not line.strip():
            continue
        try:
            one = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield BadRow(f"broken JSON: {error}")
            continue
        yield one if isinstance(one, dict) else BadRow("the line is no JSON object")


@contextmanager
def _text(path: Path, name: str) -> Iterator[IO[str]]:
    """The file's text, unpacked where need be."""
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8-sig", errors="replace", newline="")
            if name.lower().endswith(".gz")
            else path.open(encoding="utf-8-sig", errors="replace", newline="")
        ) as file:
            yield file
    except (EOFError, zlib.error, gzip.BadGzipFile, csv.Error) as error:
        raise BadInput(f"the file is damaged ({error})", source=name) from None
