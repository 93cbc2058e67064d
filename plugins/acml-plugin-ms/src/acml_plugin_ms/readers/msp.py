"""NIST MSP and its dialects (MassBank, MoNA, MS-DIAL): fields, "Num Peaks: N", N peaks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from acml_core.errors import BadInput
from acml_plugin_ms.readers.fields import conditions, plain
from acml_plugin_ms.readers.peaks import pairs_of
from acml_plugin_ms.readers.record import Found, Record

_FIELD = re.compile(r"^([A-Za-z][A-Za-z0-9 _$/#.-]*?)\s*:\s?(.*)$")
_IN_COMMENT = re.compile(r'"?(\w[\w $/]*?)=("[^"]*"|[^"\s]+)"?')


def read_msp(lines: Iterable[tuple[int, str]], source: str | Path) -> Iterator[Found]:
    """One record a block. The number of peaks stated is checked: fewer means truncated."""
    fields: dict[str, str] = {}
    mz: list[float] = []
    intensity: list[float] = []
    start, wanted = 0, None
    bad: BadInput | None = None
    for number, line in lines:
        text = line.strip()
        field = _FIELD.match(text) if text and not text[0].isdigit() else None
        name = plain(field[1]) if field else ""
        if start and wanted is not None and (not text or (len(mz) >= wanted and name == "name")):
            if not text and len(mz) < wanted:
                continue  # a blank line within the peaks
            yield bad or _record(fields, mz, intensity, wanted, start, source)
            start, wanted, bad, fields, mz, intensity = 0, None, None, {}, [], []
            if not text:
                continue
        if not text:
            continue
        if name == "name" and wanted is not None:  # the next record begins before this one is full
            yield bad or _record(fields, mz, intensity, wanted, start, source)
            start, wanted, bad, fields, mz, intensity = 0, None, None, {}, [], []
        start = start or number
        if field and name in ("numpeaks", "numpeak"):
            count = re.match(r"\d+", field[2].strip())
            wanted = int(count[0]) if count else 0
        elif field and wanted is None:
            fields.setdefault(name, field[2].strip())
        elif wanted is not None:
            found = _peaks(text)
            if found is None:
                what = f"{text[:40]!r} is no peak"
                remedy = "A peak is two numbers, m/z and intensity."
                bad = bad or BadInput(what, source=source, line=number, remedy=remedy)
            else:
                mz += [peak[0] for peak in found]
                intensity += [peak[1] for peak in found]
    if start:
        if wanted is None:
            yield BadInput(
                "the record has no 'Num Peaks:'",
                source=source,
                line=start,
                remedy="The file may be truncated: export or download it again.",
            )
        else:
            yield bad or _record(fields, mz, intensity, wanted, start, source)


def _peaks(text: str) -> list[tuple[float, float]] | None:
    parts = text.split()
    if len(parts) == 2:
        try:
            return [(float(parts[0]), float(parts[1]))]
        except ValueError:
            pass
    if '"' in text and ";" not in text:
        text = text.partition('"')[0]
    return pairs_of(text)


def _record(
    fields: dict[str, str],
    mz: list[float],
    intensity: list[float],
    wanted: int,
    line: int,
    source: str | Path,
) -> Found:
    if len(mz) < wanted:
        return BadInput(
            f"{wanted} peaks stated, {len(mz)} found",
            source=source,
            line=line,
            remedy="The file may be truncated: export or download it again.",
        )
    for key in ("comment", "comments"):
        for name, value in _IN_COMMENT.findall(fields.get(key, "")):
            fields.setdefault(plain(name), value.strip('"'))
    given = conditions(fields)
    name = fields.get("name", "")
    return Record(mz, intensity, place=f"{line} {name}".strip()[:80], line=line, **given)  # type: ignore[arg-type]
