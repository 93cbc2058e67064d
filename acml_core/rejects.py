"""Input rows that could not be used, so that the others can go on."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

COLUMNS = ("row", "value", "reason")


@dataclass(frozen=True, slots=True)
class Reject:
    """One row left out.

    Attributes:
        row: its number, counted as the maker of the list states.
        value: what the row held, e.g. its SMILES.
        reason: why it cannot be used, one line.
    """

    row: int
    value: str
    reason: str


def write_csv(rejects: Iterable[Reject], path: str | Path) -> None:
    """Write ``row,value,reason`` as CSV (UTF-8), whole or not at all."""
    path = Path(path)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows((reject.row, reject.value, reject.reason) for reject in rejects)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def read_csv(path: str | Path) -> list[Reject]:
    """What ``write_csv`` wrote."""
    with Path(path).open(newline="", encoding="utf-8") as file:
        return [
            Reject(int(row["row"]), row["value"], row["reason"]) for row in csv.DictReader(file)
        ]
