"""Tables with the plugin's columns: one row, one signal. Parquet, CSV, TSV.

A cell of a list is a parquet list, JSON ("[170.1, 55.3]"), or items separated by "|", ";", blanks or
commas. A ``smiles`` column is optional here: a query has none.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from acml_core.errors import BadInput, did_you_mean
from acml_core.modality import OnReject
from acml_core.sources import parsed
from acml_plugin_nmr.readers.limits import check_shifts
from acml_plugin_nmr.signal import NmrSignal

SHIFTS = ("shifts_13c", "shifts_1h")
BATCH = 4096
"""Rows read at once."""

_LISTS = (*SHIFTS, "multiplicity_13c", "multiplicity_1h", "integral_1h")
_NUMBERS = (*SHIFTS, "integral_1h")
_SMILES = ("smiles", "canonical_smiles", "mol")


def has_columns(names: list[str]) -> bool:
    """Whether a header is that of a table of signals."""
    return any(name.strip().lower() in SHIFTS for name in names)


def has_structures(names: list[str]) -> bool:
    """Whether a header has a column of SMILES: such a file is a table, not one spectrum."""
    return any(name.strip().lower() in _SMILES for name in names)


def read_table(path: Path, *, on_reject: OnReject | None = None) -> Iterator[NmrSignal]:
    """Signals of a table; rows without any shift are passed over.

    Raises:
        BadInput: not a table, none of the columns; or a bad row, when ``on_reject`` is None.
    """
    columns = _columns(path)
    given = {name.strip().lower(): name for name in columns}
    use = {name: given[name] for name in (*_LISTS, "solvent") if name in given}
    if not has_columns(columns):
        near = did_you_mean("shifts_13c", columns) if columns else ""
        raise BadInput(
            "the table has neither a column shifts_13c nor shifts_1h",
            source=path,
            remedy=near if near.startswith("Did") else f"Its columns: {', '.join(columns)}.",
        )
    smiles = next((given[name] for name in _SMILES if name in given), None)

    def signal(numbered: tuple[int, dict[str, Any]]) -> NmrSignal | None:
        number, row = numbered
        try:
            fields = _trimmed({name: _cell(row[column], name) for name, column in use.items()})
            one = NmrSignal(
                smiles=str(row[smiles] or "") if smiles else "",
                origin=f"{path.name}:{number}",
                **{name: value for name, value in fields.items() if value},
            )
            check_shifts("13C", one.shifts_13c, source=path, line=number)
            check_shifts("1H", one.shifts_1h, source=path, line=number)
        except (ValidationError, ValueError, TypeError) as error:
            raise BadInput(
                _reason(error), source=path, line=number, remedy="Correct this row."
            ) from None
        return None if one.missing else one

    rows = _rows(path, [*use.values(), *([smiles] if smiles else [])])
    yield from parsed(rows, signal, on_reject)


def csv_header(path: Path) -> list[str]:
    """Cells of the first line of a CSV or TSV file."""
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        return next(csv.reader(file, delimiter=_delimiter(path)), [])


def _columns(path: Path) -> list[str]:
    if path.suffix.lower() != ".parquet":
        return csv_header(path)
    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowException, OSError) as error:
        raise BadInput(
            f"not a readable parquet file ({str(error).splitlines()[0]})",
            source=path,
            remedy="It may be truncated: fetch or write it again.",
        ) from None


def _rows(path: Path, names: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Row number (parquet) or line (CSV), and the row."""
    if path.suffix.lower() == ".parquet":
        number = 0
        try:
            for batch in pq.ParquetFile(path).iter_batches(batch_size=BATCH, columns=names):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
        except (pa.ArrowException, OSError) as error:
            raise BadInput(
                f"the parquet file is damaged ({str(error).splitlines()[0]})", source=path
            ) from None
        return
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        reader = csv.DictReader(file, delimiter=_delimiter(path))
        for row in reader:
            yield reader.line_num, row


def _delimiter(path: Path) -> str:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        first = file.readline()
    return max("\t;,", key=first.count) if any(mark in first for mark in "\t;,") else ","


def _cell(value: Any, name: str) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return () if name in _LISTS else ""
    if name not in _LISTS:
        return str(value)
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return ()
        if text.startswith("["):
            value = _json(text, name)
        else:
            hard = next((mark for mark in "|;" if mark in text), None)
            value = text.split(hard) if hard else re.split(r"[\s,]+", text)
            if hard and name in _NUMBERS:
                value = [item for item in value if item.strip()]
    if name in _NUMBERS:
        return tuple(float(item) for item in value)
    return tuple("" if item is None else str(item).strip() for item in value)


def _json(text: str, name: str) -> Any:
    """A list as JSON, as Python writes it too: 'Q', nan and inf.

    Raises:
        ValueError: it is not; says which column.
    """
    text = re.sub(r"\b(?:nan|NaN)\b", "NaN", text.replace("'", '"'))
    try:
        return json.loads(re.sub(r"\b(?:inf|Infinity)\b", "Infinity", text))
    except json.JSONDecodeError:
        raise ValueError(f"the cell of {name} is no list: {text[:40]!r}") from None


def _trimmed(fields: dict[str, Any]) -> dict[str, Any]:
    """Without the empty last item that a closing separator leaves ("Q|T|")."""
    for nucleus in ("13c", "1h"):
        shifts, kinds = fields.get(f"shifts_{nucleus}"), fields.get(f"multiplicity_{nucleus}")
        if shifts and kinds and len(kinds) == len(shifts) + 1 and not kinds[-1]:
            fields[f"multiplicity_{nucleus}"] = kinds[:-1]
    return fields


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        if first["type"] == "finite_number":
            return f"a value of {first['loc'][0]} is not a finite number"
        return ": ".join([*(str(part) for part in first["loc"]), first["msg"]])
    return str(error)
