"""Spectra as text: two columns, "41:10 43:100", or a line as papers print it.

"MS (EI, 70 eV) m/z (%): 149 (M+, 12), 104 (100)" and "HRMS"-free variants of it: pairs of an m/z and,
in brackets, its relative intensity.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from acml_core.errors import BadInput
from acml_plugin_ms.readers.peaks import pairs_of
from acml_plugin_ms.readers.record import Found, Record

_PRINTED = re.compile(r"(?<![\w.])(\d{1,4}(?:\.\d+)?)\s*\(([^()]*)\)")
_SHARE = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)\s*%?\s*$|^\s*(\d+(?:\.\d+)?)\s*%?(?!\w)")
_HEAD = re.compile(r"^(?P<head>[^:=]*m/?z[^:=]*)[:=]\s*(?P<peaks>.*)$", re.I | re.S)
_SOURCE = re.compile(r"\b(EI|CI|ESI|APCI|APPI|FAB|MALDI)\b")
_ENERGY = re.compile(r"(\d+(?:\.\d+)?\s*eV)", re.I)

EXPECTED = (
    "Give peaks as 'm/z intensity' lines, '41:10 43:100', or 'MS (EI) m/z: 43 (100), 58 (27)'."
)
OTHERS = (
    (re.compile(r"\bNMR\b|\bppm\b"), "NMR shifts"),
    (re.compile(r"\bcm\s?(?:\^?[-−–]\s?1|⁻¹)|\bIR\b"), "infrared bands"),
    (re.compile(r"^M  END\s*$", re.M), "structures (a molfile)"),
)
"""What a text without the word m/z may be instead."""


def read_text(text: str, source: str | Path) -> Iterator[Found]:
    """One record: a printed line, or peaks, blank lines dividing several spectra."""
    for pattern, words in OTHERS:
        if pattern.search(text) and not re.search(r"m/z", text, re.I):
            yield BadInput(
                f"the text holds {words}, no mass spectrum",
                source=source,
                remedy=EXPECTED,
            )
            return
    head = _HEAD.match(text.strip())
    body = head["peaks"] if head else text
    printed = _printed(body)
    if printed:
        yield _from_print(head["head"] if head else "", printed)
        return
    mz: list[float] = []
    intensity: list[float] = []
    start = 1
    for number, line in enumerate(body.splitlines(), start=1):
        if not line.strip():
            if mz:
                yield Record(mz, intensity, line=start)
                mz, intensity = [], []
            continue
        if line.lstrip().startswith("#"):
            continue
        found = pairs_of(line.replace(",", ";") if _comma_pairs(line) else line)
        if found is None:
            if not mz and number <= 2 and not any(c.isdigit() for c in line):
                continue  # a header
            yield BadInput(
                f"{line.strip()[:40]!r} is no peak",
                source=source,
                line=number,
                remedy=f"{EXPECTED[:-1]}; or name the format.",
            )
            return
        if not mz:
            start = number
        mz += [peak[0] for peak in found]
        intensity += [peak[1] for peak in found]
    if mz:
        yield Record(mz, intensity, line=start)


def _comma_pairs(line: str) -> bool:
    """ "41 10, 43 100": commas between pairs, not within them."""
    return "," in line and all(len(part.split()) == 2 for part in line.split(",") if part.strip())


def _printed(text: str) -> list[tuple[float, float]]:
    """Peaks such as "149 (M+, 12)", where every bracket holds an intensity."""
    found = []
    for mz, inside in _PRINTED.findall(text):
        share = _SHARE.search(inside.strip())
        if share is None:
            return []
        found.append((float(mz), float(share[1] or share[2])))
    return found


def _from_print(head: str, peaks: list[tuple[float, float]]) -> Record:
    method = _SOURCE.search(head)
    ionisation = method[1] if method else ""
    energy = _ENERGY.search(head)
    tandem = "MS/MS" in head.upper() or "MS2" in head.upper()
    return Record(
        [mz for mz, _ in peaks],
        [share for _, share in peaks],
        line=1,
        instrument_type=ionisation,
        ion_mode="POSITIVE" if ionisation == "EI" or "+" in head else "",
        ms_type="MS2" if tandem else "MS",
        collision_energy=energy[1] if energy and tandem else "",
    )
