"""Peak tables, peak assignments and XY points of JCAMP-DX for NMR."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from acml_core.jcampdx import NUMBER, Block
from acml_plugin_nmr.readers.annotations import multiplicities_13c, splitting_1h
from acml_plugin_nmr.readers.jcamp_axis import to_ppm
from acml_plugin_nmr.readers.limits import (
    check_shifts,
    guess_nucleus,
    no_peaks,
    refuse_not_finite,
)
from acml_plugin_nmr.readers.peakpick import is_residual, signal_from_spectrum
from acml_plugin_nmr.signal import NmrSignal

CURVE_FROM = 256
"""XY points from which on they are a curve, whose peaks are to be picked, and no list of peaks."""


def from_peaks(
    block: Block, label: str, nucleus: str, solvent: str, source: Path, line: int
) -> NmrSignal:
    """The signal of a block's peaks.

    Args:
        label: of the record that holds them.
        nucleus: "" to guess it.

    Raises:
        BadInput: no peaks, or shifts that no such nucleus has.
    """
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
    if label == "XYPOINTS" and len(x) >= CURVE_FROM:
        ppm = to_ppm(block, np.array(x), source, line, first=x[0])
        return signal_from_spectrum(
            nucleus or guess_nucleus(ppm.tolist()), ppm, np.array(height), source=source,
            solvent=solvent, line=line,
        )  # fmt: skip
    shifts = to_ppm(block, np.array(x), source, line, first=block.number("FIRSTX")).tolist()
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
