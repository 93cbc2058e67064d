"""JCAMP-DX for NMR: peak tables, assignments, XY points, compressed spectra, NTUPLES, link blocks.

JCAMP-DX 5.01 (Lampen et al. 1999) and NMR 5.00 (Davies and Lampen 1993).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from acml_core import jcampdx
from acml_core.errors import BadInput
from acml_core.jcampdx import Block
from acml_core.modality import OnReject
from acml_plugin_nmr.readers.jcamp_axis import ntuple, nucleus_of, to_ppm
from acml_plugin_nmr.readers.jcamp_peaks import from_peaks
from acml_plugin_nmr.readers.limits import guess_nucleus, no_peaks, wrong_nucleus
from acml_plugin_nmr.readers.peakpick import signal_from_spectrum
from acml_plugin_nmr.readers.solvents import find_solvent
from acml_plugin_nmr.signal import NmrSignal

OTHER_KINDS = (
    (re.compile(r"INFRARED|\bIR\b|FTIR", re.I), "an infrared spectrum"),
    (re.compile(r"MASS", re.I), "a mass spectrum"),
    (re.compile(r"RAMAN", re.I), "a Raman spectrum"),
    (re.compile(r"UV|VIS", re.I), "a UV/VIS spectrum"),
)

DATA = ("PEAKASSIGNMENTS", "PEAKTABLE", "XYDATA", "XYPOINTS", "DATATABLE")


def read_jcamp(
    text: str, source: Path, *, on_reject: OnReject | None = None
) -> Iterator[NmrSignal]:
    """One signal a data block that holds 13C or 1H.

    Raises:
        BadInput: no JCAMP-DX, another kind of spectrum or nucleus, truncated, no peaks.
    """
    yield from jcampdx.each(text, source, DATA, lambda block: _signal(block, source), on_reject)


def _signal(block: Block, source: Path) -> NmrSignal:
    kind = block.get("DATATYPE")
    for pattern, words in OTHER_KINDS:
        if pattern.search(kind) and "NMR" not in kind.upper():
            raise BadInput(
                f"this JCAMP-DX file holds {words}",
                source=source,
                line=block.line("DATATYPE"),
                remedy="Give an NMR SPECTRUM, NMR PEAK TABLE or NMR PEAK ASSIGNMENTS block.",
            )
    if kind and not re.search(r"NMR|NUCLEAR|LINK", kind, re.I):
        raise BadInput(
            f"this JCAMP-DX file holds {kind!r}, not NMR",
            source=source,
            line=block.line("DATATYPE"),
            remedy="Give an NMR SPECTRUM, NMR PEAK TABLE or NMR PEAK ASSIGNMENTS block.",
        )
    nucleus = nucleus_of(block)
    if nucleus not in ("13C", "1H", ""):
        raise wrong_nucleus([nucleus], source=source, line=block.line(".OBSERVENUCLEUS"))
    solvent = block.get(".SOLVENTNAME", "$SOLVENT").strip("<> ") or find_solvent(
        block.get("SOLVENT")
    )
    label = block.has(*DATA)
    line = block.line(label) or block.start
    if label in ("PEAKTABLE", "PEAKASSIGNMENTS", "XYPOINTS"):
        return from_peaks(block, label, nucleus, solvent, source, line)
    if not label:
        raise BadInput(
            "the block has no data", source=source, line=block.start, remedy="Export it again."
        )
    if "FID" in kind.upper():
        return _from_fid(block, nucleus, solvent, source, line)
    x, y = _spectrum(block, label, source, line)
    ppm = to_ppm(block, x, source, line, first=x[0])
    return signal_from_spectrum(
        nucleus or guess_nucleus(ppm.tolist()), ppm, y, source=source, solvent=solvent, line=line
    )


def _spectrum(block: Block, label: str, source: Path, line: int) -> tuple[np.ndarray, np.ndarray]:
    """Axis (as the file has it) and intensities of XYDATA or of the real page of NTUPLES."""
    first, last = block.number("FIRSTX"), block.number("LASTX")
    points, factor = block.number("NPOINTS"), block.number("YFACTOR") or 1.0
    if label == "DATATABLE":
        firsts, lasts = ntuple(block, "FIRST"), ntuple(block, "LAST")
        sizes, factors = ntuple(block, "VARDIM"), ntuple(block, "FACTOR")
        if firsts and lasts and sizes:
            first, last, points = float(firsts[0]), float(lasts[0]), float(sizes[0])
        factor = float(factors[1]) if len(factors) > 1 else 1.0
    if first is None or last is None:
        raise BadInput(
            "FIRSTX or LASTX is missing", source=source, line=line, remedy="Export the file again."
        )
    values = jcampdx.ordinates(_real(block, label), line + 1, source).y
    if points and len(values) < points:
        raise BadInput(
            f"the spectrum has {len(values)} of {int(points)} points",
            source=source,
            line=line,
            remedy="The file is truncated: export or download it again.",
        )
    if len(values) < 3 or first == last:
        raise no_peaks(source, line, "The data block is empty or truncated.")
    values = values[: int(points)] if points else values
    return np.linspace(first, last, len(values)), values * factor


def _real(block: Block, label: str) -> str:
    """The data table; of NTUPLES the first page that is not the imaginary part."""
    pages = [record.text.partition("\n") for record in block.records[label]]
    return next((body for form, _, body in pages if not re.search(r"I\s*\.\.", form)), "")


def _from_fid(block: Block, nucleus: str, solvent: str, source: Path, line: int) -> NmrSignal:
    raise BadInput(
        "this JCAMP-DX block is a free induction decay",
        source=source,
        line=line,
        remedy="Give the processed spectrum or a peak table, or the spectrometer's folder.",
    )
