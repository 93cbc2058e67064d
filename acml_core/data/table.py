"""Tables (parquet or CSV) to signals and back. One row is one measurement of one molecule."""

from __future__ import annotations

import base64
import csv
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args, get_origin

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from acml_core.data.rows import (
    SEPARATORS,
    SUFFIXES,
    as_bytes,
    columns,
    given,
    listed,
    metadata,
    rows,
)
from acml_core.errors import BadInput, did_you_mean
from acml_core.files import sha256, whole
from acml_core.modality import Signal
from acml_core.rejects import Reject

SMILES = "smiles"


@dataclass
class Table:
    """Rows of a table that could be read.

    Attributes:
        source: the file.
        signals: one a row that has a measurement; ``smiles`` filled.
        bare: SMILES of rows whose measurement is missing (candidates, but no queries).
        signal_rows, bare_rows: number of each one's row, from 1.
        rejects: rows that could not be read.
        sha256: of the file's bytes.
        metadata: parquet schema metadata whose keys start with "acml.".
    """

    source: Path
    signals: list[Signal]
    bare: list[str] = field(default_factory=list)
    signal_rows: list[int] = field(default_factory=list)
    bare_rows: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    sha256: str = ""
    metadata: dict[str, str] = field(default_factory=dict)


def read(path: str | Path, signal: type[Signal], *, only: Sequence[str] | None = None) -> Table:
    """Read a table of one modality's signals.

    Args:
        path: a .parquet, .csv or .tsv file with a column ``smiles`` and columns of ``signal``.
            Other columns are left alone.
        signal: the modality's signal class.
        only: names of measured columns to use; the others count as not measured.

    Raises:
        BadInput: no such file, not a table, no ``smiles``, none of the modality's columns, or no
            row that could be read.
    """
    path = Path(path)
    wanted = signal.columns()
    for name in only or ():
        if name not in wanted:
            raise BadInput(f"no column is called {name!r}", remedy=did_you_mean(name, wanted))
    names = column_names(path)
    if SMILES not in names:
        raise BadInput(
            f"the table has no column {SMILES!r}",
            source=path,
            remedy=f"Its columns: {', '.join(names)}. Rename the one with the structures.",
        )
    use = [name for name in (only or wanted) if name in names]
    if not use:
        raise BadInput(
            "the table has none of the columns of this modality",
            source=path,
            remedy=f"It needs one or more of: {', '.join(only or wanted)}.",
        )
    table = Table(source=path, signals=[], sha256=sha256(path), metadata=metadata(path))
    lists = {name for name in use if _holds(signal, name, (tuple, list))}
    bytes_ = {name for name in use if _holds(signal, name, (bytes,))}
    for number, row in enumerate(rows(path, [SMILES, *use]), start=1):
        smiles = row[SMILES]
        if not isinstance(smiles, str) or not smiles.strip():
            table.rejects.append(Reject(number, str(smiles), "no SMILES"))
            continue
        try:
            values = {
                name: as_bytes(row[name], path.parent)
                if name in bytes_
                else _cell(row[name], name in lists)
                for name in use
                if not _empty(row[name])
            }
            one = signal(smiles=smiles, origin=f"{path.name}:{number}", **values)
        except (ValidationError, ValueError) as error:
            table.rejects.append(Reject(number, smiles, reason(error)))
            continue
        if one.missing:
            table.bare.append(smiles)
            table.bare_rows.append(number)
        else:
            table.signals.append(one)
            table.signal_rows.append(number)
    if not table.signals and not table.bare:
        first = table.rejects[0].reason if table.rejects else "it has no rows"
        raise BadInput("no row of the table could be read", source=path, remedy=f"First: {first}.")
    return table


def write(
    path: str | Path, signals: Iterable[Signal], metadata: dict[str, str] | None = None
) -> int:
    """Write signals as a parquet or CSV table, whole or not at all. Returns the number of rows."""
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(
            f"cannot write a table as {path.suffix or 'a file without suffix'}",
            source=path,
            remedy=f"Use one of: {', '.join(SUFFIXES)}.",
        )
    signals = list(signals)
    if not signals:
        raise BadInput("there is no signal to write", source=path)
    names = [SMILES, *type(signals[0]).columns()]
    columns = {name: [_plain(getattr(one, name)) for one in signals] for name in names}
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part:
        if path.suffix.lower() == ".parquet":
            table = pa.table(columns)
            stated = {f"acml.{k}": v for k, v in (metadata or {}).items()}
            table = table.replace_schema_metadata({**(table.schema.metadata or {}), **stated})
            pq.write_table(table, part, compression="zstd")
        else:
            with part.open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
                writer.writerow(names)
                for i in range(len(signals)):
                    writer.writerow([_text(columns[name][i]) for name in names])
    return len(signals)


def smiles_column(path: str | Path) -> list[str]:
    """The ``smiles`` column of a table, nulls as ""."""
    names = column_names(path)
    name = next(iter(given(names, (SMILES, "mol", "canonical_smiles")).values()), None)
    if name is None:
        raise BadInput(
            f"the table has no column {SMILES!r}",
            source=path,
            remedy=f"Its columns: {', '.join(names)}.",
        )
    return [row[name] if isinstance(row[name], str) else "" for row in rows(Path(path), [name])]


def metadata_of(path: str | Path) -> dict[str, str]:
    """What a parquet table says of itself (keys without "acml."); CSV says nothing."""
    return metadata(_known(Path(path)))


def column_names(path: str | Path) -> list[str]:
    """Names of a table's columns."""
    return columns(_known(Path(path)))


def _known(path: Path) -> Path:
    """The path of a file that may be a table.

    Raises:
        BadInput: no such file, or one of another suffix.
    """
    if not path.is_file():
        raise BadInput("no such file", source=path, remedy="Check the path.")
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(
            f"{path.suffix or 'a file without suffix'} is not a table",
            source=path,
            remedy=f"Use one of: {', '.join(SUFFIXES)}; 'acml data import' converts other formats.",
        )
    return path


def _holds(signal: type[Signal], name: str, kinds: tuple[type, ...]) -> bool:
    annotation = signal.model_fields[name].annotation
    options = [annotation, *get_args(annotation)]
    return any(option in kinds or get_origin(option) in kinds for option in options)


def _empty(value: Any) -> bool:
    return (
        value is None
        or (isinstance(value, float) and math.isnan(value))
        or (isinstance(value, str) and not value.strip())
    )


def _cell(value: Any, is_list: bool) -> Any:
    if not is_list:
        return value
    if isinstance(value, str):
        value = value.strip().strip("".join(SEPARATORS))  # they may open and close a list
    return ["" if item is None else item for item in listed(value)]


def reason(error: Exception) -> str:
    """Why a row cannot be used, in one line."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return f"{place}: {first['msg']}" if place else first["msg"]
    return str(error)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return json.dumps(value) if isinstance(value, list) else str(value)
