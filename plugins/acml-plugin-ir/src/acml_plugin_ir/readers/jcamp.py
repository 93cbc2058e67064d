"""JCAMP-DX for infrared: XYDATA in all forms, XYPOINTS, peak tables, link blocks.

McDonald and Wilks, Appl. Spectrosc. 1988, 42, 151, doi:10.1366/0003702884428734 (JCAMP-DX 4.24).
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
from acml_plugin_ir.readers.bands import band_list
from acml_plugin_ir.readers.units import PERCENT_ABOVE, axis_unit, curve, guess_axis, ordinate
from acml_plugin_ir.signal import IrSignal

OTHER_KINDS = (
    (re.compile(r"NMR|NUCLEAR|\bFID\b", re.I), "an NMR spectrum"),
    (re.compile(r"MASS", re.I), "a mass spectrum"),
    (re.compile(r"RAMAN", re.I), "a Raman spectrum"),
    (re.compile(r"\bUV|VIS\b|ULTRAVIOLET", re.I), "a UV/VIS spectrum"),
    (re.compile(r"CHROMATOGRAM", re.I), "a chromatogram"),
)
DATA = ("XYDATA", "XYPOINTS", "PEAKTABLE", "PEAKASSIGNMENTS", "NTUPLES")
X_TOLERANCE = 1.5
"""Steps by which an abscissa in the table may differ from FIRSTX + i * DELTAX: files round both."""

STRONG = ((0.8, "vs"), (0.5, "s"), (0.25, "m"), (0.1, "w"), (0.0, "vw"))
"""Strength of a peak table's band by its height over the highest."""


def read_jcamp(text: str, source: Path, *, on_reject: OnReject | None = None) -> Iterator[IrSignal]:
    """One signal an infrared data block.

    Raises:
        BadInput: no JCAMP-DX, another kind of spectrum, truncated, or damaged.
    """
    yield from jcampdx.each(text, source, DATA, lambda block: _signal(block, source), on_reject)


def _signal(block: Block, source: Path) -> IrSignal:
    kind, line = block.get("DATATYPE"), block.line("DATATYPE")
    for pattern, words in OTHER_KINDS:
        if pattern.search(kind):
            raise BadInput(
                f"this JCAMP-DX file holds {words}",
                source=source,
                line=line,
                remedy="Give an INFRARED SPECTRUM block.",
            )
    if kind and not re.search(r"INFRARED|\bIR\b|FT-?IR|DRIFT|ATR", kind, re.I):
        raise BadInput(
            f"this JCAMP-DX file holds {kind!r}, not an infrared spectrum",
            source=source,
            line=line,
            remedy="Give an INFRARED SPECTRUM block.",
        )
    label = block.has(*DATA)
    line = block.line(label) if label else line
    if not label:
        raise BadInput(
            "the block has no data table",
            source=source,
            line=line,
            remedy="The file is truncated: export or download it again.",
        )
    if label == "NTUPLES":
        raise BadInput(
            "the data are NTUPLES, which holds several curves in one",
            source=source,
            line=line,
            remedy="Export one absorbance or transmittance spectrum as XYDATA.",
        )
    if not kind and axis_unit(block.get("XUNITS")) is None:
        raise BadInput(
            "the file says neither DATA TYPE nor an infrared axis (XUNITS)",
            source=source,
            line=line,
            remedy="Add ##DATA TYPE=INFRARED SPECTRUM and ##XUNITS=.",
        )
    form, body = _body(block, label)
    if label in ("PEAKTABLE", "PEAKASSIGNMENTS"):
        return _peaks(block, label, body, source)
    if "XY..XY" in form.replace(" ", "") or label == "XYPOINTS":
        table = jcampdx.pairs(body, (line or 0) + 1, source)
        _complete(block, len(table), label, source)
        x = table[:, 0] * (block.number("XFACTOR") or 1.0)
        y = table[:, 1]
    else:
        x, y = _evenly(block, label, body, source)
    units = block.get("XUNITS")
    unit = axis_unit(units)
    if unit is None and units and not re.search(r"ARBITRARY", units, re.I):
        raise BadInput(
            f"the axis is in {units!r}",
            source=source,
            line=block.line("XUNITS"),
            remedy="Needed: 1/CM, MICROMETERS or NANOMETERS.",
        )
    return curve(
        x,
        y * (block.number("YFACTOR") or 1.0),
        x_unit=unit or guess_axis(x),
        y_kind=ordinate(block.get("YUNITS"), source=source, line=block.line("YUNITS")),
        source=source,
        line=line,
        state=_state(block),
        smiles=block.get("$SMILES", "SMILES"),
        origin=f"{source.name}:{line}",
    )


