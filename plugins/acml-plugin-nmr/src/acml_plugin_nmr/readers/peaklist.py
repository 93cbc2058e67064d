"""One spectrum as a CSV or TSV peak list, or as a bare list of numbers in a text file.

Columns are known by their names (ppm, shift, intensity, multiplicity, nucleus, ...) or, without a
header, by their place: the shift first, then an intensity or a multiplicity. The nucleus comes from a
column, a comment line, a column's name or the file's name; else the largest shift decides (13C above
20 ppm). Many evenly spaced rows are a spectrum, not a list, and are peak-picked.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from acml_core.errors import BadInput
from acml_plugin_nmr.readers.annotations import hydrogens_on_carbon, integral_1h, splitting_1h
from acml_plugin_nmr.readers.limits import (
    check_shifts,
    guess_nucleus,
    no_peaks,
    wrong_nucleus,
)
from acml_plugin_nmr.readers.normalise import normalise
from acml_plugin_nmr.readers.solvents import find_solvent, is_not_sample
from acml_plugin_nmr.signal import MULTIPLICITIES_13C, NmrSignal

SPECTRUM_ROWS = 256
"""So many evenly spaced rows of two numbers are a digitised spectrum."""

_KINDS = (
    ("nucleus", re.compile(r"^(?:nuc(?:leus|lide)?|isotope|type of nucleus)$")),
    ("intensity", re.compile(r"^(?:intens|height|area|abundance)")),
    ("hz", re.compile(r"\bhz\b|frequency")),
    ("shift", re.compile(
        r"ppm|shift|^δ|^delta$|^d$|^f1$|^position$|^centre$|^center$|^x$|^13c$|^1h$|^peak$|^cs$"
    )),
    ("multiplicity", re.compile(r"^mult|^dept|^class$|^splitting$|^group$|^carbon type$|^ch_?n$")),
    ("count", re.compile(r"^(?:count|number|n|h'?s|#h|nh|num_?h|hydrogens|protons|integral|"
                           r"carbons|n_?c|nuclei)$")),
    ("solvent", re.compile(r"^solvent$")),
    ("kind", re.compile(r"^(?:type|annotation|comment|assignment|label|flags?)$")),
)  # fmt: skip
_NUCLEUS = re.compile(
    r"(?<![A-Za-z0-9])(13\s?C|1\s?H|19\s?F|31\s?P|15\s?N|11\s?B|29\s?Si)(?![a-z0-9])"
)
_COMMENT = ("#", "//", "%", "!")


def is_number(text: str) -> bool:
    """Whether a cell is a number (NaN and infinity included; decimal comma allowed)."""
    return _number(text) is not None


def looks_like_rows(text: str) -> bool:
    """Whether every line of a text holds numbers in columns, or numbers alone."""
    lines = [
        line
        for line in text.splitlines()
        if line.strip() and not line.lstrip().startswith(_COMMENT)
    ]
    first = [re.split(r"[\s,;]+", line.strip())[0] for line in lines]
    return bool(lines) and all(is_number(cell) for cell in first) and not re.search(r"[(\[]", text)


def read_numbers(text: str, source: Path) -> Iterator[NmrSignal]:
    """A text file that holds nothing but numbers, however they are separated: one spectrum.

    Lines of a number and a letter or an intensity ("170.1 S") are read as columns.
    """
    lines = text.splitlines()
    rows = [
        (number, line.strip())
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.lstrip().startswith(_COMMENT)
    ]
    comma_decimal = not re.search(r"\d\.\d", text) and bool(
        re.search(r"\d,\d+(?=\s*(?:;|$|\s))", text, re.M)
    )
    split = [
        re.split(r"[\s;|]+" if comma_decimal else r"[\s,;|]+", line.strip(",;| "))
        for _, line in rows
    ]
    widths = {len(cells) for cells in split}
    letters = any(not is_number(cell) for cells in split for cell in cells)
    pairs = len(split) >= 3 and len(widths) == 1 and widths != {1} and _has_a_peak_column(split)
    if letters or pairs:
        yield from read_peaks(text, source)
        return
    values = [
        (number, value)
        for (number, _), cells in zip(rows, split, strict=True)
        for cell in cells
        if (value := _number(cell)) is not None
    ]
    for number, value in values:
        if not math.isfinite(value):
            check_shifts("13C", [value], source=source, line=number)
    shifts = [value for _, value in values]
    if not shifts:
        raise no_peaks(source)
    nucleus = _stated(lines, source) or guess_nucleus(shifts)
    if nucleus not in ("13C", "1H"):
        raise wrong_nucleus([nucleus], source=source, line=None)
    check_shifts(nucleus, shifts, source=source)
    yield NmrSignal(origin=source.name, **{f"shifts_{nucleus.lower()}": tuple(shifts)})  # type: ignore[arg-type]


def read_peaks(text: str, source: Path) -> Iterator[NmrSignal]:
    """A peak list with columns: one spectrum, or one of each nucleus where a column tells them apart.

    Raises:
        BadInput: no column of shifts, a cell that is no number, another nucleus, Hz, nothing left.
    """
    lines = text.splitlines()
    body = [
        (number, line)
        for number, line in enumerate(lines, start=1)
        if line.strip(" \t,;") and not line.lstrip().startswith(_COMMENT)
    ]
    if not body:
        raise no_peaks(source)
    delimiter = _delimiter([line for _, line in body])
    rows = [(number, _cells(line, delimiter)) for number, line in body]
    while len(rows) > 1 and _is_header(rows[1][1]) and not any(map(is_number, rows[0][1])):
        rows.pop(0)  # a title above the header
    header = None
    if not any(is_number(cell) for cell in rows[0][1]) or _is_header(rows[0][1]):
        header = rows.pop(0)
    if not rows:
        raise no_peaks(source)
    columns = _named(header[1], source, header[0]) if header else _placed(rows)
    spectrum = _as_spectrum(rows, columns)
    stated = _stated(lines, source) or _from_header(header[1] if header else [], columns)
    if spectrum is not None:
        yield _picked(spectrum, stated, source, lines)
        return
    found: dict[str, list[tuple[float, str, float]]] = {}
    first_line: dict[str, int] = {}
    for number, cells in rows:
        at = columns["shift"]
        cell = cells[at].strip() if at < len(cells) else ""
        if not cell:
            continue
        value = _shift(cell)
        if value is None:
            raise BadInput(
                f"{cell[:40]!r} is no chemical shift",
                source=source,
                line=number,
                remedy="The column of shifts must hold numbers in ppm, or ranges such as 7.26-7.19.",
            )
        if not math.isfinite(value):
            check_shifts("13C", [value], source=source, line=number)
        get = {name: cells[i].strip() for name, i in columns.items() if i < len(cells)}
        if is_not_sample(get.get("kind", "")) or re.search(
            r"impurity|artifact|artefact", get.get("kind", ""), re.I
        ):
            continue
        nucleus = _plain_nucleus(get.get("nucleus", "")) or stated or ""
        count = _number(get.get("count", "")) or integral_1h(get.get("count", ""))
        found.setdefault(nucleus, []).append((value, get.get("multiplicity", ""), count))
        first_line.setdefault(nucleus, number)
    if "" in found:
        nucleus = guess_nucleus([value for value, _, _ in found[""]])
        found.setdefault(nucleus, []).extend(found.pop(""))
        first_line[nucleus] = 1
    usable = {name: peaks for name, peaks in found.items() if name in ("13C", "1H")}
    if not usable:
        if found:
            raise wrong_nucleus(list(found), source=source, line=None)
        raise no_peaks(source)
    fields: dict[str, object] = {}
    for nucleus, peaks in usable.items():
        shifts = [value for value, _, _ in peaks]
        check_shifts(nucleus, shifts, source=source, line=first_line[nucleus])
        fields |= _fields(nucleus, peaks)
    solvent = _solvent(lines, rows, columns)
    yield NmrSignal(origin=source.name, solvent=solvent, **fields)  # type: ignore[arg-type]


def _fields(nucleus: str, peaks: list[tuple[float, str, float]]) -> dict[str, object]:
    if nucleus == "1H":
        return {
            "shifts_1h": tuple(shift for shift, _, _ in peaks),
            "multiplicity_1h": tuple(splitting_1h(text.lower()) for _, text, _ in peaks),
            "integral_1h": tuple(max(count or 0.0, 0.0) for _, _, count in peaks),
        }
    times = [
        int(count) if count and 1 < count <= 60 and count == int(count) else 1
        for *_, count in peaks
    ]
    kinds = [_carbon(text) for _, text, _ in peaks]
    return {
        "shifts_13c": tuple(p[0] for p, n in zip(peaks, times, strict=True) for _ in range(n)),
        "multiplicity_13c": tuple(k for k, n in zip(kinds, times, strict=True) for _ in range(n)),
    }


def _carbon(text: str) -> str:
    text = text.strip()
    if text.upper() in MULTIPLICITIES_13C:
        return text.upper()
    names = {"singlet": "S", "doublet": "D", "triplet": "T", "quartet": "Q", "c": "S", "quat": "S"}
    return names.get(text.lower()) or hydrogens_on_carbon(text)


def _number(text: str) -> float | None:
    cell = text.strip().replace("−", "-")
    if re.fullmatch(r"[-+]?\d+,\d+", cell):
        cell = cell.replace(",", ".")
    if not re.fullmatch(
        r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?:nan|inf(?:inity)?)", cell, re.I
    ):
        return None
    return float(cell)


def _shift(cell: str) -> float | None:
    cell = re.sub(r"\s*ppm$", "", normalise(cell).strip(), flags=re.I).strip()
    value = _number(cell)
    if value is not None:
        return value
    found = re.fullmatch(r"([-+]?[\d.,]+)\s*(?:-|to|~|\.\.+)\s*([-+]?[\d.,]+)", cell)
    ends = [_number(part) for part in found.groups()] if found else [None]
    return None if None in ends else sum(ends) / 2  # type: ignore[arg-type]


def _delimiter(lines: list[str]) -> str:
    """The character that splits the lines into most, and equally many, cells; " " for white space."""
    best, score = " ", 0.0
    for mark in ("\t", ";", "|", ","):
        counts = [line.count(mark) for line in lines]
        if mark == "," and all(re.fullmatch(r"\s*-?\d+,\d+\s*", line) for line in lines):
            continue
        value = min(counts) + 0.5 * (max(counts) == min(counts)) if min(counts) else 0.0
        if value > score:
            best, score = mark, value
    return best


def _cells(line: str, delimiter: str) -> list[str]:
    if delimiter == " ":
        return line.split()
    return [
        cell.strip()
        for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
    ]


def _kind(name: str) -> str | None:
    name = normalise(name).strip().lower().strip("'\"")
    for kind, pattern in _KINDS:
        if kind == "hz" and "ppm" in name:
            continue
        if pattern.search(name):
            return kind
    return None


def _is_header(cells: list[str]) -> bool:
    return any(_kind(cell) for cell in cells if not is_number(cell)) and not any(
        map(is_number, cells)
    )


def _named(names: list[str], source: Path, line: int) -> dict[str, int]:
    columns: dict[str, int] = {}
    for at, name in enumerate(names):
        kind = _kind(name)
        if kind == "shift" and "shift" in columns and "ppm" in name.lower():
            columns[kind] = at if "ppm" not in names[columns["shift"]].lower() else columns[kind]
        elif kind:
            columns.setdefault(kind, at)
    if "shift" not in columns and "hz" in columns:
        raise BadInput(
            "the peaks are given in Hz only",
            source=source,
            line=line,
            remedy="Divide by the observe frequency in MHz and call the column 'ppm'.",
        )
    if "shift" not in columns:
        raise BadInput(
            "no column of chemical shifts",
            source=source,
            line=line,
            remedy=f"Its columns: {', '.join(names)}. Call the one with the shifts 'ppm'.",
        )
    return columns


def _placed(rows: list[tuple[int, list[str]]]) -> dict[str, int]:
    """Columns of a list without header: the first of numbers is the shift; words are multiplicities."""
    width = max(len(cells) for _, cells in rows)
    numeric = [
        sum(at < len(cells) and _shift(cells[at]) is not None for _, cells in rows)
        for at in range(width)
    ]
    usual = [at for at in range(width) if numeric[at] >= 0.8 * len(rows)]
    if len(usual) > 1 and _counts_up(
        [_shift(cells[usual[0]]) for _, cells in rows if len(cells) > usual[0]]
    ):
        usual.pop(0)  # peak numbers 1, 2, 3, ...
    columns = {"shift": usual[0] if usual else 0}
    for at in range(width):
        words = [cells[at] for _, cells in rows if at < len(cells) and cells[at]]
        if at == columns["shift"] or not words or numeric[at]:
            continue
        if all(_plain_nucleus(word) for word in words):
            columns["nucleus"] = at
        else:
            columns.setdefault("multiplicity", at)
    return columns


def _counts_up(values: list[float | None]) -> bool:
    return len(values) > 1 and all(value == at for at, value in enumerate(values, start=1))


def _has_a_peak_column(split: list[list[str]]) -> bool:
    """Whether rows of numbers are shift and intensity (rather than one list in several columns)."""
    table = [[_number(cell) or 0.0 for cell in cells] for cells in split]
    first = [row[0] for row in table]
    joint = [value for row in table for value in row]
    return _in_order(first) and not _in_order(joint)


def _in_order(values: list[float]) -> bool:
    return values == sorted(values) or values == sorted(values, reverse=True)


def _as_spectrum(
    rows: list[tuple[int, list[str]]], columns: dict[str, int]
) -> tuple[np.ndarray, np.ndarray] | None:
    if len(rows) < SPECTRUM_ROWS or "multiplicity" in columns:
        return None
    x_at = columns["shift"]
    y_at = next((at for at in range(len(rows[0][1])) if at != x_at), None)
    if y_at is None or any(len(cells) <= max(x_at, y_at) for _, cells in rows):
        return None
    x = [_number(cells[x_at]) for _, cells in rows]
    y = [_number(cells[y_at]) for _, cells in rows]
    if None in x or None in y:
        return None
    axis = np.array(x, dtype=float)
    steps = np.diff(axis)
    mean = steps.mean()
    if not np.isfinite(mean) or mean == 0 or np.abs(steps - mean).max() > 0.5 * abs(mean):
        return None
    return axis, np.array(y, dtype=float)


def _picked(
    spectrum: tuple[np.ndarray, np.ndarray], stated: str, source: Path, lines: list[str]
) -> NmrSignal:
    from acml_plugin_nmr.readers.peakpick import signal_from_spectrum

    axis, heights = spectrum
    nucleus = stated or guess_nucleus(axis.tolist())
    solvent = _solvent(lines, [], {})
    return signal_from_spectrum(nucleus, axis, heights, source=source, solvent=solvent)


def _stated(lines: list[str], source: Path) -> str:
    """Nucleus that a comment line or the file's name states, else ""."""
    places = [line for line in lines if line.lstrip().startswith(_COMMENT)]
    places += [
        line for line in lines[:3] if _NUCLEUS.search(normalise(line)) and not is_number(line[:4])
    ]
    for place in [*places, re.sub(r"[_.]", " ", source.stem)]:
        found = _NUCLEUS.search(normalise(place))
        if found:
            return found[1].replace(" ", "")
    return ""


def _from_header(names: list[str], columns: dict[str, int]) -> str:
    if not names:
        return ""
    found = _NUCLEUS.search(normalise(names[columns["shift"]]).replace("_", " "))
    return found[1].replace(" ", "") if found else ""


def _plain_nucleus(text: str) -> str:
    text = normalise(text).strip()
    return {"C": "13C", "H": "1H", "C13": "13C", "H1": "1H", "carbon": "13C", "proton": "1H"}.get(
        text.replace("-", ""), text if re.fullmatch(r"\d{1,3}[A-Z][a-z]?", text) else ""
    )


def _solvent(lines: list[str], rows: list[tuple[int, list[str]]], columns: dict[str, int]) -> str:
    if "solvent" in columns and rows and columns["solvent"] < len(rows[0][1]):
        return rows[0][1][columns["solvent"]]
    comments = " ".join(line for line in lines if line.lstrip().startswith(_COMMENT))
    return find_solvent(comments)
