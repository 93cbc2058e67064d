"""JCAMP-DX data tables: AFFN, and the compressed ASDF forms PAC, SQZ, DIF and DUP.

McDonald and Wilks, Appl. Spectrosc. 1988, 42, 151, doi:10.1366/0003702884428734, sections 5 and 6.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from acml_core.errors import BadInput

MAX_REPEATS = 1_000_000
"""Largest repeat count (DUP) taken for one."""

Y_TOLERANCE = 1e-6
"""Share by which a Y check may differ: files with decimals round."""

_SQUEEZED = {c: str(i) for i, c in enumerate("@ABCDEFGHI")} | {
    c: f"-{i}" for i, c in enumerate("abcdefghi", 1)
}
_DIFFERENCE = {c: str(i) for i, c in enumerate("%JKLMNOPQR")} | {
    c: f"-{i}" for i, c in enumerate("jklmnopqr", 1)
}
_DUPLICATE = {c: str(i) for i, c in enumerate("STUVWXYZ", 1)} | {"s": "9"}
_COMPRESSED = re.compile(r"[@%A-DF-Za-df-z]|\d[Ee]\d")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|\?")
_ITEM = re.compile(
    # An exponent needs a point before it or a sign behind it: a bare E is the squeezed digit 5.
    r"([@A-Ia-i%J-Rj-rS-Zs+-]?)(\d*\.\d*[eE][-+]?\d+|\d+[eE][-+]\d+|\d*\.?\d*)|(\?)"
)
_ENDLESS = re.compile(r"\b(?:nan|inf(?:inity)?)\b", re.I)
_BETWEEN = re.compile(r"[\s,;]+")


@dataclass(frozen=True)
class Ordinates:
    """An (X++(Y..Y)) table.

    Attributes:
        y: (N,) before YFACTOR; "?" is NaN.
        x_of_line: (L,) abscissa that each line states, before XFACTOR.
        first_of_line: (L,) number of the point it belongs to.
        line: (L,) number of the line in the file.
    """

    y: np.ndarray
    x_of_line: np.ndarray
    first_of_line: np.ndarray
    line: np.ndarray


def ordinates(body: str, first_line: int, source: str | Path) -> Ordinates:
    """Decode an (X++(Y..Y)) table.

    In the DIF form each line begins by repeating the last ordinate of the line before: this Y check is
    compared, then dropped.

    Raises:
        BadInput: what stands there is no data, or a Y check fails.
    """
    compressed = bool(_COMPRESSED.search(body))
    y: list[float] = []
    x_of_line: list[float] = []
    first_of_line: list[int] = []
    lines: list[int] = []
    differences = False
    for number, row in enumerate(body.splitlines(), start=first_line):
        row = row.split("$$")[0].strip()
        if not row:
            continue
        if compressed:
            x, values, ends_in_difference = _asdf(row, number, source)
        else:
            x, values = _affn(row, number, source)
            ends_in_difference = False
        at = len(y)
        if differences and values and y:
            if not np.isclose(values[0], y[-1], rtol=Y_TOLERANCE, atol=0.0):
                raise BadInput(
                    f"the Y check fails: {values[0]:g} stands where {y[-1]:g} must be repeated",
                    source=source,
                    line=number,
                    remedy="The file is damaged: export or download it again.",
                )
            values, at = values[1:], at - 1
        x_of_line.append(x)
        first_of_line.append(at)
        lines.append(number)
        y += values
        differences = ends_in_difference
    return Ordinates(
        np.array(y), np.array(x_of_line), np.array(first_of_line, dtype=np.int64), np.array(lines)
    )


def pairs(body: str, first_line: int, source: str | Path) -> np.ndarray:
    """Decode an (XY..XY) table: (N, 2), before the factors.

    Raises:
        BadInput: an odd number of values, or none.
    """
    values: list[float] = []
    for number, row in enumerate(body.splitlines(), start=first_line):
        text = row.split("$$")[0]
        if endless := _ENDLESS.search(text):
            raise BadInput(
                f"{endless[0]!r} is not a finite number",
                source=source,
                line=number,
                remedy="Leave the point out, or write ? for an unknown ordinate.",
            )
        values += [np.nan if item == "?" else float(item) for item in _NUMBER.findall(text)]
    if not values or len(values) % 2:
        raise BadInput(
            f"{len(values)} numbers are no list of X, Y pairs",
            source=source,
            line=first_line,
            remedy="The file may be truncated: export or download it again.",
        )
    return np.array(values).reshape(-1, 2)


def _affn(row: str, line: int, source: str | Path) -> tuple[float, list[float]]:
    try:
        x, *values = map(float, row.replace(",", " ").replace(";", " ").split())
    except ValueError:  # PAC: signs part the numbers
        items = _NUMBER.findall(row)
        if not items or _BETWEEN.sub("", _NUMBER.sub("", row)) or items[0] == "?":
            raise _no_data(row, line, source) from None
        x, *values = (np.nan if item == "?" else float(item) for item in items)
    return x, values


def _asdf(row: str, line: int, source: str | Path) -> tuple[float, list[float], bool]:
    """Abscissa, ordinates, and whether the last of them was a difference."""
    start = re.match(r"[-+]?\d*\.?\d*", row)
    if start is None or not start[0].strip("+-."):
        raise _no_data(row, line, source)
    x = float(start[0])
    values: list[float] = []
    step: float | None = None
    position = start.end()
    while position < len(row):
        if row[position] in " \t,":
            position += 1
            continue
        found = _ITEM.match(row, position)
        if found is None or found.end() == position:
            raise _no_data(row, line, source)
        position = found.end()
        mark, digits, unknown = found.groups()
        if unknown:
            values.append(float("nan"))
            step = None
            continue
        try:
            if mark in _DUPLICATE:
                _repeat(values, int(_DUPLICATE[mark] + digits) - 1, step)
            elif mark in _DIFFERENCE:
                step = float(_DIFFERENCE[mark] + digits)
                values.append(values[-1] + step)
            else:
                values.append(float(_SQUEEZED.get(mark, mark) + digits))
                step = None
        except (ValueError, IndexError):
            raise _no_data(row, line, source) from None
    return x, values, step is not None


def _repeat(values: list[float], times: int, step: float | None) -> None:
    if not 0 <= times <= MAX_REPEATS:
        raise ValueError("impossible repeat count")
    last = values[-1]
    if step is None:
        values += [last] * times
    else:
        values += [last + step * k for k in range(1, times + 1)]


def _no_data(row: str, line: int, source: str | Path) -> BadInput:
    return BadInput(
        f"{row[:30]!r} is no JCAMP-DX data",
        source=source,
        line=line,
        remedy="The file is damaged: export or download it again.",
    )
