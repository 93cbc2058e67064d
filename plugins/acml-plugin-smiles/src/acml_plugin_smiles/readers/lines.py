"""SMILES files and delimited tables: one record a line, with or without a header.

A header names the columns; without one, the first column holds the SMILES. Of a SMILES file (.smi)
the columns may be separated by blanks, and what follows the SMILES (a name, a CXSMILES extension) is
left alone.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from acml_core.errors import BadInput
from acml_core.modality import OnReject
from acml_core.sources import parsed
from acml_plugin_smiles.readers import check
from acml_plugin_smiles.signal import SmilesSignal

STRING = "string"
COLUMNS = (STRING, "smiles", "canonical_smiles", "isomeric_smiles", "structure", "smi", "mol")
"""Names of a column of SMILES, lower case, the one to use first."""

NAMES = ("name", "id", "title", "compound", "compound_name", "zinc_id", "cas")
"""Other names by which a first line is a header."""

COMMENT = "#"
MARKS = ("\t", ",", ";")


def read_lines(
    numbered: Iterable[tuple[int, str]],
    source: Path | str,
    *,
    table: bool,
    on_reject: OnReject | None = None,
) -> Iterator[SmilesSignal]:
    """Signals of numbered lines.

    Args:
        source: the file, or the text itself.
        table: whether the source is a CSV or TSV, whose columns are never separated by blanks.
        on_reject: receives bad lines; without it the first is raised.

    Raises:
        BadInput: a bad line, a header without a column of SMILES, or no line with a SMILES.
    """
    label = source.name if isinstance(source, Path) else "text"
    rows = _rows(numbered, source, table)
    first = next(rows, None)
    if first is None:
        raise _nothing(source)
    column, truth = columns([cell.strip().lower() for cell in first[1]], source, first[0])
    if column < 0:  # no header: the first line is a molecule too
        column, rows = 0, chain([first], rows)

    def signal(row: tuple[int, list[str]]) -> SmilesSignal | None:
        number, cells = row
        text = cells[column].strip() if column < len(cells) else ""
        if not text and any(cell.strip() for cell in cells) and truth >= 0:
            return None  # a row of a table without this measurement
        if not text:
            raise BadInput(
                "the line has no SMILES", source=source, line=number, remedy="Correct it."
            )
        one = check.signal(text, origin=f"{label}:{number}", source=source, line=number)
        if truth < 0:
            return one
        smiles = cells[truth].strip() if truth < len(cells) else ""
        return one.model_copy(update={"smiles": smiles})

    empty = True
    for one in parsed(rows, signal, on_reject):
        empty = False
        yield one
    if empty:
        raise _nothing(source)


def _nothing(source: Path | str) -> BadInput:
    return BadInput("no line holds a SMILES", source=source, remedy="One molecule a line.")


def columns(header: list[str], source: Path | str, line: int = 1) -> tuple[int, int]:
    """Places of the measured strings and of the true structures among a table's column names.

    Returns:
        -1 for what is not there: both, where these cells are no header.

    Raises:
        BadInput: a header without a column of SMILES.
    """
    names = [name for name in COLUMNS if name in header]
    if names:
        truth = [name for name in names if name != STRING]
        of_truth = header.index(truth[0]) if STRING in names and truth else -1
        return header.index(names[0]), of_truth
    if any(name in header for name in NAMES):
        raise BadInput(
            "no column holds SMILES",
            source=source,
            line=line,
            remedy=f"Its columns: {', '.join(header)}. Name the one with SMILES 'smiles'.",
        )
    return -1, -1


def _rows(
    numbered: Iterable[tuple[int, str]], source: Path | str, table: bool
) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each line that is neither blank nor a comment."""
    lines = (
        (number, line)
        for number, line in numbered
        if line.strip() and not line.lstrip().startswith(COMMENT)
    )
    mark: str | None = None
    known = False
    for number, line in lines:
        if not known:
            mark, known = _mark(line, table), True
        if mark is None:
            yield number, line.split()
            continue
        try:
            yield number, next(csv.reader([line], delimiter=mark), [])
        except csv.Error as error:
            raise BadInput(f"not a CSV line ({error})", source=source, line=number) from None


def _mark(line: str, table: bool) -> str | None:
    """What separates the cells of a first line; None for blanks."""
    first = line.split()[0]
    candidates = [mark for mark in MARKS if mark in (line if table or mark == "\t" else first)]
    return max(candidates, key=line.count) if candidates else "," if table else None
