"""What a shift list must satisfy, whatever file it came from."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

from acml_core.errors import BadInput

RANGE_PPM = {"13C": (-300.0, 450.0), "1H": (-60.0, 40.0)}
"""Shifts accepted [ppm]. 13C: from CI4 (-292) to carbynes and cations of transition metals (about
400). 1H: from late transition metal hydrides (-50) to bridging hydrides and strong hydrogen bonds
(about 25); paramagnetic samples are outside."""

HZ_ABOVE = {"13C": 350.0, "1H": 40.0}
"""A list whose median is above this [ppm] is taken to be in Hz."""

GUESS_13C_ABOVE_PPM = 20.0
"""A list of unknown nucleus whose largest shift is above this is 13C, otherwise 1H."""

MAX_PEAKS = 2000
"""Peaks of the longest list accepted for one nucleus; more is not a peak list."""

EXAMPLES_IN_MESSAGE = 3
"""Converted values that a message shows."""

READS = "The NMR plugin reads 13C and 1H chemical shifts in ppm."


def guess_nucleus(shifts: Sequence[float]) -> str:
    """13C when the largest shift is above 20 ppm, else 1H: for lists that do not say."""
    return "13C" if max(shifts, default=0.0) > GUESS_13C_ABOVE_PPM else "1H"


_NOT_FINITE = re.compile(r"(?<![\w.])[-+]?(?:nan|NaN|NAN|inf|Inf|INF)(?=[\s,;(]|$)")


def refuse_not_finite(
    text: str, what: str, *, source: str | Path | None, line: int | None = None
) -> None:
    """Refuse a list of numbers as text that has "nan" or "inf" among its items.

    Raises:
        BadInput: it does; a reader that looks for numbers would pass over it.
    """
    if _NOT_FINITE.search(text):
        raise BadInput(
            f"a {what} is not a finite number",
            source=source,
            line=line,
            remedy="Remove NaN and infinite entries.",
        )


def check_shifts(
    nucleus: str,
    shifts: Sequence[float],
    *,
    source: str | Path | None,
    line: int | None = None,
    mhz: float | None = None,
) -> None:
    """Refuse lists that cannot be chemical shifts in ppm.

    Args:
        nucleus: "13C" or "1H".
        shifts: values as read.
        mhz: observe frequency of this nucleus [MHz] where known, to show what Hz would be in ppm.

    Raises:
        BadInput: a value is not finite, the list is in Hz, too long, or outside ``RANGE_PPM``.
    """
    if not all(math.isfinite(value) for value in shifts):
        raise BadInput(
            f"a {nucleus} shift is not a finite number",
            source=source,
            line=line,
            remedy="Remove NaN and infinite entries.",
        )
    if len(shifts) > MAX_PEAKS:
        raise BadInput(
            f"{len(shifts)} {nucleus} peaks, more than {MAX_PEAKS}",
            source=source,
            line=line,
            remedy="Give a peak list, not the points of a spectrum.",
        )
    if not shifts:
        return
    median = sorted(shifts)[len(shifts) // 2]
    if median > HZ_ABOVE[nucleus]:
        raise hz_error(nucleus, shifts, source=source, line=line, mhz=mhz)
    low, high = RANGE_PPM[nucleus]
    for value in shifts:
        if not low <= value <= high:
            raise BadInput(
                f"{value:g} is no {nucleus} chemical shift (accepted: {low:g} to {high:g} ppm)",
                source=source,
                line=line,
                remedy="Correct this value, or check the nucleus and the unit of the list.",
            )


def hz_error(
    nucleus: str,
    values: Sequence[float],
    *,
    source: str | Path | None,
    line: int | None = None,
    mhz: float | None = None,
) -> BadInput:
    """The error for a list that is in Hz; with ``mhz`` it says what the shifts are in ppm."""
    remedy = "Divide by the observe frequency in MHz: shifts are needed in ppm."
    if mhz:
        shown = ", ".join(f"{value / mhz:.2f}" for value in values[:EXAMPLES_IN_MESSAGE])
        more = ", ..." if len(values) > EXAMPLES_IN_MESSAGE else ""
        remedy = f"At {mhz:g} MHz they are {shown}{more} ppm: give those."
    if nucleus == "1H" and not mhz and max(values) < HZ_ABOVE["13C"]:
        remedy += " If these are 13C shifts, say so in the header or column."
    return BadInput(
        f"the {nucleus} values look like Hz, not ppm (up to {max(values):g})",
        source=source,
        line=line,
        remedy=remedy,
    )


def wrong_nucleus(found: Sequence[str], *, source: str | Path | None, line: int | None) -> BadInput:
    """The error for a spectrum of another nucleus, e.g. 19F."""
    names = ", ".join(dict.fromkeys(found))
    return BadInput(f"the spectrum is of {names}", source=source, line=line, remedy=READS)


def no_peaks(source: str | Path | None, line: int | None = None, remedy: str = "") -> BadInput:
    """The error for an input in which nothing was found."""
    return BadInput(
        "no 13C or 1H peaks found",
        source=source,
        line=line,
        remedy=remedy
        or "Give shifts in ppm, e.g. '13C NMR (101 MHz, CDCl3) δ 170.1, 128.4, 55.3'.",
    )
