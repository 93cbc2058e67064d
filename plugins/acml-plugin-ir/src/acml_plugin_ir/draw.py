"""The picture of an infrared spectrum, the way chemists print it: wavenumbers fall to the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from acml_core.errors import BadInput
from acml_plugin_ir.prepare import HEIGHTS
from acml_plugin_ir.signal import IrSignal
from acml_plugin_ir.simulate import axis, spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE_INCH = (9.0, 3.6)
WINDOW_CM1 = (500.0, 4000.0)
"""Always shown, so that two spectra can be compared by eye; wider when there is more."""

FINGERPRINT_CM1 = 2000.0
"""Above this the axis is compressed by half, as on printed spectra."""

COLOUR = "#0072B2"
LABELS = 12
"""Strongest maxima of a curve that get a label; of a band list every band does."""

LABEL_GAP_CM1 = 45.0
"""Labels of maxima nearer than this [cm-1] would overlap: the stronger keeps its own."""

LEAST_LABEL = 0.06
"""Of the highest point: lower maxima are noise."""


def draw(signal: IrSignal) -> Figure:
    """A figure: the curve in its own ordinate, that of computed lines, or the bands as sticks.

    Raises:
        BadInput: nothing was measured.
    """
    from matplotlib.figure import Figure

    if signal.missing:
        raise BadInput(
            "the IR signal has nothing to draw",
            source=signal.origin or None,
            remedy="Give a spectrum or bands.",
        )
    figure = Figure(figsize=SIZE_INCH, facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    if signal.absorbance or signal.transmittance:
        low, high = _curve(axes, signal)
    elif signal.lines:
        low, high = _curve(axes, _from_lines(signal))
    else:
        low, high = _sticks(axes, signal)
    _axis(axes, min(low, WINDOW_CM1[0]), max(high, WINDOW_CM1[1]))
    title = ", ".join(part for part in (signal.origin[:60], signal.state[:60]) if part)
    axes.set_title(title, fontsize=9, loc="left")
    return figure


def _curve(axes: Axes, signal: IrSignal) -> tuple[float, float]:
    x = np.asarray(signal.wavenumber)
    order = np.argsort(x)
    down = not signal.absorbance
    y = np.asarray(signal.transmittance if down else signal.absorbance)[order]
    x = x[order]
    if down:
        y = 100.0 * y
    axes.plot(x, y, color=COLOUR, linewidth=0.9)
    axes.set_ylabel("transmittance [%]" if down else "absorbance")
    low, high = float(np.nanmin(y)), float(np.nanmax(y))
    room = 0.3 * (high - low or 1.0)  # for the labels, beyond the tips of the bands
    axes.set_ylim(
        (low - room, high + 0.1 * room) if down else (min(0.0, low) - 0.05 * room, high + room)
    )
    if down:
        axes.set_yticks(range(0, 101, 20))
    for i in _maxima(x, -y if down else y):
        axes.annotate(
            f"{x[i]:.0f}",
            (x[i], y[i]),
            xytext=(0, -4 if down else 4),
            textcoords="offset points",
            rotation=90,
            ha="center",
            va="top" if down else "bottom",
            fontsize=7,
        )
    return float(x[0]), float(x[-1])


def _from_lines(signal: IrSignal) -> IrSignal:
    x = axis()
    y = spectrum(np.asarray(signal.lines), np.asarray(signal.intensities), x)
    return IrSignal(wavenumber=tuple(x.tolist()), absorbance=tuple(y.tolist()))


def _maxima(x: np.ndarray, y: np.ndarray) -> list[int]:
    """Indices of the strongest local maxima of ``y`` that have room for a label."""
    y = np.where(np.isfinite(y), y, np.nanmin(y))
    height = y - y.min()
    inner = (height[1:-1] >= height[:-2]) & (height[1:-1] > height[2:])
    found = np.flatnonzero(inner) + 1
    found = found[height[found] > LEAST_LABEL * height.max()]
    kept: list[int] = []
    for i in found[np.argsort(-height[found], kind="stable")]:
        if all(abs(x[i] - x[j]) >= LABEL_GAP_CM1 for j in kept):
            kept.append(int(i))
        if len(kept) == LABELS:
            break
    return kept


def _sticks(axes: Axes, signal: IrSignal) -> tuple[float, float]:
    """Bands as sticks, as long as their strength."""
    strengths = signal.strengths or ("",) * len(signal.bands)
    for at, strength in sorted(zip(signal.bands, strengths, strict=True)):
        words = strength.split()
        height = HEIGHTS[next((word for word in words if word in HEIGHTS), "")]
        axes.plot(
            [at, at], [0, height], color=COLOUR, linewidth=5 if "br" in words else 1.4,
            alpha=0.4 if "br" in words else 1.0, solid_capstyle="butt",
        )  # fmt: skip
        label = f"{at:.0f} {strength}".strip()
        axes.text(at, height + 0.02, label, rotation=90, ha="center", va="bottom", fontsize=7)
    axes.set_ylim(0, 1.45)
    graded = [name for name in HEIGHTS if name]
    axes.set_yticks([HEIGHTS[name] for name in graded], graded)
    axes.set_ylabel("strength")
    return min(signal.bands), max(signal.bands)


def _axis(axes: Axes, low: float, high: float) -> None:
    def forward(x: np.ndarray) -> np.ndarray:
        return np.where(x > FINGERPRINT_CM1, FINGERPRINT_CM1 + (x - FINGERPRINT_CM1) / 2, x)

    def backward(x: np.ndarray) -> np.ndarray:
        return np.where(x > FINGERPRINT_CM1, FINGERPRINT_CM1 + (x - FINGERPRINT_CM1) * 2, x)

    axes.set_xscale("function", functions=(forward, backward))
    axes.set_xlim(high, low)
    ticks = [*range(500, 2000, 250), *range(2000, 4001, 500)]
    axes.set_xticks([tick for tick in ticks if low <= tick <= high])
    axes.set_xlabel("wavenumber [cm$^{-1}$]")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
