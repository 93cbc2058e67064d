"""Two columns of numbers, an axis and an ordinate: CSV, TSV, .txt, .dpt."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from acml_core.errors import BadInput
from acml_plugin_ir.readers.units import axis_unit, curve, guess_axis, guess_ordinate, ordinate
from acml_plugin_ir.signal import IrSignal

LEAST_ROWS = 30
"""Rows of numbers that make a text a curve and not a sentence."""

LOOKED_AT = 20
"""Rows of numbers that tell what divides the columns."""

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
    first, names, notes = _head(lines, delimiter)
    axis, values = _two_columns(lines, first, delimiter, source)
    if len(axis) < LEAST_ROWS:
        raise BadInput(
            f"{len(axis)} rows of two numbers are no spectrum",
            source=source,
            remedy="Give two columns, wavenumber [cm-1] and absorbance or transmittance.",
        )
    x_name, y_name = (*names[:2], "", "")[:2]
    if re.search(r"m/z|ppm|retention|minutes", x_name, re.I):
        raise BadInput(
            f"the first column is {x_name!r}, no infrared axis",
            source=source,
            remedy="Give two columns, wavenumber [cm-1] and absorbance or transmittance.",
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
                line=first + 1,
            )
        ]
    )


def _head(lines: list[str], delimiter: str) -> tuple[int, list[str], list[str]]:
    """Number of lines above the first row of numbers, the columns' names, and all that they say."""
    names: list[str] = []
    notes: list[str] = []
    for number, line in enumerate(lines):
        cells = _cells(line, delimiter)
        if _numbers(cells, delimiter) is not None:
            return number, names, notes
        if any(cells):
            notes.append(" ".join(cells))
            names = [cell for cell in cells if cell] if not cells[0].startswith("#") else names
    return len(lines), names, notes


def _two_columns(
    lines: list[str], first: int, delimiter: str, source: Path
) -> tuple[np.ndarray, np.ndarray]:
    """The numbers from line ``first`` on, each (N,) float64.

    Raises:
        BadInput: a line that holds no two numbers; says which.
    """
    body = lines[first:]
    if not body:
        return np.empty(0), np.empty(0)
    numeric = [line.replace(",", ".") for line in body] if delimiter != "," else body
    split = None if delimiter == " " else delimiter
    try:  # the parser of numpy is many times faster, but does not say what is wrong
        found = np.loadtxt(numeric, delimiter=split, usecols=(0, 1), ndmin=2, quotechar='"')
    except (ValueError, IndexError):
        found = np.array(list(_checked(body, first, delimiter, source))).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _checked(
    body: list[str], first: int, delimiter: str, source: Path
) -> Iterator[tuple[float, float]]:
    for number, line in enumerate(body, start=first + 1):
        cells = _cells(line, delimiter)
        two = _numbers(cells, delimiter)
        if two is not None:
            yield two
        elif any(cells) and not cells[0].startswith("#"):
            raise BadInput(
                f"{' '.join(cells)[:40]!r} stands where two numbers are expected",
                source=source,
                line=number,
                remedy="Give one spectrum a file: a column of wavenumbers and one of absorbance.",
            )


def _cells(line: str, delimiter: str) -> list[str]:
    if delimiter == " ":
        return line.split()
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]


def _numbers(cells: list[str], delimiter: str) -> tuple[float, float] | None:
    """The first two cells, where both are numbers."""
    if len(cells) < 2:
        return None
    try:
        x, y = (float(cell if delimiter == "," else cell.replace(",", ".")) for cell in cells[:2])
    except ValueError:
        return None
    return x, y


def _delimiter(lines: list[str]) -> str:
    rows = list(islice(filter(_ROW.match, lines), LOOKED_AT))
    for mark in "\t;":
        if rows and all(mark in row for row in rows):
            return mark
    return "," if rows and all("," in row for row in rows) else " "
