"""Two columns of numbers, an axis and an ordinate: CSV, TSV, .txt, .dpt."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from acml_core.errors import BadInput
from acml_plugin_ir.readers.units import axis_unit, curve, guess_axis, guess_ordinate, ordinate
from acml_plugin_ir.signal import IrSignal

LEAST_ROWS = 30
"""Rows of numbers that make a text a curve and not a sentence."""

_NUMBER = r"[-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][-+]?\d+)?"
_ROW = re.compile(rf"^\s*{_NUMBER}(?:\s*[;,\t]\s*|\s+){_NUMBER}\b")


def looks_like_columns(text: str) -> bool:
    """Whether most lines of a text begin with two numbers."""
    lines = [line for line in text.splitlines() if line.strip()]
    rows = sum(bool(_ROW.match(line)) for line in lines)
    return rows >= LEAST_ROWS and rows > 0.8 * len(lines)


def read_columns(text: str, source: Path) -> Iterator[IrSignal]:
    """One curve. Units come from a header or from comment lines; without them they are guessed.

    The guess: an axis up to 60 is in micrometres, one from 1,500 up beyond 5,500 in nanometres, else
    in cm-1; bands that point down are transmittance, in percent where values go above 2.

    Raises:
        BadInput: no two columns of numbers, or whatever ``curve`` refuses.
    """
    lines = text.splitlines()
    delimiter = _delimiter(lines)
    names: list[str] = []
    notes: list[str] = []
    x: list[float] = []
    y: list[float] = []
    first = 0
    for number, row in enumerate(csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter), 1):
        cells = [cell.strip() for cell in (" ".join(row).split() if delimiter == " " else row)]
        two = [_float(cell, delimiter) for cell in cells[:2]]
        if len(two) == 2 and two[0] is not None and two[1] is not None:
            first = first or number
            x.append(two[0])
            y.append(two[1])
        elif not x and any(cells):
            notes.append(" ".join(cells))
            names = [cell for cell in cells if cell] if not cells[0].startswith("#") else names
        elif any(cells) and not cells[0].startswith("#"):
            raise BadInput(
                f"{' '.join(cells)[:40]!r} stands where two numbers are expected",
                source=source,
                line=number,
                remedy="Give one spectrum a file: a column of wavenumbers and one of absorbance.",
            )
    if len(x) < LEAST_ROWS:
        raise BadInput(
            f"{len(x)} rows of two numbers are no spectrum",
            source=source,
            remedy="Give two columns, wavenumber [cm-1] and absorbance or transmittance.",
        )
    axis, values = np.array(x), np.array(y)
    x_name, y_name = (*names[:2], "", "")[:2]
    if re.search(r"m/z|ppm|retention|minutes", x_name, re.I):
        raise BadInput(
            f"the first column is {x_name!r}, no infrared axis",
            source=source,
            remedy="A mass spectrum is read with the modality 'ms', a peak list in ppm with 'nmr'.",
        )
    unit = axis_unit(x_name) or next(filter(None, map(axis_unit, notes)), None) or guess_axis(axis)
    kind = None
    for text_ in (y_name, *notes):
        try:
            kind = ordinate(text_, source=source)
            break
        except BadInput as error:
            if "not known" not in error.what:
                raise
    return iter(
        [
            curve(
                axis,
                values,
                x_unit=unit,
                y_kind=kind or guess_ordinate(values),
                source=source,
                line=first,
            )
        ]
    )


def _delimiter(lines: list[str]) -> str:
    rows = [line for line in lines if _ROW.match(line)][:20]
    for mark in "\t;":
        if rows and all(mark in row for row in rows):
            return mark
    return "," if rows and all("," in row for row in rows) else " "


def _float(cell: str, delimiter: str) -> float | None:
    if delimiter != ",":
        cell = cell.replace(",", ".")
    try:
        return float(cell)
    except ValueError:
        return None
