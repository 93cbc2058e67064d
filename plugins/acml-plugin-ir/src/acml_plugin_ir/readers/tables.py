"""Tables with the plugin's columns: one row, one signal. Parquet, CSV, TSV.

A list in a CSV cell is JSON ("[3310, 1720]") or items between "|", ";", blanks or commas. A ``smiles``
column is optional here: a query has none.
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

from acml_core.errors import BadInput
from acml_core.modality import OnReject
from acml_core.sources import parsed
from acml_plugin_ir.readers.bands import check_bands
from acml_plugin_ir.readers.units import ABOVE_FULL
from acml_plugin_ir.signal import IrSignal

BATCH = 512
"""Rows read at once."""

SMILES = "smiles"
LISTS = tuple(name for name in IrSignal.columns() if name != "state")


def is_table(path: Path) -> bool:
    """Whether a CSV file is a table of signals, and not two columns of one curve.

    Its header names columns of the plugin, and the first row has a list in one of them.
    """
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        reader = csv.reader(file, delimiter=_delimiter(path))
        header = [name.strip().lower() for name in next(reader, [])]
        row = next(reader, [])
    cells = [cell for name, cell in zip(header, row, strict=False) if name in LISTS]
    return SMILES in header or any(re.search(r"\d[\s;|,]+[-+\d.]", cell) for cell in cells)


def read_table(path: Path, *, on_reject: OnReject | None = None) -> Iterator[IrSignal]:
    """Signals of a table; rows without a measurement are passed over.

    Raises:
        BadInput: not a table, none of the columns; or a bad row, when ``on_reject`` is None.
    """
    columns = _columns(path)
    use = [name for name in IrSignal.columns() if name in columns]
    if not set(use) & {"absorbance", "transmittance", "bands"}:
        raise BadInput(
            "the table has none of the columns absorbance, transmittance, bands",
            source=path,
            remedy=f"Its columns: {', '.join(columns)}.",
        )
    wanted = [*use, *([SMILES] if SMILES in columns else [])]

    def signal(numbered: tuple[int, dict[str, Any]]) -> IrSignal | None:
        number, row = numbered
        try:
            values = {name: _cell(row[name], name) for name in wanted}
            one = IrSignal(origin=f"{path.name}:{number}", **{k: v for k, v in values.items() if v})
            check_bands(one.bands, source=path, line=number)
            _check_fraction(one.transmittance)
        except (ValidationError, ValueError, TypeError) as error:
            what = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            raise BadInput(what, source=path, line=number, remedy="Correct this row.") from None
        return None if one.missing else one

    yield from parsed(_rows(path, wanted), signal, on_reject)


def _check_fraction(transmittance: tuple[float, ...]) -> None:
    """Raise ValueError for a transmittance that is no fraction."""
    highest = max(filter(math.isfinite, transmittance), default=0.0)
    if highest > 1.0 + ABOVE_FULL:
        raise ValueError(
            f"transmittance up to {highest:g}: the column holds fractions, so divide percent by 100"
        )


def _columns(path: Path) -> list[str]:
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            header = next(csv.reader(file, delimiter=_delimiter(path)), [])
        return [name.strip() for name in header]
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
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        csv.field_size_limit(1 << 30)
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            reader = csv.DictReader(file, delimiter=_delimiter(path))
            reader.fieldnames = [name.strip() for name in reader.fieldnames or []]
            for row in reader:
                yield reader.line_num, {name: row.get(name) for name in names}
        return
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


def _delimiter(path: Path) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        first = file.readline()
    return max(",\t;", key=first.count)


def _cell(value: Any, name: str) -> Any:
    if value is None:
        return None
    if name not in LISTS:
        return str(value)
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("["):
            value = json.loads(text)
        else:
            hard = next((mark for mark in "|;" if mark in text), None)
            if hard:
                value = [part.strip() for part in text.strip(hard).split(hard)]
            else:
                value = re.split(r"[\s,]+", text) if text else []
    if name == "strengths":
        return tuple("" if item is None else str(item) for item in value)
    return tuple(float("nan") if item is None else float(item) for item in value)
