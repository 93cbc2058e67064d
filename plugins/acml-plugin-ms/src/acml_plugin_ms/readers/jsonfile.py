"""Spectra as JSON: GNPS's library dump, MoNA's, and lists of {"peaks": [[m/z, intensity], ...]}."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from acml_core.errors import BadInput
from acml_plugin_ms.readers.fields import conditions, plain
from acml_plugin_ms.readers.peaks import pairs_of
from acml_plugin_ms.readers.record import Found, Record

PEAKS = ("peaksjson", "peaks", "spectrum")
MAX_QUOTED = 60
"""Characters of damaged content that a message shows."""


def read_json(text: str, source: str | Path) -> Iterator[Found]:
    """One record an object with peaks; objects may stand alone, in a list, or one a line."""
    text = text.strip()
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        rows = text.splitlines()
        if error.msg == "Extra data" and len(rows) > 1:
            yield from _lines(rows, source)
            return
        yield BadInput(
            f"not valid JSON ({error.msg})",
            source=source,
            line=error.lineno,
            remedy="The file may be truncated: download it again.",
        )
        return
    if isinstance(data, dict):
        data = data.get("spectra", [data])
    if not isinstance(data, list):
        yield BadInput("the JSON is no list of spectra", source=source)
        return
    for number, item in enumerate(data, start=1):
        yield _record(item, number, source)


def _lines(rows: list[str], source: str | Path) -> Iterator[Found]:
    for number, row in enumerate(rows, start=1):
        if not row.strip():
            continue
        try:
            item = json.loads(row)
        except json.JSONDecodeError as error:
            yield BadInput(f"not valid JSON ({error.msg})", source=source, line=number)
            continue
        yield _record(item, number, source)


def _record(item: Any, number: int, source: str | Path) -> Found:
    if not isinstance(item, dict):
        return BadInput(f"record {number} is no JSON object", source=source, line=number)
    fields: dict[str, Any] = {plain(str(key)): value for key, value in item.items()}
    for entry in fields.get("metadata") or []:  # MoNA
        if isinstance(entry, dict) and "name" in entry:
            fields.setdefault(plain(str(entry["name"])), entry.get("value"))
    for compound in fields.get("compound") or []:
        for entry in (compound.get("metaData") or []) if isinstance(compound, dict) else []:
            if isinstance(entry, dict) and str(entry.get("name", "")).upper() == "SMILES":
                fields.setdefault("smiles", entry.get("value"))
    peaks = next((fields[name] for name in PEAKS if fields.get(name)), None)
    try:
        if isinstance(peaks, str):
            peaks = json.loads(peaks) if peaks.lstrip().startswith("[") else pairs_of(peaks)
        pairs = [(float(peak[0]), float(peak[1])) for peak in peaks or []]
    except (ValueError, TypeError, IndexError, KeyError):
        return BadInput(
            f"the peaks of record {number} cannot be read ({str(peaks)[:MAX_QUOTED]!r})",
            source=source,
            line=number,
            remedy="They are a list of [m/z, intensity].",
        )
    given = conditions(fields)
    name = fields.get("spectrumid") or fields.get("id") or fields.get("title") or ""
    return Record(
        [pair[0] for pair in pairs],
        [pair[1] for pair in pairs],
        place=f"{number} {name}".strip()[:80],
        line=number,
        **given,  # type: ignore[arg-type]
    )
