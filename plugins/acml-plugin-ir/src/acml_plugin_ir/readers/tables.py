"""Tables with the plugin's columns: one row, one signal. A query needs no column ``smiles``."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from acml_core.data import rows
from acml_core.data.table import SMILES, reason
from acml_core.errors import BadInput
from acml_core.modality import OnReject
from acml_core.sources import parsed
from acml_plugin_ir.readers.bands import check_bands
from acml_plugin_ir.readers.units import ABOVE_FULL
from acml_plugin_ir.signal import IrSignal

LISTS = tuple(name for name in IrSignal.columns() if name != "state")


def is_table(path: Path) -> bool:
    """Whether a CSV file is a table of signals, and not two columns of one curve.

    Its header names columns of the plugin, and the first row has a list in one of them.
    """
    names = rows.columns(path)
    given = rows.given(names, (SMILES, *LISTS))
    if SMILES in given:
        return True
    _, row = next(rows.numbered(path, list(given.values())), (0, {}))
    return any(re.search(r"\d[\s;|,]+[-+\d.]", cell or "") for cell in row.values())


def read_table(path: Path, *, on_reject: OnReject | None = None) -> Iterator[IrSignal]:
    """Signals of a table; rows without a measurement are passed over.

    Raises:
        BadInput: not a table, none of the columns; or a bad row, when ``on_reject`` is None.
    """
    names = rows.columns(path)
    given = rows.given(names, (*IrSignal.columns(), SMILES))
    if not set(given) & {"absorbance", "transmittance", "bands", "lines"}:
        raise BadInput(
            "the table has none of the columns absorbance, transmittance, bands, lines",
            source=path,
            remedy=f"Its columns: {', '.join(names)}.",
        )

    def signal(numbered: tuple[int, dict[str, Any]]) -> IrSignal | None:
        number, row = numbered
        try:
            values = {ours: _cell(row[theirs], ours) for ours, theirs in given.items()}
            one = IrSignal(origin=f"{path.name}:{number}", **{k: v for k, v in values.items() if v})
            check_bands(one.bands, source=path, line=number)
            _check_fraction(one.transmittance)
        except (ValidationError, ValueError, TypeError) as error:
            raise BadInput(
                reason(error), source=path, line=number, remedy="Correct this row."
            ) from None
        return None if one.missing else one

    yield from parsed(rows.numbered(path, list(given.values())), signal, on_reject)


def _check_fraction(transmittance: tuple[float, ...]) -> None:
    """Raise ValueError for a transmittance that is no fraction."""
    highest = max(filter(math.isfinite, transmittance), default=0.0)
    if highest > 1.0 + ABOVE_FULL:
        raise ValueError(
            f"transmittance up to {highest:g}: the column holds fractions, so divide percent by 100"
        )


def _cell(value: Any, name: str) -> Any:
    if value is None:
        return None
    if name not in LISTS:
        return str(value)
    if isinstance(value, str):
        value = value.strip().strip("".join(rows.SEPARATORS))  # they may open and close a list
    items = rows.listed(value)
    if name == "strengths":
        return tuple("" if item is None else str(item) for item in items)
    return tuple(float("nan") if item is None else float(item) for item in items)
