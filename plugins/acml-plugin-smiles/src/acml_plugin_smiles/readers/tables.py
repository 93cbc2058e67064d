"""Parquet tables: the column ``string``, or a column of structures alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from acml_core.errors import BadInput
from acml_core.modality import OnReject
from acml_core.sources import parsed
from acml_plugin_smiles.readers import check
from acml_plugin_smiles.readers.lines import columns
from acml_plugin_smiles.signal import SmilesSignal

BATCH = 4096
"""Rows read at once."""


def read_parquet(path: Path, *, on_reject: OnReject | None = None) -> Iterator[SmilesSignal]:
    """Signals of a parquet table; rows without a string are passed over.

    Raises:
        BadInput: no parquet file, no column of SMILES; or a bad row, when ``on_reject`` is None.
    """
    try:
        file = pq.ParquetFile(path)
        names = list(file.schema_arrow.names)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(error, path) from None
    column, truth = columns([name.lower() for name in names], path)
    if column < 0:
        raise BadInput(
            "no column holds SMILES",
            source=path,
            remedy=f"Its columns: {', '.join(names)}. Name the one with SMILES 'smiles'.",
        )
    wanted = [names[column], *([names[truth]] if truth >= 0 else [])]

    def signal(numbered: tuple[int, dict[str, Any]]) -> SmilesSignal | None:
        line, row = numbered
        text = row[wanted[0]]
        if text is None or text == "":
            return None
        one = check.signal(str(text), origin=f"{path.name}:{line}", source=path, line=line)
        return one.model_copy(update={"smiles": str(row[wanted[1]] or "")}) if truth >= 0 else one

    number = 0
    batches = file.iter_batches(batch_size=BATCH, columns=wanted)
    while True:
        try:
            batch = next(batches, None)
        except (pa.ArrowException, OSError) as error:
            raise _damaged(error, path) from None
        if batch is None:
            break
        yield from parsed(enumerate(batch.to_pylist(), start=number + 1), signal, on_reject)
        number += batch.num_rows


def _damaged(error: Exception, path: Path) -> BadInput:
    return BadInput(
        f"not a readable parquet file ({str(error).splitlines()[0]})",
        source=path,
        remedy="It may be truncated: fetch or write it again.",
    )
