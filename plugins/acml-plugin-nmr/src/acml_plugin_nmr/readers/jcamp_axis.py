"""What the header of a JCAMP-DX block for NMR says of its axis and nucleus.

Axes in Hz are divided by .OBSERVE FREQUENCY; .SHIFT REFERENCE, or Bruker's $OFFSET, fixes their zero.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from acml_core.errors import BadInput
from acml_core.jcampdx import NUMBER, Block


def to_ppm(
    block: Block, x: np.ndarray, source: Path, line: int, *, first: float | None
) -> np.ndarray:
    """The axis in ppm.

    Args:
        x: as the block has it.
        first: its first point, or FIRSTX, for a zero that is fixed there.

    Raises:
        BadInput: in Hz, without a frequency.
    """
    units = block.get("XUNITS").upper()
    if not units:
        units = (ntuple(block, "UNITS") or [""])[0].upper()
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
        spread = [ntuple(block, name) for name in ("FIRST", "LAST", "VARDIM")]
        if not all(spread):
            return None
        first, last, points = (float(NUMBER.search(v[0])[0]) for v in spread)  # type: ignore[index]
    at = first + (last - first) * (float(parts[2]) - 1) / (points - 1)
    return float(parts[3]) + (x - at) / observe


def ntuple(block: Block, name: str) -> list[str]:
    """Items of a record that describes the columns of NTUPLES."""
    return [part.strip() for part in block.get(name).split(",") if part.strip()]


def nucleus_of(block: Block) -> str:
    """As "13C"; as the block writes it where that is unknown, or ""."""
    text = block.get(".OBSERVENUCLEUS", "$NUC1", "$NUCLEUS", ".NUCLEUS").strip("<> ^")
    if not text:
        text = (ntuple(block, ".NUCLEUS") or [""])[0].strip("<> ^")
    found = re.match(r"\^?(\d{1,3})\s?-?([A-Za-z]{1,2})|([A-Za-z]{1,2})\s?-?(\d{1,3})", text)
    if found:
        mass, symbol = (found[1], found[2]) if found[1] else (found[4], found[3])
        return f"{mass}{symbol.capitalize()}"
    return {"C": "13C", "H": "1H", "PROTON": "1H", "CARBON": "13C"}.get(text.upper(), text)
