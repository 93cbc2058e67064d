"""Opening tables: names of their columns, their rows and what is in a cell. Parquet, CSV, TSV.

What the columns mean is not known here: training tables are read by ``table``, queries by the plugins.
"""

from __future__ import annotations

import base64
import binascii
import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from acml_core import sources
from acml_core.errors import BadInput

PARQUET, MAGIC = ".parquet", b"PAR1"
"""Suffix and first bytes of a parquet file."""

SUFFIXES = (PARQUET, ".csv", ".tsv")
SEPARATORS = ("|", ";")
"""Between items of a list in a text cell, where an item may be empty; else blanks and commas."""

BATCH = 4096
"""Rows of a parquet file that are unpacked at once."""

MAX_CELL = 1 << 30
"""Characters of the longest cell of a CSV file."""

MAX_PATH = 1024
"""Characters of the longest path in a cell; longer texts are data."""

NOT_TEXT = "Give a parquet file with the suffix .parquet, or CSV or TSV as text."
_BARE_NAN, _BARE_INF = re.compile(r"\b(?:nan|NaN)\b"), re.compile(r"\b(?:inf|Infinity)\b")


def columns(path: Path) -> list[str]:
    """Names of a table's columns, without blanks around them.

    Raises:
        BadInput: no such file, damaged or empty.
    """
    if _is_parquet(path):
        return list(_schema(path).names)
    with _text(path) as file:
        header = next(filter(any, csv.reader(file, delimiter=delimiter(path))), [])
    return [name.strip() for name in header]


def metadata(path: Path) -> dict[str, str]:
    """What a parquet table says of itself (its keys "acml.*", without that); text says nothing.

    Raises:
        BadInput: no such file, or damaged.
    """
    if not _is_parquet(path):
        return {}
    stated = _schema(path).metadata or {}
    return {
        key.decode()[5:]: value.decode(errors="replace")
        for key, value in stated.items()
        if key.startswith(b"acml.")
    }


def rows(path: Path, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Rows of a table, only the columns ``names``; cells as the file has them."""
    for _, row in numbered(path, names):
        yield row


def numbered(path: Path, names: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """As ``rows``, each with its place in the file: the row of parquet, the line of text, from 1.

    Raises:
        BadInput: no such file, or damaged.
    """
    if _is_parquet(path):
        yield from enumerate(_parquet(path, list(names)), start=1)
        return
    csv.field_size_limit(MAX_CELL)
    with _text(path) as file:
        reader = csv.DictReader(file, delimiter=delimiter(path))
        reader.fieldnames = [name.strip() for name in reader.fieldnames or []]
        for row in reader:
            yield reader.line_num, {name: row.get(name) for name in names}


def delimiter(path: Path) -> str:
    """Between the cells of a text table: what its first line (no comment) has most of."""
    if path.suffix.lower() == ".tsv":
        return "\t"
    with _text(path) as file:
        lines = (line for line in file if line.strip() and not line.startswith("#"))
        first = next(lines, "")
    return max(",;\t", key=first.count)


def given(names: Iterable[str], wanted: Iterable[str]) -> dict[str, str]:
    """Which of ``wanted`` a table has, and how it writes them: capitals do not matter."""
    lower = {name.strip().lower(): name for name in names}
    return {name: lower[name] for name in wanted if name in lower}


def listed(value: Any) -> list[Any]:
    """A cell as a list: a list, JSON (as Python writes it, too), or items between separators.

    Raises:
        ValueError: it begins as JSON does and is none.
    """
    if not isinstance(value, str):
        return [] if value is None else list(value)
    text = value.strip()
    if text.startswith("["):
        return _json(text)
    hard = next((mark for mark in SEPARATORS if mark in text), None)
    if hard is not None:
        return [part.strip() for part in text.split(hard)]
    return re.split(r"[\s,]+", text) if text else []


def as_bytes(value: Any, folder: Path) -> Any:
    """Bytes as they are; text as a file's path beside the table, or as base64.

    Raises:
        ValueError: text that is neither.
    """
    if isinstance(value, dict):  # how Hugging Face's datasets keep pictures and sounds
        value = value.get("bytes") or value.get("path")
    if not isinstance(value, str):
        return value
    text = value.strip()
    if len(text) < MAX_PATH and (folder / text).is_file():
        return (folder / text).read_bytes()
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError(f"neither a file nor base64: {text[:80]!r}") from None


def _is_parquet(path: Path) -> bool:
    if path.suffix.lower() == PARQUET:
        return True
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False  # who reads it says what is wrong


def _schema(path: Path) -> pa.Schema:
    if not path.is_file():
        raise BadInput("no such file", source=path, remedy="Check the path.")
    try:
        return pq.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        raise BadInput(
            f"not a readable parquet file ({str(error).splitlines()[0]})",
            source=path,
            remedy="It may be truncated: fetch or write it again.",
        ) from None


def _parquet(path: Path, names: list[str]) -> Iterator[dict[str, Any]]:
    try:
        for batch in pq.ParquetFile(path).iter_batches(batch_size=BATCH, columns=names):
            yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise BadInput(
            f"the parquet file is damaged ({str(error).splitlines()[0]})",
            source=path,
            remedy="It may be truncated: fetch or write it again.",
        ) from None


def _text(path: Path) -> Any:
    encoding = sources.text_encoding(path, remedy=NOT_TEXT)
    return path.open(newline="", encoding=encoding, errors="replace")


def _json(text: str) -> list[Any]:
    pythons = _BARE_INF.sub("Infinity", _BARE_NAN.sub("NaN", text.replace("'", '"')))
    for form in (text, pythons):
        try:
            return list(json.loads(form))
        except json.JSONDecodeError:
            continue
    raise ValueError(f"the cell is no list: {text[:40]!r}")
