"""JCAMP-DX for mass spectra (Lampen et al. 1994, JCAMP-DX 5.0), parsed by the package jcamp.

The text is divided into blocks first, so that one bad block does not end the file, and so that other
kinds of spectra are told apart.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from acml_core.errors import BadInput
from acml_plugin_ms.readers.record import Found, Record

OTHERS = (
    (re.compile(r"INFRARED|\bIR\b|FT-?IR"), "an infrared spectrum", "ir"),
    (re.compile(r"NMR|NUCLEAR MAGNETIC"), "an NMR spectrum", "nmr"),
    (re.compile(r"RAMAN"), "a Raman spectrum", ""),
    (re.compile(r"UV|VIS"), "a UV/VIS spectrum", ""),
)
"""Other kinds of JCAMP-DX data, and the modality that reads them."""

_LABEL = re.compile(r"^\s*##([^=]*)=(.*)$")
_DATA = ("PEAKTABLE", "XYPOINTS", "XYDATA")


def read_jcamp(text: str, source: str | Path) -> Iterator[Found]:
    """One record a block that holds a mass spectrum."""
    if "##" not in text[:2000]:
        yield BadInput("no JCAMP-DX file: it has no '##' labels", source=source)
        return
    any_block = False
    for start, block, complete in _blocks(text):
        labels = _labels(block)
        kind = (labels.get("DATATYPE") or labels.get("DATACLASS") or "").upper()
        if kind == "LINK":
            continue
        if not kind and not any(name in labels for name in (*_DATA, "NTUPLES")):
            continue
        any_block = True
        other = next((o for o in OTHERS if o[0].search(kind) and "MASS" not in kind), None)
        if other is not None:
            yield _other(other, source, start)
        elif "NTUPLES" in labels or "NTUPLES" in kind:
            yield BadInput(
                "the block holds many spectra as NTUPLES, which are not read",
                source=source,
                line=start,
                remedy="Export single spectra as PEAK TABLE, or the run as mzML.",
            )
        elif not complete:
            yield BadInput(
                "the block has no ##END=",
                source=source,
                line=start,
                remedy="The file may be truncated: export or download it again.",
            )
        else:
            yield _record(block, labels, source, start)
    if not any_block:
        yield BadInput(
            "no JCAMP-DX data block found",
            source=source,
            remedy="The file may be truncated: a block has ##DATA TYPE= and ##PEAK TABLE=.",
        )


def _other(other: tuple[Any, str, str], source: str | Path, line: int) -> BadInput:
    _, words, modality = other
    remedy = (
        f"The plugin acml-plugin-{modality} reads it: --modality {modality}."
        if modality
        else "No plugin of ACML's own reads it."
    )
    return BadInput(
        f"the file holds {words}, not a mass spectrum", source=source, line=line, remedy=remedy
    )


def _blocks(text: str) -> Iterator[tuple[int, list[str], bool]]:
    """(first line, lines, whether it has its ##END=) of each innermost block."""
    block: list[str] = []
    start = 1
    for number, line in enumerate(text.splitlines(), start=1):
        label = _LABEL.match(line)
        name = _plain(label[1]) if label else ""
        if name == "TITLE" and block:
            yield start, block, False  # the outer block's own head
            block = []
        if not block:
            start = number
        block.append(line)
        if name == "END":
            yield start, block, True
            block = []
    if any(line.strip() for line in block):
        yield start, block, False


def _plain(label: str) -> str:
    return re.sub(r"[ \-/_]", "", label).upper()


def _labels(block: list[str]) -> dict[str, str]:
    found = {}
    for line in block:
        label = _LABEL.match(line)
        if label:
            found[_plain(label[1])] = label[2].partition("$$")[0].strip()
    return found


def _record(block: list[str], labels: dict[str, str], source: str | Path, start: int) -> Found:
    from jcamp import read

    lines = []
    for line in block:
        label = _LABEL.match(line)
        if label and _plain(label[1]) in _DATA:
            # the package knows these forms of the label and of its value only
            value = re.sub(r"\s+", "", label[2].partition("$$")[0]).upper()
            name = {"PEAKTABLE": "PEAK TABLE"}.get(_plain(label[1]), _plain(label[1]))
            line = f"##{name}={value}"
        elif label is None:
            line = line.partition("$$")[0]
        lines.append(line + "\n")
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints its own checks
            data = read(lines)
        x, y = [float(v) for v in data["x"]], [float(v) for v in data["y"]]
    except (KeyError, ValueError, TypeError, IndexError, ZeroDivisionError) as error:
        return BadInput(
            f"the JCAMP-DX data cannot be read ({type(error).__name__}: {error})",
            source=source,
            line=start,
            remedy="The block may be damaged: export it again as PEAK TABLE.",
        )
    stated = labels.get("NPOINTS", "")
    if stated.isdigit() and len(x) < int(stated):
        return BadInput(
            f"{stated} peaks stated, {len(x)} found",
            source=source,
            line=start,
            remedy="The file may be truncated: export or download it again.",
        )
    smiles = labels.get("SMILES", labels.get("$SMILES", ""))
    mode = labels.get(".IONIZATIONMODE", "")
    instrument = "-".join(part for part in (labels.get(".INLET", ""), mode.rstrip("+-")) if part)
    return Record(
        x,
        y,
        place=f"{start} {labels.get('TITLE', '')}".strip()[:80],
        line=start,
        smiles=smiles,
        precursor_mz=labels.get("$PRECURSORMZ"),
        ion_mode=mode,
        instrument_type=instrument,
        ms_type="" if labels.get("$PRECURSORMZ") else "MS",
    )
