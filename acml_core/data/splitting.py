"""``acml data split``: one table into three, by InChIKey-14."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from acml_core.config import parse
from acml_core.data import table
from acml_core.data.split import SPLITS, SplitConfig, assign
from acml_core.files import whole
from acml_core.graphs.build import cached
from acml_core.rejects import Reject


def split_table(
    path: Path, test: float, validation: float, salt: str, out: Path | None
) -> tuple[dict[str, dict[str, int]], list[Reject]]:
    """Counts of rows and molecules of each side; with ``out`` also writes ``SIDE.parquet`` (or CSV).

    All columns are kept as they are. Rows whose SMILES cannot be read go to no side.
    """
    config = parse(SplitConfig, {"test": test, "validation": validation, "salt": salt})
    graphs, molecule_of, rejects = cached(table.smiles_column(path))
    side_of_molecule = assign(list(graphs.keys), config)
    side = [None if m < 0 else SPLITS[side_of_molecule[m]] for m in molecule_of.tolist()]
    counts: dict[str, dict[str, int]] = {
        name: {
            "rows": side.count(name),
            "molecules": int((side_of_molecule == number).sum()),
        }
        for number, name in enumerate(SPLITS)
    }
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        suffix = path.suffix.lower()
        write = _write_parquet if suffix == ".parquet" else _write_csv
        for name in SPLITS:
            with whole(out / f"{name}{suffix}") as part:
                write(path, part, [one == name for one in side])
    return counts, rejects


def _write_parquet(source: Path, target: Path, chosen: list[bool]) -> None:
    rows = pq.read_table(source).filter(pa.array(chosen, type=pa.bool_()))
    pq.write_table(rows, target, compression="zstd")


def _write_csv(source: Path, target: Path, chosen: list[bool]) -> None:
    """Rows as they are written, so that nothing is lost which this program does not understand."""
    delimiter = "\t" if source.suffix.lower() == ".tsv" else ","
    with (
        source.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file,
        target.open("w", newline="", encoding="utf-8", errors="surrogateescape") as out,
    ):
        rows = (row for row in csv.reader(file, delimiter=delimiter) if row)
        writer = csv.writer(out, delimiter=delimiter)
        writer.writerow(next(rows))
        writer.writerows(row for row, keep in zip(rows, chosen, strict=True) if keep)
