"""Parquet tables: the column ``string``, or a column of structures alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from acml_core.data import rows
from acml_core.errors import BadInput
from acml_core.modality import OnReject
from acml_core.sources import parsed
from acml_plugin_smiles.readers import check
from acml_plugin_smiles.readers.lines import columns
from acml_plugin_smiles.signal import SmilesSignal


def read_parquet(path: Path, *, on_reject: OnReject | None = None) -> Iterator[SmilesSignal]:
    """Signals of a parquet table; rows without a string are passed over.

    Raises:
        BadInput: no parquet file, no column of SMILES; or a bad row, when ``on_reject`` is None.
    """
    names = rows.columns(path)
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

    yield from parsed(rows.numbered(path, wanted), signal, on_reject)
