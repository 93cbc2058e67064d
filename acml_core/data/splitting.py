"""``acml data split``: one table into three, by InChIKey-14."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from acml_core.config import parse
from acml_core.data import table
from acml_core.data.rejects import Reject
from acml_core.data.split import SPLITS, SplitConfig, assign
from acml_core.graphs.build import cached


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
    counts = {
        name: {
            "rows": side.count(name),
            "molecules": int((side_of_molecule == number).sum()),
        }
        for number, name in enumerate(SPLITS)
    }
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        is_parquet = path.suffix.lower() == ".parquet"
        whole = pq.read_table(path) if is_parquet else _read_csv(path)
        for name in SPLITS:
            rows = whole.filter(pa.array([one == name for one in side]))
            target = out / f"{name}{path.suffix.lower()}"
            part = target.with_name(target.name + ".part")
            if is_parquet:
                pq.write_table(rows, part, compression="zstd")
            else:
                pacsv.write_csv(rows, part, pacsv.WriteOptions(delimiter=_delimiter(path)))
            os.replace(part, target)
    return counts, rejects


def _read_csv(path: Path) -> pa.Table:
    header = table.column_names(path)
    return pacsv.read_csv(
        path,
        parse_options=pacsv.ParseOptions(delimiter=_delimiter(path), newlines_in_values=True),
        convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(header, pa.string())),
    )


def _delimiter(path: Path) -> str:
    return "\t" if path.suffix.lower() == ".tsv" else ","
