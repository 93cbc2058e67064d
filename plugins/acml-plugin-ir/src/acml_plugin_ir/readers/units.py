"""Axis and ordinate of a curve, in whatever unit, to wavenumbers [cm-1] and absorbance.

What is converted, and why:

* micrometres and nanometres: wavenumber = 10^4 / x and 10^7 / x.
* transmittance: kept as it is; ``prepare`` takes A = -log10 T.
* log(1/R) of attenuated or diffuse reflection is an apparent absorbance, with the same bands.
* Kubelka-Munk, F = (1 - R)^2 / 2R: proportional to the absorption coefficient of a diluted powder,
  so it is taken as absorbance up to a factor, which nothing here depends on.

What is refused: plain reflectance (specular reflection has the shape of a dispersion curve, and
diffuse reflection is not linear in the absorption), emission, photoacoustic and single-beam spectra,
interferograms and Raman shifts.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import numpy as np

from acml_core.errors import BadInput
from acml_plugin_ir.signal import IrSignal

AxisUnit = Literal["cm-1", "um", "nm"]
Ordinate = Literal["absorbance", "transmittance", "percent"]

WINDOW_CM1 = (400.0, 4000.0)
"""Mid-infrared: a spectrum must lie here for ``LEAST_SPAN_CM1`` at least."""

LEAST_SPAN_CM1 = 300.0
LEAST_POINTS = 30
"""Points inside the window; fewer are no curve."""

ABOVE_FULL = 0.10
"""Transmittance above 1 by at most this is noise or a drifted reference, and is cut to 1."""

BELOW_ZERO = 0.05
"""Transmittance below 0 by at most this is stray light or a shifted zero, and is cut to 0."""

PERCENT_ABOVE = 2.0
"""A transmittance whose 99th percentile is above this is in percent, whatever its label says."""

INVERTED = 3.0
"""A curve whose points reach this many times further down from the median than up (1st, 50th, 99th
percentile) has its bands pointing down."""

_AXES: tuple[tuple[str, AxisUnit], ...] = (
    (r"1/CM|CM\s*\^?\s*[-−–]\s*1|CM⁻¹|WAVE ?NUMBER|RECIPROCAL CENT|KAYSER", "cm-1"),
    (r"MICRO ?MET|MICRONS?\b|\bUM\b|[µμ]M\b|MICROMET", "um"),
    (r"NANO ?MET|\bNM\b", "nm"),
)
_ORDINATES: tuple[tuple[str, Ordinate], ...] = (
    (r"%|PERCENT", "percent"),
    (r"TRANSM|^\s*T\s*$", "transmittance"),
    (r"ABS|LOG ?\(? ?1 ?/ ?R|KUBELKA|\bK-?M\b|EXTINCTION|EPSILON|^\s*A\.?U?\.?\s*$", "absorbance"),
)
_REFUSED: tuple[tuple[str, str, str], ...] = (
    (
        r"REFLECT|^\s*%? ?R\s*$",
        "reflectance, which is not linear in the absorption and may be specular",
        "Convert it to Kubelka-Munk units or log(1/R), or apply the Kramers-Kronig transformation.",
    ),
    (r"RAMAN", "a Raman intensity", "The IR plugin reads absorption spectra."),
    (
        r"EMISS|PHOTO-?ACOUSTIC|SINGLE|INTERFEROGRAM|COUNTS|VOLT|ENERGY",
        "no absorption: a raw or emitted intensity",
        "Divide by the background, and export absorbance or transmittance.",
    ),
)


def axis_unit(text: str) -> AxisUnit | None:
    """The unit that a label such as "1/CM" or "MICROMETERS" names, or None."""
    upper = text.upper()
    return next((unit for pattern, unit in _AXES if re.search(pattern, upper)), None)


def ordinate(text: str, *, source: str | Path | None = None, line: int | None = None) -> Ordinate:
    """What a label such as "%T" or "ABSORBANCE" names.

    Raises:
        BadInput: an ordinate that is refused, or unknown.
    """
    upper = text.upper()
    for pattern, words, remedy in _REFUSED:
        if re.search(pattern, upper) and not re.search(r"LOG ?\(", upper):
            raise BadInput(
                f"the ordinate {text.strip()!r} is {words}",
                source=source,
                line=line,
                remedy=remedy,
            )
    found = next((kind for pattern, kind in _ORDINATES if re.search(pattern, upper)), None)
    if found is None:
        raise BadInput(
            f"the ordinate {text.strip()!r} is not known",
            source=source,
            line=line,
            remedy="Needed: absorbance, transmittance, %T, log(1/R) or Kubelka-Munk.",
        )
    return found


def guess_axis(x: np.ndarray) -> AxisUnit:
    """The unit of an unlabelled axis: mid-infrared ends near 25 um, 25,000 nm and 4,000 cm-1."""
    low, high = float(np.min(x)), float(np.max(x))
    if high <= 60.0:
        return "um"
    return "nm" if high > 5500.0 and low >= 1500.0 else "cm-1"


def guess_ordinate(y: np.ndarray) -> Ordinate:
    """The ordinate of an unlabelled curve: bands that point down mean transmittance."""
    top = float(np.nanpercentile(y, 99))
    if not points_down(y):
        return "absorbance"
    return "percent" if top > PERCENT_ABOVE else "transmittance"


def points_down(y: np.ndarray, ratio: float = 1.0) -> bool:
    """Whether the bands of a curve point down, ``ratio`` times as far as anything points up."""
    low, middle, high = np.nanpercentile(y, [1, 50, 99])
    return bool(middle - low > ratio * (high - middle))


def curve(
    x: np.ndarray,
    y: np.ndarray,
    *,
    x_unit: AxisUnit,
    y_kind: Ordinate,
    source: Path,
    line: int | None = None,
    state: str = "",
    smiles: str = "",
    origin: str = "",
) -> IrSignal:
    """A checked ``IrSignal`` of a curve.

    Args:
        x, y: (N,) in the units named; ordinates that are not finite are "not measured".
        line: of the file, for messages.

    Raises:
        BadInput: too few points, an axis outside the mid-infrared or in another unit than it says,
            transmittance out of range, or a curve that is upside down for what it says it is.
    """
    finite = np.isfinite(x)
    x, y = np.asarray(x, dtype=np.float64)[finite], np.asarray(y, dtype=np.float64)[finite]
    y = np.where(np.isfinite(y), y, np.nan)
    wavenumber = _wavenumbers(x, x_unit, source, line)
    inside = (wavenumber >= WINDOW_CM1[0]) & (wavenumber <= WINDOW_CM1[1]) & np.isfinite(y)
    if inside.sum() < LEAST_POINTS or np.ptp(wavenumber[inside]) < LEAST_SPAN_CM1:
        raise BadInput(
            f"only {int(inside.sum())} points between {WINDOW_CM1[0]:g} and {WINDOW_CM1[1]:g} cm-1",
            source=source,
            line=line,
            remedy=f"A mid-infrared spectrum of {LEAST_SPAN_CM1:g} cm-1 or more is needed; the axis"
            f" runs from {wavenumber.min(initial=np.inf):g} to {wavenumber.max(initial=0):g} cm-1.",
        )
    order = np.argsort(wavenumber, kind="stable")
    wavenumber, y = wavenumber[order], y[order]
    looked_at = y[inside[order]]
    if np.ptp(looked_at) == 0:
        raise BadInput("the spectrum is flat", source=source, line=line, remedy="Measure it again.")
    common = {"state": state, "smiles": smiles, "origin": origin or source.name}
    axis = tuple(wavenumber.tolist())
    if y_kind == "absorbance":
        if points_down(looked_at, INVERTED):
            raise BadInput(
                "the spectrum is upside down: it says absorbance, and its bands point down",
                source=source,
                line=line,
                remedy="If it is transmittance, say so in the file's ordinate unit.",
            )
        return IrSignal(wavenumber=axis, absorbance=tuple(y.tolist()), **common)
    fraction = _fraction(y, looked_at, y_kind, source, line)
    seen = -np.log10(np.clip(fraction[inside[order]], 1e-3, 1.0))
    if points_down(seen, INVERTED):
        raise BadInput(
            "the spectrum is upside down: it says transmittance, and its bands point up",
            source=source,
            line=line,
            remedy="If it is absorbance, say so in the file's ordinate unit.",
        )
    return IrSignal(wavenumber=axis, transmittance=tuple(fraction.tolist()), **common)


def _wavenumbers(x: np.ndarray, unit: AxisUnit, source: Path, line: int | None) -> np.ndarray:
    if len(x) == 0 or (x.min() <= 0 and unit != "cm-1"):
        raise BadInput("the axis is empty or not positive", source=source, line=line)
    if guess_axis(x) == "um" and unit != "um":
        raise BadInput(
            f"the axis says {unit}, and runs from {x.min():g} to {x.max():g}, which are micrometres",
            source=source,
            line=line,
            remedy="Correct the axis unit of the file.",
        )
    if unit == "um":
        return 1e4 / x
    return 1e7 / x if unit == "nm" else x


def _fraction(
    y: np.ndarray, looked_at: np.ndarray, kind: Ordinate, source: Path, line: int | None
) -> np.ndarray:
    """Transmittance as a fraction within 0 to 1, small excesses cut."""
    top = float(np.percentile(looked_at, 99))
    # a label "transmittance" stands on percent as often as on fractions, and the reverse happens
    scale = 100.0 if top > PERCENT_ABOVE else 1.0
    if scale == 1.0 and kind == "percent" and top > 1.0 + ABOVE_FULL:
        scale = 100.0
    highest, lowest = float(looked_at.max()) / scale, float(looked_at.min()) / scale
    if highest > 1.0 + ABOVE_FULL:
        raise BadInput(
            f"transmittance up to {100 * highest:.0f} %, more than {100 * (1 + ABOVE_FULL):.0f} %",
            source=source,
            line=line,
            remedy="Correct the reference (background), or scale the spectrum to at most 100 %.",
        )
    if lowest < -BELOW_ZERO:
        raise BadInput(
            f"transmittance down to {100 * lowest:.0f} %, below {-100 * BELOW_ZERO:.0f} %",
            source=source,
            line=line,
            remedy="Correct the zero of the spectrometer, or check the ordinate's unit.",
        )
    return np.clip(y / scale, 0.0, 1.0)
