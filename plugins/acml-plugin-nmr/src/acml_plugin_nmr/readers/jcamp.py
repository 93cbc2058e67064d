"""JCAMP-DX for NMR: peak tables, assignments, XY points, compressed spectra, NTUPLES, link blocks.

JCAMP-DX 5.01 (Lampen et al. 1999) and NMR 5.00 (Davies and Lampen 1993). Axes in Hz are divided by
.OBSERVE FREQUENCY; .SHIFT REFERENCE, or Bruker's $OFFSET, fixes their zero.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from acml_core import jcampdx
from acml_core.errors import BadInput
from acml_core.jcampdx import NUMBER, Block
from acml_core.modality import OnReject
from acml_plugin_nmr.readers.annotations import multiplicities_13c, splitting_1h
from acml_plugin_nmr.readers.limits import (
    check_shifts,
    guess_nucleus,
    no_peaks,
    refuse_not_finite,
    wrong_nucleus,
)
from acml_plugin_nmr.readers.peakpick import is_residual, signal_from_spectrum
from acml_plugin_nmr.readers.solvents import find_solvent
from acml_plugin_nmr.signal import NmrSignal

OTHER_MODALITIES = (
    (re.compile(r"INFRARED|\bIR\b|FTIR", re.I), "an infrared spectrum", "ir"),
    (re.compile(r"MASS", re.I), "a mass spectrum", "ms"),
    (re.compile(r"RAMAN", re.I), "a Raman spectrum", ""),
    (re.compile(r"UV|VIS", re.I), "a UV/VIS spectrum", ""),
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
    for pattern, words, modality in OTHER_MODALITIES:
        if pattern.search(kind) and "NMR" not in kind.upper():
            raise BadInput(
                f"this JCAMP-DX file holds {words}",
                source=source,
                line=block.line("DATATYPE"),
                remedy=f"Read it with the modality {modality!r}." if modality else "NMR is needed.",
            )
    if kind and not re.search(r"NMR|NUCLEAR|LINK", kind, re.I):
        raise BadInput(
            f"this JCAMP-DX file holds {kind!r}, not NMR",
            source=source,
            line=block.line("DATATYPE"),
            remedy="Give an NMR SPECTRUM, NMR PEAK TABLE or NMR PEAK ASSIGNMENTS block.",
        )
    nucleus = _nucleus(block)
    if nucleus not in ("13C", "1H", ""):
        raise wrong_nucleus([nucleus], source=source, line=block.line(".OBSERVENUCLEUS"))
    solvent = block.get(".SOLVENTNAME", "$SOLVENT").strip("<> ") or find_solvent(
        block.get("SOLVENT")
    )
    label = block.has(*DATA)
    line = block.line(label) or block.start
    if label in ("PEAKTABLE", "PEAKASSIGNMENTS", "XYPOINTS"):
        return _from_peaks(block, label, nucleus, solvent, source, line)
    if not label:
        raise BadInput(
            "the block has no data", source=source, line=block.start, remedy="Export it again."
        )
    if "FID" in kind.upper():
        return _from_fid(block, nucleus, solvent, source, line)
    x, y = _spectrum(block, label, source, line)
    ppm = _to_ppm(block, x, source, line, first=x[0])
    return signal_from_spectrum(
        nucleus or guess_nucleus(ppm.tolist()), ppm, y, source=source, solvent=solvent, line=line
    )


def _from_peaks(
    block: Block, label: str, nucleus: str, solvent: str, source: Path, line: int
) -> NmrSignal:
    form, _, body = block.records[label][0].text.partition("\n")
    refuse_not_finite(body, "peak", source=source, line=line)
    wide = "M" in form.upper().split("..")[0] or "A" in form.upper()
    x_factor = block.number("XFACTOR") or 1.0
    x: list[float] = []
    height: list[float] = []
    notes: list[str] = []
    if "(" in body and (label == "PEAKASSIGNMENTS" or wide):
        for group in re.findall(r"\(([^()]*(?:\([^()]*\)[^()]*)*)\)", body):
            cells = [cell.strip() for cell in group.split(",")]
            value = NUMBER.match(cells[0])
            if value is None:
                continue
            x.append(float(value[0]) * x_factor)
            second = NUMBER.fullmatch(cells[1]) if len(cells) > 1 else None
            height.append(float(cells[1]) if second else 1.0)
            rest = [cell for cell in cells[1:] if cell and not NUMBER.fullmatch(cell)]
            notes.append(rest[0].strip("<> ") if rest and not rest[0].startswith("<") else "")
    else:
        for row in re.split(r"[;\n]", body):
            values = [float(value) for value in NUMBER.findall(row)]
            step = 2 if len(values) % 2 == 0 else max(len(values), 1)
            for at in range(0, len(values), step):
                x.append(values[at] * x_factor)
                height.append(values[at + 1] if at + 1 < len(values) else 1.0)
                notes.append("")
    if not x:
        raise no_peaks(source, line, "The peak table is empty or truncated.")
    if label == "XYPOINTS" and len(x) >= 256:
        ppm = _to_ppm(block, np.array(x), source, line, first=x[0])
        return signal_from_spectrum(
            nucleus or guess_nucleus(ppm.tolist()), ppm, np.array(height), source=source,
            solvent=solvent, line=line,
        )  # fmt: skip
    shifts = _to_ppm(block, np.array(x), source, line, first=block.number("FIRSTX")).tolist()
    nucleus = nucleus or guess_nucleus(shifts)
    kept = [
        (round(shift, 5), note)
        for shift, note in zip(shifts, notes, strict=True)
        if not is_residual(nucleus, shift, solvent)
    ]
    if not kept:
        raise no_peaks(source, line)
    found = tuple(shift for shift, _ in kept)
    check_shifts(nucleus, found, source=source, line=line, mhz=block.number(".OBSERVEFREQUENCY"))
    if nucleus == "1H":
        kinds = tuple(splitting_1h(note.lower()) for _, note in kept)
        return NmrSignal(
            origin=f"{source.name}:{line}", solvent=solvent, shifts_1h=found, multiplicity_1h=kinds
        )
    kinds = tuple(multiplicities_13c([note for _, note in kept]))
    return NmrSignal(
        origin=f"{source.name}:{line}", solvent=solvent, shifts_13c=found, multiplicity_13c=kinds
    )


def _to_ppm(
    block: Block, x: np.ndarray, source: Path, line: int, *, first: float | None
) -> np.ndarray:
    units = block.get("XUNITS").upper()
    if not units:
        units = (_ntuple(block, "UNITS") or [""])[0].upper()
    observe = block.number(".OBSERVEFREQUENCY", "$SF", "$SFO1", "$BF1")
    if "PPM" in units:
        return x
    if "HZ" in units or "HERTZ" in units or (not units and np.abs(x).max(initial=0.0) > 500):
        if not observe:
            raise BadInput(
                "the axis is in Hz and the file states no .OBSERVE FREQUENCY",
                source=source,
                line=line,
                remedy="Add ##.OBSERVE FREQUENCY= (MHz), or export in ppm.",
            )
        reference = _reference(block, x, observe)
        offset = block.number("$OFFSET")
        if reference is not None:
            return reference
        if offset is not None and first is not None:
            return offset + (x - first) / observe
        return x / observe
    return x


def _reference(block: Block, x: np.ndarray, observe: float) -> np.ndarray | None:
    """Axis fixed by .SHIFT REFERENCE= INTERNAL, CDCl3, point, ppm."""
    parts = [part.strip(" ()") for part in block.get(".SHIFTREFERENCE").split(",")]
    if len(parts) < 4 or not NUMBER.fullmatch(parts[2]) or not NUMBER.fullmatch(parts[3]):
        return None
    first, last = block.number("FIRSTX"), block.number("LASTX")
    points = block.number("NPOINTS")
    if first is None or last is None or not points or points < 2:
        spread = [_ntuple(block, name) for name in ("FIRST", "LAST", "VARDIM")]
        if not all(spread):
            return None
        first, last, points = (float(NUMBER.search(v[0])[0]) for v in spread)  # type: ignore[index]
    at = first + (last - first) * (float(parts[2]) - 1) / (points - 1)
    return float(parts[3]) + (x - at) / observe


def _spectrum(block: Block, label: str, source: Path, line: int) -> tuple[np.ndarray, np.ndarray]:
    """Axis (as the file has it) and intensities of XYDATA or of the real page of NTUPLES."""
    first, last = block.number("FIRSTX"), block.number("LASTX")
    points, factor = block.number("NPOINTS"), block.number("YFACTOR") or 1.0
    if label == "DATATABLE":
        firsts, lasts = _ntuple(block, "FIRST"), _ntuple(block, "LAST")
        sizes, factors = _ntuple(block, "VARDIM"), _ntuple(block, "FACTOR")
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


def _ntuple(block: Block, name: str) -> list[str]:
    return [part.strip() for part in block.get(name).split(",") if part.strip()]


def _nucleus(block: Block) -> str:
    text = block.get(".OBSERVENUCLEUS", "$NUC1", "$NUCLEUS", ".NUCLEUS").strip("<> ^")
    if not text:
        text = (_ntuple(block, ".NUCLEUS") or [""])[0].strip("<> ^")
    found = re.match(r"\^?(\d{1,3})\s?-?([A-Za-z]{1,2})|([A-Za-z]{1,2})\s?-?(\d{1,3})", text)
    if found:
        mass, symbol = (found[1], found[2]) if found[1] else (found[4], found[3])
        return f"{mass}{symbol.capitalize()}"
    return {"C": "13C", "H": "1H", "PROTON": "1H", "CARBON": "13C"}.get(text.upper(), text)
