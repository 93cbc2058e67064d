"""Tables with the plugin's columns: one row, one signal. A query needs no column of SMILES."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from acml_core.data import rows
from acml_core.errors import BadInput, did_you_mean
from acml_core.modality import OnReject
from acml_core.sources import parsed
from acml_plugin_nmr.readers.limits import check_shifts
from acml_plugin_nmr.signal import NmrSignal

SHIFTS = ("shifts_13c", "shifts_1h")

_LISTS = (*SHIFTS, "multiplicity_13c", "multiplicity_1h", "integral_1h")
_NUMBERS = (*SHIFTS, "integral_1h")
_SMILES = ("smiles", "canonical_smiles", "mol")


def has_columns(names: list[str]) -> bool:
    """Whether a header is that of a table of signals."""
    return any(name.strip().lower() in SHIFTS for name in names)


def has_structures(names: list[str]) -> bool:
    """Whether a header has a column of SMILES: such a file is a table, not one spectrum."""
    return any(name.strip().lower() in _SMILES for name in names)


def read_table(path: Path, *, on_reject: OnReject | None = None) -> Iterator[NmrSignal]:
    """Signals of a table; rows without any shift are passed over.

    Raises:
        BadInput: not a table, none of the columns; or a bad row, when ``on_reject`` is None.
    """
    columns = rows.columns(path)
    use = rows.given(columns, (*_LISTS, "solvent"))
    if not has_columns(columns):
        near = did_you_mean("shifts_13c", columns) if columns else ""
        raise BadInput(
            "the table has neither a column shifts_13c nor shifts_1h",
            source=path,
            remedy=near if near.startswith("Did") else f"Its columns: {', '.join(columns)}.",
        )
    smiles = next(iter(rows.given(columns, _SMILES).values()), None)

    def signal(numbered: tuple[int, dict[str, Any]]) -> NmrSignal | None:
        number, row = numbered
        try:
            fields = _trimmed({name: _cell(row[column], name) for name, column in use.items()})
            one = NmrSignal(
                smiles=str(row[smiles] or "") if smiles else "",
                origin=f"{path.name}:{number}",
                **{name: value for name, value in fields.items() if value},
            )
            check_shifts("13C", one.shifts_13c, source=path, line=number)
            check_shifts("1H", one.shifts_1h, source=path, line=number)
        except (ValidationError, ValueError, TypeError) as error:
            raise BadInput(
                _reason(error), source=path, line=number, remedy="Correct this row."
            ) from None
        return None if one.missing else one

    wanted = [*use.values(), *([smiles] if smiles else [])]
    yield from parsed(rows.numbered(path, wanted), signal, on_reject)


def _cell(value: Any, name: str) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return () if name in _LISTS else ""
    if name not in _LISTS:
        return str(value)
    try:
        items = rows.listed(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    if name in _NUMBERS:
        return tuple(float(item) for item in items if str(item).strip())
    return tuple("" if item is None else str(item).strip() for item in items)


def _trimmed(fields: dict[str, Any]) -> dict[str, Any]:
    """Without the empty last item that a closing separator leaves ("Q|T|")."""
    for nucleus in ("13c", "1h"):
        shifts, kinds = fields.get(f"shifts_{nucleus}"), fields.get(f"multiplicity_{nucleus}")
        if shifts and kinds and len(kinds) == len(shifts) + 1 and not kinds[-1]:
            fields[f"multiplicity_{nucleus}"] = kinds[:-1]
    return fields


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        if first["type"] == "finite_number":
            return f"a value of {first['loc'][0]} is not a finite number"
        return ": ".join([*(str(part) for part in first["loc"]), first["msg"]])
    return str(error)
