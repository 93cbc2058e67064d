"""A table of molecules and measured properties."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow.parquet as pq

from acml_core.errors import BadInput, did_you_mean
from acml_core.graphs.build import build
from acml_core.graphs.packed import PackedGraphs
from acml_core.rejects import Reject

Task = Literal["classification", "regression"]
TASKS: tuple[Task, ...] = ("classification", "regression")

STRUCTURES = ("smiles", "mol", "canonical_smiles", "drug")
"""Names, whatever their case, of a column of structures."""

NAMES = (
    "mol_id",
    "id",
    "name",
    "num",
    "inchikey",
    "inchikey14",
    "inchi",
    "formula",
    "drug_id",
    "split",
)
"""Columns that are no targets unless they are named as such."""

MISSING = {"", "nan", "na", "none", "null", "?"}


@dataclass(frozen=True)
class PropertyTable:
    """Molecules with their properties.

    Attributes:
        graphs: one a row that could be used: stereoisomers and salts stay apart.
        targets: names of the columns.
        y: (n, T) float32; nan is not measured. Classes are 0 and 1.
        task: what ``y`` holds.
        rejects: rows left out.
        rows: (n,) number of each molecule's row, from 1.
    """

    graphs: PackedGraphs
    targets: tuple[str, ...]
    y: np.ndarray
    task: Task
    rejects: list[Reject]
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.graphs)


def read(
    path: str | Path,
    task: Task,
    *,
    targets: Sequence[str] = (),
    usual: Sequence[str] = (),
    progress: bool = True,
) -> PropertyTable:
    """Read a CSV, TSV or parquet table.

    Args:
        targets: columns; by default all but the structure's and names.
        usual: names that the targets of this data set are known by: those that the table has are
            the default.

    Raises:
        BadInput: no such file or column, a value that is no number (file and line), a class that is
            neither 0 nor 1, or no row that can be used.
    """
    path = Path(path)
    columns = _columns(path)
    structure = _structure(columns, path)
    chosen = (
        list(targets)
        or [name for name in usual if name in columns]
        or [name for name in columns if name != structure and name.strip().lower() not in NAMES]
    )
    for name in chosen:
        if name not in columns:
            raise BadInput(
                f"there is no column {name!r}", source=path, remedy=did_you_mean(name, columns)
            )
    if not chosen:
        raise BadInput("the table has no targets", source=path, remedy="Name them with --target.")
    y = np.stack([_numbers(columns[name], name, path) for name in chosen], axis=1)
    if task == "classification":
        _check_classes(y, chosen, path)
    smiles = [str(value or "") for value in columns[structure]]
    built = build(smiles, dedupe=False, progress=progress)
    rows = np.flatnonzero(built.rows >= 0)
    measured = np.isfinite(y[rows]).any(axis=1)
    rejects = list(built.rejects)
    rejects += [Reject(int(r) + 1, smiles[r], "no target was measured") for r in rows[~measured]]
    rows = rows[measured]
    if not len(rows):
        raise BadInput(
            "no row of the table can be used",
            source=path,
            remedy=f"First: {rejects[0].reason}." if rejects else "It is empty.",
        )
    return PropertyTable(
        graphs=built.graphs.select(built.rows[rows]),
        targets=tuple(chosen),
        y=y[rows].astype(np.float32),
        task=task,
        rejects=sorted(rejects, key=lambda one: one.row),
        rows=rows + 1,
    )


def _columns(path: Path) -> dict[str, list[object]]:
    if not path.is_file():
        raise BadInput("no such table", source=path, remedy="Check the path.")
    if path.suffix.lower() == ".parquet":
        table = pq.read_table(path)
        return {name: table[name].to_pylist() for name in table.column_names}
    if path.suffix.lower() not in (".csv", ".tsv", ".tab", ".txt"):
        raise BadInput(
            f"tables are not read from {path.suffix!r}", source=path,
            remedy="Give .csv, .tsv or .parquet.",
        )  # fmt: skip
    with path.open(newline="", encoding="utf-8-sig") as file:
        delimiter = "," if path.suffix.lower() == ".csv" else "\t"
        reader = csv.reader(file, delimiter=delimiter)
        header = next(reader, [])
        rows: list[list[str]] = []
        for row in reader:
            if not row:
                continue
            if len(row) != len(header):
                raise BadInput(
                    f"the line has {len(row)} cells, the header {len(header)}",
                    source=path,
                    line=reader.line_num,
                    remedy="Quote cells that hold the delimiter.",
                )
            rows.append(row)
    return {name: [row[i] for row in rows] for i, name in enumerate(header)}


def _structure(columns: dict[str, list[object]], path: Path) -> str:
    for wanted in STRUCTURES:
        for name in columns:
            if name.strip().lower() == wanted:
                return name
    raise BadInput(
        f"no column of structures among {', '.join(columns) or 'none'}",
        source=path,
        remedy="Name it smiles.",
    )


def _numbers(values: Sequence[object], name: str, path: Path) -> np.ndarray:
    found = np.full(len(values), np.nan)
    for i, value in enumerate(values):
        if value is None or str(value).strip().lower() in MISSING:
            continue
        try:
            found[i] = float(str(value))
        except ValueError:
            raise BadInput(
                f"{str(value)[:40]!r} in column {name!r} is no number",
                source=path,
                line=i + 2,
                remedy="Leave what was not measured empty; or name the targets with --target.",
            ) from None
    found[~np.isfinite(found)] = np.nan
    return found


def _check_classes(y: np.ndarray, names: Sequence[str], path: Path) -> None:
    wrong = np.isfinite(y) & (y != 0) & (y != 1)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise BadInput(
            f"{y[row, column]:g} in column {names[column]!r} is no class",
            source=path,
            line=int(row) + 2,
            remedy="Classes are 0 and 1; for numbers give --task regression.",
        )
