"""NMR-STAR 3 through pynmrstar: assigned chemical shifts and one-dimensional peak lists.

Meant for small molecules (BMRB's metabolite entries). Every assigned chemical shift list gives one
signal. A peak list is used where the entry has no assigned shifts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from acml_core.errors import BadInput
from acml_core.modality import OnReject
from acml_plugin_nmr.readers.limits import check_shifts, no_peaks, wrong_nucleus
from acml_plugin_nmr.signal import NmrSignal

_NOTHING = {"", ".", "?", None}


def read_star(text: str, source: Path, *, on_reject: OnReject | None = None) -> Iterator[NmrSignal]:
    """Signals of an NMR-STAR entry.

    Raises:
        BadInput: not NMR-STAR, truncated, no 13C or 1H shifts.
    """
    import pynmrstar

    try:
        entry = pynmrstar.Entry.from_string(text)
    except Exception as error:
        first = " ".join(str(error).split())[:160]
        raise BadInput(
            f"not readable as NMR-STAR ({first})",
            source=source,
            remedy="The file may be truncated, or be NMR-STAR 2: get version 3 from BMRB.",
        ) from None
    smiles = _smiles(entry)
    solvent = _solvent(entry)
    others: list[str] = []
    given = 0
    for frame in entry.get_saveframes_by_category("assigned_chemical_shifts"):
        shifts, more = _assigned(frame, source)
        others += more
        signal = _signal(shifts, frame.name, smiles, solvent, source)
        if signal is not None:
            given += 1
            yield signal
    if not given:
        for frame in entry.get_saveframes_by_category("spectral_peak_list"):
            shifts, more = _peak_list(frame, source)
            others += more
            signal = _signal(shifts, frame.name, smiles, solvent, source)
            if signal is not None:
                given += 1
                yield signal
    if not given:
        if others:
            raise wrong_nucleus(sorted(set(others)), source=source, line=None)
        raise no_peaks(
            source, None, "The entry has no assigned chemical shifts and no 1D peak list."
        )


def _signal(
    shifts: dict[str, list[float]], name: str, smiles: str, solvent: str, source: Path
) -> NmrSignal | None:
    if not any(shifts.values()):
        return None
    for nucleus, values in shifts.items():
        check_shifts(nucleus, values, source=source)
    return NmrSignal(
        smiles=smiles,
        origin=f"{source.name}:{name}",
        solvent=solvent,
        shifts_13c=tuple(shifts["13C"]),
        shifts_1h=tuple(shifts["1H"]),
    )


def _assigned(frame: Any, source: Path) -> tuple[dict[str, list[float]], list[str]]:
    """Shifts by nucleus; the first of ambiguous entries of one atom."""
    shifts: dict[str, list[float]] = {"13C": [], "1H": []}
    others: list[str] = []
    for row in _rows(frame, "_Atom_chem_shift"):
        symbol, mass = row.get("Atom_type"), row.get("Atom_isotope_number")
        if symbol in _NOTHING or row.get("Val") in _NOTHING:
            continue
        mass = mass if mass not in _NOTHING else {"C": "13", "H": "1"}.get(str(symbol), "")
        nucleus = f"{mass}{str(symbol).capitalize()}"
        if nucleus in shifts:
            shifts[nucleus].append(_number(row["Val"], source))
        else:
            others.append(nucleus)
    return shifts, others


def _peak_list(frame: Any, source: Path) -> tuple[dict[str, list[float]], list[str]]:
    shifts: dict[str, list[float]] = {"13C": [], "1H": []}
    dims = _rows(frame, "_Spectral_dim")
    number = frame.get_tag("Number_of_spectral_dimensions")
    if len(dims) > 1 or (number and str(number[0]) not in ("1", ".")):
        return shifts, []
    symbol = str(dims[0].get("Atom_type", "")) if dims else ""
    mass = str(dims[0].get("Atom_isotope_number", "")) if dims else ""
    nucleus = f"{mass if mass not in _NOTHING else ''}{symbol}"
    nucleus = {"C": "13C", "H": "1H"}.get(nucleus, nucleus)
    if nucleus not in shifts:
        return shifts, [nucleus] if nucleus.strip(".") else []
    for loop, tag in (
        ("_Peak_char", "Chem_shift_val"),
        ("_Spectral_transition_char", "Chem_shift_val"),
    ):
        values = [row[tag] for row in _rows(frame, loop) if row.get(tag) not in _NOTHING]
        if values:
            shifts[nucleus] = [_number(value, source) for value in values]
            break
    return shifts, []


def _rows(frame: Any, category: str) -> list[dict[str, Any]]:
    for loop in frame.loops:
        if loop.category.lower() == category.lower():
            return [dict(zip(loop.tags, row, strict=True)) for row in loop.data]
    return []


def _number(text: Any, source: Path) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadInput(
            f"{str(text)[:30]!r} is no chemical shift", source=source, remedy="Shifts are in ppm."
        ) from None


def _smiles(entry: Any) -> str:
    """The structure that a chem_comp frame states as SMILES, canonical one first, or ""."""
    best = ""
    for frame in entry.get_saveframes_by_category("chem_comp"):
        for row in _rows(frame, "_Chem_comp_SMILES"):
            kind, text = str(row.get("Type", "")).lower(), row.get("String")
            if text in _NOTHING:
                continue
            if re.search("isomeric|canonical", kind) and (not best or "isomeric" in kind):
                best = str(text)
            best = best or str(text)
    return best


def _solvent(entry: Any) -> str:
    for frame in entry.get_saveframes_by_category("sample"):
        for row in _rows(frame, "_Sample_component"):
            if (
                str(row.get("Type", "")).lower() == "solvent"
                and row.get("Mol_common_name") not in _NOTHING
            ):
                return str(row["Mol_common_name"])
        value = frame.get_tag("Solvent_system")
        if value and value[0] not in _NOTHING:
            return str(value[0])
    return ""
