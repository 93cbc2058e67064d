"""Stick spectra of a peak list, one panel a nucleus, the way a chemist prints them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acml_core.errors import BadInput
from acml_plugin_nmr.signal import NmrSignal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_INCH = 3.0
WIDTH_INCH = (9.0, 24.0)
"""Narrowest and widest figure; it widens until every label has room."""

MARGIN_INCH = {"left": 0.75, "right": 1.15, "top": 0.4, "bottom": 0.55}
FONT_POINTS = 7.5
LABEL_PITCH_INCH = FONT_POINTS * 1.3 / 72
"""Room for one upright label beside the next."""

STICKS = {"13C": 0.70, "1H": 0.58}
LEADERS = 0.09
"""Shares of a panel's height for the sticks and for the lines from them to their labels; a 1H label
is longer."""

WINDOW_PPM = {"13C": (0.0, 200.0), "1H": (0.0, 10.0)}
"""Always shown, so that two spectra can be compared by eye; wider when a peak lies outside."""

EDGE_PPM = {"13C": 6.0, "1H": 0.4}
"""Kept free beyond the outermost peak."""

DECIMALS = {"13C": 1, "1H": 2}

CARBON_TYPES = {
    "S": ("C", "#000000"),
    "D": ("CH", "#0072B2"),
    "T": ("CH$_2$", "#D55E00"),
    "Q": ("CH$_3$", "#009E73"),
    "": ("not known", "#606060"),
}
"""Multiplicity letter to legend and colour (Okabe and Ito's, told apart by the colour-blind)."""

SPLITTING_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
UNKNOWN_COLOUR = CARBON_TYPES[""][1]
OTHER = "other"


_LEGEND_ORDER = {
    name: place
    for place, name in enumerate(
        [legend for legend, _ in CARBON_TYPES.values() if legend != "not known"]
        + ["s", "br s", "d", "t", "q", "m", OTHER, "not known"]
    )
}


@dataclass(frozen=True)
class Stick:
    """One line of a panel: where [ppm], how high, what its label says, and its legend entry."""

    shift: float
    height: float
    label: str
    legend: str
    colour: str
    dashed: bool = False


def draw(signal: NmrSignal) -> Figure:
    """A figure with a panel for each nucleus that has peaks; ppm falls from left to right.

    13C sticks are of one height, coloured by the number of hydrogens attached; a shift that stands
    several times is one stick, "x2" in its label. 1H sticks are as high as their integral, coloured
    by splitting; a peak of unknown integral is drawn dashed, one hydrogen high.

    Raises:
        BadInput: no peaks.
    """
    from matplotlib.figure import Figure

    panels = {
        nucleus: sticks
        for nucleus, sticks in (("13C", _carbon(signal)), ("1H", _proton(signal)))
        if sticks
    }
    if not panels:
        raise BadInput(
            "the NMR signal has no peaks to draw",
            source=signal.origin or None,
            remedy="Give 13C or 1H shifts.",
        )
    sides = MARGIN_INCH["left"] + MARGIN_INCH["right"]
    longest = max(len(sticks) for sticks in panels.values())
    low, high = WIDTH_INCH
    width = min(max(low, longest * LABEL_PITCH_INCH * 1.1 + sides), high)
    height = PANEL_INCH * len(panels)
    figure = Figure(figsize=(width, height), facecolor="white")
    for row, (nucleus, sticks) in enumerate(panels.items()):
        bottom = PANEL_INCH * (len(panels) - 1 - row) + MARGIN_INCH["bottom"]
        tall = PANEL_INCH - MARGIN_INCH["bottom"] - MARGIN_INCH["top"]
        wide = width - sides
        box = (MARGIN_INCH["left"] / width, bottom / height, wide / width, tall / height)
        _panel(figure.add_axes(box), nucleus, sticks, wide)
    # a literature line is its own origin, and too long for a title
    title = ", ".join(part for part in (signal.origin[:60], signal.solvent) if part)
    figure.axes[0].set_title(title, fontsize=9, loc="left")
    return figure


def _carbon(signal: NmrSignal) -> list[Stick]:
    letters = signal.multiplicity_13c or ("",) * len(signal.shifts_13c)
    rounded = (round(shift, DECIMALS["13C"]) for shift in signal.shifts_13c)
    sticks = []
    for (shift, letter), count in Counter(zip(rounded, letters, strict=True)).items():
        legend, colour = CARBON_TYPES.get(letter, CARBON_TYPES[""])
        label = f"{shift:.{DECIMALS['13C']}f}" + (f" ×{count}" if count > 1 else "")
        sticks.append(Stick(shift, 1.0, label, legend, colour))
    return sticks


def _proton(signal: NmrSignal) -> list[Stick]:
    peaks = len(signal.shifts_1h)
    splittings = signal.multiplicity_1h or ("",) * peaks
    integrals = signal.integral_1h or (0.0,) * peaks
    common = [name for name, _ in Counter(s for s in splittings if s).most_common()]
    colours = dict(zip(common, SPLITTING_COLOURS, strict=False))
    any_known = any(count > 0 for count in integrals)
    sticks = []
    for shift, splitting, count in zip(signal.shifts_1h, splittings, integrals, strict=True):
        notes = [f"{count:g}H"] if count > 0 else []
        notes += [splitting] if splitting else []
        label = f"{shift:.{DECIMALS['1H']}f}" + (f" ({', '.join(notes)})" if notes else "")
        legend = splitting if splitting in colours else (OTHER if splitting else "not known")
        colour = colours.get(splitting, UNKNOWN_COLOUR)
        dashed = any_known and count <= 0
        sticks.append(Stick(shift, count if count > 0 else 1.0, label, legend, colour, dashed))
    return sticks


def _panel(axes: Axes, nucleus: str, sticks: Sequence[Stick], width_inch: float) -> None:
    from matplotlib.ticker import AutoMinorLocator

    sticks = sorted(sticks, key=lambda stick: stick.shift)
    shifts = [stick.shift for stick in sticks]
    low, high = WINDOW_PPM[nucleus]
    edge = EDGE_PPM[nucleus]
    low, high = min(low - edge, shifts[0] - edge), max(high, shifts[-1] + edge)
    tallest = max(stick.height for stick in sticks)
    top = tallest / STICKS[nucleus]
    axes.set_xlim(high, low)
    axes.set_ylim(0, top)
    for stick in sorted(sticks, key=lambda stick: -stick.height):  # a short one stays visible
        style = "--" if stick.dashed else "-"
        axes.plot([stick.shift] * 2, [0, stick.height], style, color=stick.colour, linewidth=1.6)
    pitch = LABEL_PITCH_INCH * (high - low) / width_inch
    _labels(axes, sticks, top, STICKS[nucleus] * top, pitch, (low, high))
    axes.set_xlabel(f"{nucleus} chemical shift [ppm]")
    _count_axis(axes, nucleus, tallest)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.xaxis.set_minor_locator(AutoMinorLocator())
    _legend(axes, sticks)


def _count_axis(axes: Axes, nucleus: str, tallest: float) -> None:
    """Number of hydrogens beside 1H sticks; a 13C peak's height says nothing, so no axis there."""
    if nucleus == "13C":
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        return
    axes.spines["left"].set_bounds(0, tallest)
    step = max(1, round(tallest / 4))
    axes.set_yticks(range(0, int(tallest) + 1, step))
    axes.set_ylabel("hydrogens", y=STICKS[nucleus] / 2)


def _labels(
    axes: Axes,
    sticks: Sequence[Stick],
    top: float,
    tallest: float,
    pitch: float,
    window: tuple[float, float],
) -> None:
    """Upright labels in a row above the sticks, each joined to its stick by a thin line."""
    if len(sticks) * pitch > window[1] - window[0]:
        text = f"{len(sticks)} peaks: too many to label"
        axes.text(0.5, 0.9, text, transform=axes.transAxes, ha="center", fontsize=FONT_POINTS)
        return
    kink = tallest + 0.3 * LEADERS * top
    base = tallest + LEADERS * top
    for stick, x in zip(sticks, _spread([s.shift for s in sticks], pitch, window), strict=True):
        axes.plot(
            [stick.shift, stick.shift, x],
            [stick.height, kink, base],
            color="#b0b0b0",
            linewidth=0.6,
            zorder=0,
        )
        axes.text(
            x,
            base + 0.01 * top,
            stick.label,
            rotation=90,
            ha="center",
            va="bottom",
            fontsize=FONT_POINTS,
            color=stick.colour,
        )


def _spread(places: Sequence[float], pitch: float, window: tuple[float, float]) -> list[float]:
    """Places for labels: at least ``pitch`` apart, as near their peaks as that allows.

    Subtracting ``i * pitch`` turns it into least squares with rising values, which pooling of
    neighbours that violate the order solves exactly (isotonic regression).

    Args:
        places: rising.
        pitch, window: in the same unit.
    """
    pools: list[tuple[float, int]] = []
    for i, place in enumerate(places):
        mean, size = place - i * pitch, 1
        while pools and pools[-1][0] > mean:
            other, count = pools.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        pools.append((mean, size))
    # a clipped rising sequence still rises
    first, last = window[0] + pitch / 2, window[1] - pitch / 2 - (len(places) - 1) * pitch
    flat = [min(max(mean, first), last) for mean, size in pools for _ in range(size)]
    return [value + i * pitch for i, value in enumerate(flat)]


def _legend(axes: Axes, sticks: Sequence[Stick]) -> None:
    from matplotlib.lines import Line2D

    entries = {stick.legend: stick.colour for stick in sticks}
    if len(entries) == 1 and "not known" in entries:
        return  # nothing is told apart
    names = sorted(entries, key=lambda name: _LEGEND_ORDER.get(name, len(_LEGEND_ORDER) - 2.5))
    axes.legend(
        [Line2D([], [], color=entries[name], linewidth=2) for name in names],
        names,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
        fontsize=8,
        borderaxespad=0.2,
    )
