"""JCAMP-DX for mass spectra (Lampen et al. 1994, JCAMP-DX 5.0): peak tables and XY points."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from acml_core import jcampdx
from acml_core.errors import BadInput
from acml_core.jcampdx import Block
from acml_plugin_ms.readers.record import Found, Record

OTHERS = (
    (re.compile(r"INFRARED|\bIR\b|FT-?IR"), "an infrared spectrum"),
    (re.compile(r"NMR|NUCLEAR MAGNETIC"), "an NMR spectrum"),
    (re.compile(r"RAMAN"), "a Raman spectrum"),
    (re.compile(r"UV|VIS"), "a UV/VIS spectrum"),
)
"""Other kinds of JCAMP-DX data."""

_DATA = ("PEAKTABLE", "XYPOINTS", "XYDATA")


def read_jcamp(text: str, source: str | Path) -> Iterator[Found]:
    """One record a block that holds a mass spectrum."""
    if "##" not in text[:2000]:
        yield BadInput("no JCAMP-DX file: it has no '##' labels", source=source)
        return
    any_block = False
    for block in jcampdx.blocks(text):
        kind = block.get("DATATYPE", "DATACLASS").upper()
        label = block.has(*_DATA)
        if kind == "LINK" or not (kind or label or block.has("NTUPLES")):
            continue
        any_block = True
        other = next((what for o, what in OTHERS if o.search(kind) and "MASS" not in kind), None)
        if other is not None:
            yield BadInput(
                f"the file holds {other}, not a mass spectrum",
                source=source,
                line=block.start,
                remedy="Give a MASS SPECTRUM block.",
            )
        elif block.has("NTUPLES") or "NTUPLES" in kind:
            yield BadInput(
                "the block holds many spectra as NTUPLES, which are not read",
                source=source,
                line=block.start,
                remedy="Export single spectra as PEAK TABLE, or the run as mzML.",
            )
        elif not block.ended:
            yield BadInput(
                "the block has no ##END=",
                source=source,
                line=block.start,
                remedy="The file may be truncated: export or download it again.",
            )
        elif not label:
            yield BadInput(
                "the block has no data table",
                source=source,
                line=block.start,
                remedy="Export it again as PEAK TABLE.",
            )
        else:
            try:
                yield _record(block, label, source)
            except BadInput as error:
                yield error
    if not any_block:
        yield BadInput(
            "no JCAMP-DX data block found",
            source=source,
            remedy="The file may be truncated: a block has ##DATA TYPE= and ##PEAK TABLE=.",
        )


def _record(block: Block, label: str, source: str | Path) -> Record:
    found, line = block.records[label][0]
    form, _, body = found.partition("\n")
    if "X++" in form.upper():
        y = jcampdx.ordinates(body, line + 1, source).y
        first, last = block.number("FIRSTX"), block.number("LASTX")
        if first is None or last is None:
            raise BadInput(
                "FIRSTX or LASTX is missing", source=source, line=line, remedy="Export it again."
            )
        x = np.linspace(first, last, len(y))
    else:
        table = jcampdx.pairs(body, line + 1, source)
        x, y = table[:, 0] * (block.number("XFACTOR") or 1.0), table[:, 1]
    error = jcampdx.truncated(block, label, len(x), source)
    if error is not None:
        raise error
    mode = block.get(".IONIZATIONMODE")
    instrument = "-".join(part for part in (block.get(".INLET"), mode.rstrip("+-")) if part)
    precursor = block.get("$PRECURSORMZ")
    return Record(
        x,
        y * (block.number("YFACTOR") or 1.0),
        place=f"{block.start} {block.get('TITLE')}".strip()[:80],
        line=block.start,
        smiles=block.get("SMILES", "$SMILES"),
        precursor_mz=precursor or None,
        ion_mode=mode,
        instrument_type=instrument,
        ms_type="" if precursor else "MS",
    )
