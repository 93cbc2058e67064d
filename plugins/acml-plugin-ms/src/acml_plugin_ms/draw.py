"""The picture of a mass spectrum: sticks, the precursor marked, the strongest peaks labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from acml_core.errors import BadInput
from acml_plugin_ms.prepare import UNIT_MASS_DEFECT
from acml_plugin_ms.signal import MsSignal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE_INCH = (9.0, 4.0)
LABELS = 15
"""Strongest peaks that get a label, where there is room."""

LABEL_FLOOR = 1.0
"""Peaks below this [% of the base peak] get none."""

LABEL_WIDTH_SHARE = 0.035
"""Labels nearer than this share of the axis to a stronger peak's are left out."""

EDGE_SHARE = 0.05
"""Kept free on both sides of the sticks, of their range."""

LEAST_EDGE = 5.0
"""The same, at least [Th]."""

COLOUR, PRECURSOR_COLOUR = "#0072B2", "#D55E00"


def draw(signal: MsSignal) -> Figure:
    """Relative intensity [%] against m/z [Th].

    Raises:
        BadInput: no peaks.
    """
    from matplotlib.figure import Figure

    if signal.missing:
        raise BadInput(
            "the mass spectrum has no peaks to draw",
            source=signal.origin or None,
            remedy="Give peaks as m/z and intensity.",
        )
    mz = np.array(signal.mz)
    height = 100 * np.array(signal.intensity) / max(signal.intensity)
    last = max(mz.max(), signal.precursor_mz)
    edge = max(EDGE_SHARE * (last - mz.min()), LEAST_EDGE)
    low, high = max(mz.min() - edge, 0.0), last + edge
    figure = Figure(figsize=SIZE_INCH, facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    axes.vlines(mz, 0, height, color=COLOUR, linewidth=1.2)
    axes.set_xlim(low, high)
    axes.set_ylim(0, 118)
    if signal.precursor_mz:
        words = f"precursor {signal.precursor_mz:.4f} {signal.adduct}".strip()
        axes.axvline(signal.precursor_mz, color=PRECURSOR_COLOUR, linestyle=":", linewidth=1)
        axes.plot(
            [signal.precursor_mz], [2.5], "v", color=PRECURSOR_COLOUR, markersize=6, label=words
        )
        axes.legend(loc="upper left", frameon=False, fontsize=8)
    decimals = 0 if np.abs(mz - np.round(mz)).max() < UNIT_MASS_DEFECT else 4
    for place in _labelled(mz, height, high - low):
        axes.annotate(
            f"{mz[place]:.{decimals}f}",
            (mz[place], height[place]),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=7,
        )
    axes.set_xlabel("m/z [Th]")
    axes.set_ylabel("relative intensity [%]")
    axes.set_title(_title(signal), fontsize=9, loc="left")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure


def _labelled(mz: np.ndarray, height: np.ndarray, span: float) -> list[int]:
    """Strongest peaks first, each far enough from the labels before it."""
    chosen: list[int] = []
    for place in np.argsort(-height, kind="stable"):
        if height[place] < LABEL_FLOOR or len(chosen) == LABELS:
            break
        if all(abs(mz[place] - mz[other]) >= LABEL_WIDTH_SHARE * span for other in chosen):
            chosen.append(int(place))
    return chosen


def _title(signal: MsSignal) -> str:
    mode = {"POSITIVE": "(+)", "NEGATIVE": "(-)"}.get(signal.ion_mode, "")
    parts = (
        signal.origin[:60],
        signal.instrument_type,
        f"{signal.ms_type} {mode}".strip(),
        signal.collision_energy,
    )
    return ", ".join(part for part in parts if part)