def _body(block: Block, label: str) -> tuple[str, str]:
    form, _, body = block.records[label][0].text.partition("\n")
    return form.upper(), body


def _state(block: Block) -> str:
    parts = (block.get("STATE"), block.get("SAMPLINGPROCEDURE"))
    return ", ".join(part for part in parts if part)


def _complete(block: Block, points: int, label: str, source: Path) -> None:
    error = jcampdx.truncated(block, label, points, source)
    if error is not None:
        raise error


def _evenly(block: Block, label: str, body: str, source: Path) -> tuple[np.ndarray, np.ndarray]:
    """Axis and ordinates of an (X++(Y..Y)) table, its X checks compared."""
    line = block.line(label) or 0
    table = jcampdx.ordinates(body, line + 1, source)
    _complete(block, len(table.y), label, source)
    if len(table.y) < 2:
        raise BadInput(
            "the data table is empty", source=source, line=line, remedy="The file is truncated."
        )
    points = len(table.y)
    stated = block.number("NPOINTS")
    if stated is not None and points > stated:
        points = int(stated)  # a last Y check that stands alone
    factor = block.number("XFACTOR") or 1.0
    at = table.x_of_line * factor
    first, last = block.number("FIRSTX"), block.number("LASTX")
    if first is None or last is None or first == last:
        step = block.number("DELTAX")
        if not step:
            raise BadInput(
                "FIRSTX and LASTX are missing, and so is DELTAX",
                source=source,
                line=line,
                remedy="Export the file again.",
            )
        first, last = at[0], at[0] + step * (points - 1)
    step = (last - first) / (points - 1)
    used = table.first_of_line < points
    expected = first + step * table.first_of_line
    wrong = used & (np.abs(at - expected) > X_TOLERANCE * abs(step) + _rounding(table.x_of_line))
    if wrong.any():
        place = int(np.argmax(wrong))
        raise BadInput(
            f"the X check fails: the line begins at {at[place]:g}, and FIRSTX, LASTX and the number"
            f" of points give {expected[place]:g}",
            source=source,
            line=int(table.line[place]),
            remedy="Lines are missing or doubled: export or download the file again.",
        )
    return np.linspace(first, last, points), table.y[:points]


def _rounding(x: np.ndarray) -> float:
    """What rounding to whole numbers may add to an X check."""
    return 0.5 if np.all(x == np.round(x)) else 0.0


def _peaks(block: Block, label: str, body: str, source: Path) -> IrSignal:
    line = block.line(label) or 0
    unit = axis_unit(block.get("XUNITS")) or "cm-1"
    if label == "PEAKASSIGNMENTS":
        rows = re.findall(r"\(\s*([-+.\deE]+)\s*,\s*([-+.\deE]*)", body)
        table = np.array([[float(x), float(y) if y else np.nan] for x, y in rows]).reshape(-1, 2)
    else:
        table = jcampdx.pairs(body, line + 1, source)
    _complete(block, len(table), label, source)
    x = table[:, 0] * (block.number("XFACTOR") or 1.0)
    if unit != "cm-1":
        x = (1e4 if unit == "um" else 1e7) / x
    y = table[:, 1] * (block.number("YFACTOR") or 1.0)
    strengths: tuple[str, ...] = ()
    named = block.get("YUNITS")
    if named and np.isfinite(y).all() and np.ptp(y) > 0:
        kind = ordinate(named, source=source, line=block.line("YUNITS"))
        full = 100.0 if y.max() > PERCENT_ABOVE else 1.0
        height = y / y.max() if kind == "absorbance" else 1.0 - y / full
        strengths = tuple(next(s for least, s in STRONG if h >= least or not least) for h in height)
    return band_list(
        x.tolist(), strengths, source=source, line=line, state=_state(block),
        origin=f"{source.name}:{line}",
    )  # fmt: skip
