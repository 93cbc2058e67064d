"""Mascot generic format (MGF): BEGIN IONS, KEY=value, peaks, END IONS.

Read here rather than with a library, so that one bad record does not end the file and each message
has its line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from acml_core.errors import BadInput
from acml_plugin_ms.readers.fields import conditions, plain
from acml_plugin_ms.readers.peaks import pairs_of
from acml_plugin_ms.readers.record import Found, Record


def read_mgf(lines: Iterable[tuple[int, str]], source: str | Path) -> Iterator[Found]:
    """One record a BEGIN IONS block. Parameters above the first block hold for all."""
    common: dict[str, str] = {}
    fields: dict[str, str] = {}
    mz: list[float] = []
    intensity: list[float] = []
    start = 0
    bad: BadInput | None = None
    for number, line in lines:
        text = line.strip()
        if not text or text[0] in "#;!/":
            continue
        if text.upper() == "BEGIN IONS":
            if start:
                yield _cut(source, start)
            start, bad, fields, mz, intensity = number, None, dict(common), [], []
        elif text.upper() == "END IONS":
            if not start:
                yield BadInput("END IONS without BEGIN IONS", source=source, line=number)
                continue
            yield bad or _record(fields, mz, intensity, start)
            start = 0
        elif "=" in text and not text[0].isdigit():
            key, _, value = text.partition("=")
            (fields if start else common)[plain(key)] = value.strip()
        elif start:
            parts = text.split()
            try:
                mz.append(float(parts[0]))
                intensity.append(float(parts[1]))
            except (ValueError, IndexError):
                found = pairs_of(text)
                if found is None:
                    remedy = "A peak is two numbers, m/z and intensity."
                    what = f"{text[:40]!r} is no peak"
                    bad = bad or BadInput(what, source=source, line=number, remedy=remedy)
                else:
                    mz += [peak[0] for peak in found]
                    intensity += [peak[1] for peak in found]
    if start:
        yield _cut(source, start)


def _cut(source: str | Path, line: int) -> BadInput:
    return BadInput(
        "the record has no END IONS",
        source=source,
        line=line,
        remedy="The file may be truncated: export or download it again.",
    )


def _record(fields: dict[str, str], mz: list[float], intensity: list[float], line: int) -> Record:
    given = conditions(fields)
    if "ion_mode" not in given and fields.get("charge"):
        given["ion_mode"] = "NEGATIVE" if "-" in fields["charge"] else "POSITIVE"
    name = fields.get("spectrumid") or fields.get("title") or ""
    return Record(mz, intensity, place=f"{line} {name}".strip()[:80], line=line, **given)  # type: ignore[arg-type]
