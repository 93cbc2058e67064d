"""Tables with the plugin's columns, one row a spectrum (parquet, CSV, TSV), and peak lists as CSV."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from acml_core.data import rows
from acml_core.errors import BadInput
from acml_plugin_ms.readers.fields import conditions, plain
from acml_plugin_ms.readers.files import lines
from acml_plugin_ms.readers.record import Found, Record
from acml_plugin_ms.signal import MsSignal

LISTS = ("mz", "intensity")
MZ_NAMES = ("mz", "mass", "m", "moverz")
INTENSITY_NAMES = (
    "intensity", "int", "abundance", "relint", "relativeintensity", "relativeabundance",
    "relabundance", "height", "counts", "area", "y",
)  # fmt: skip


def read_table(path: Path) -> Iterator[Found]:
    """One record a row. Other columns are left alone; empty rows passed over."""
    names = _columns(rows.columns(path), path)
    for number, row in rows.numbered(path, list(names.values())):
        values = {ours: row[theirs] for ours, theirs in names.items()}
        try:
            for name in LISTS:
                values[name] = _numbers(values[name])
        except (ValueError, TypeError):
            yield BadInput(
                f"a cell of {name} is no list of numbers",
                source=path,
                line=number,
                remedy="Write it as [41.0, 43.0] or 41.0|43.0.",
            )
            continue
        if values["mz"]:
            yield _row(values, number)


def read_csv(path: Path) -> Iterator[Found]:
    """A table as ``read_table`` (its cells are lists), or the peaks of one spectrum, one a row."""
    names = rows.given(rows.columns(path), ("smiles", *LISTS))
    if set(LISTS) <= set(names):
        _, first = next(rows.numbered(path, [names["mz"]]), (0, {names["mz"]: ""}))
        if "smiles" in names or not _is_number(first[names["mz"]]):
            return read_table(path)
    return _peak_list(path, rows.delimiter(path))


def _columns(names: list[str], path: Path) -> dict[str, str]:
    """Our column names to the table's."""
    found = rows.given(names, ("smiles", *MsSignal.columns()))
    missing = [name for name in LISTS if name not in found]
    if missing:
        raise BadInput(
            f"the table has no column {missing[0]}",
            source=path,
            remedy=f"Its columns: {', '.join(names)}.",
        )
    return found


def _row(values: dict[str, Any], number: int) -> Record:
    stated: dict[str, Any] = {
        name: "" if value is None or (isinstance(value, float) and math.isnan(value)) else value
        for name, value in values.items()
        if name not in LISTS
    }
    precursor = stated.pop("precursor_mz", None)
    text: dict[str, Any] = {name: str(value) for name, value in stated.items()}
    return Record(
        values["mz"], values["intensity"] or (), line=number, precursor_mz=precursor, **text
    )


def _numbers(value: Any) -> list[float]:
    return [float(item) for item in rows.listed(value) if item != ""]


def _is_number(text: Any) -> bool:
    try:
        float(str(text).strip())
    except ValueError:
        return False
    return True


def _peak_list(path: Path, delimiter: str) -> Iterator[Found]:
    """The peaks of one spectrum; "# precursor_mz: 301.1" lines above state the conditions."""
    stated: dict[str, str] = {}
    columns: tuple[int, int] | None = None
    mz: list[float] = []
    intensity: list[float] = []
    for number, line in lines(path):
        text = line.strip()
        if text.startswith("#"):
            key, _, value = text.lstrip("# ").replace("=", ":", 1).partition(":")
            stated[plain(key)] = value.strip()
            continue
        cells = [cell.strip().strip('"') for cell in text.split(delimiter)]
        if not any(cells):
            continue
        if columns is None:
            numbers = [_is_number(cell) for cell in cells[:2]]
            if numbers == [True, True]:
                columns = (0, 1)
            else:
                columns = _header(cells)
                if columns is None:
                    yield BadInput(
                        "no columns for m/z and intensity",
                        source=path,
                        line=number,
                        remedy=f"Name them mz and intensity; found: {', '.join(cells)[:80]}.",
                    )
                    return
                continue
        try:
            mz.append(float(cells[columns[0]]))
            intensity.append(float(cells[columns[1]]))
        except (ValueError, IndexError):
            yield BadInput(
                f"{text[:40]!r} is no peak",
                source=path,
                line=number,
                remedy="A peak is m/z and intensity; is the file truncated?",
            )
            return
    yield Record(mz, intensity, line=1, **conditions(stated))  # type: ignore[arg-type]


def _header(cells: list[str]) -> tuple[int, int] | None:
    """Columns of m/z and intensity. "m/z (Th)" and "Rel. int. [%]" count too."""
    names = [plain(re.sub(r"[(\[].*?[)\]]", "", cell)) for cell in cells]
    x = next((i for i, name in enumerate(names) if name in MZ_NAMES), None)
    y = next((i for i, name in enumerate(names) if name in INTENSITY_NAMES), None)
    return None if x is None or y is None or x == y else (x, y)
