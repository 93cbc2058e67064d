"""The plugin's own drawing of the measurement, its parts coloured by what the match loses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from acml_core.explain.colours import colour, scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from acml_core.explain.match import Explanation

LINE_POINTS = 5.0
"""Width of the stroke behind a part that is a line."""

STROKE_TOP = 0.68
"""Height of strokes, as a share of the panel: most plugins write above."""

NAMED = 12
"""Parts that lose most whose atom is written beneath."""

NAME_GAP_POINTS, ROOM_POINTS = 4.5, 15.0
"""From the axis to those numbers, and to the axis's own numbers, which make room."""

NAME_GAP = 0.022
"""Least distance of two such numbers, as a share of the axis."""


def draw(explanation: Explanation) -> Figure | None:
    """The plugin's figure with strokes behind the parts and, at the foot, the atom that goes with
    each of the most important ones; None where the plugin draws nothing."""
    plugin = explanation.plugin
    if not plugin.supports("draw"):
        return None
    figure = plugin.draw(explanation.signal)
    losses = explanation.found.parts
    limit = scale(losses)
    for number in np.argsort(np.abs(losses), kind="stable"):  # the most important on top
        part = explanation.parts[number]
        axes, shade = figure.axes[part.panel], colour(float(losses[number]), limit)
        if part.low == part.high:
            axes.axvline(part.low, ymax=STROKE_TOP, color=shade, linewidth=LINE_POINTS, zorder=-1)
        else:
            axes.axvspan(part.low, part.high, ymax=STROKE_TOP, color=shade, linewidth=0, zorder=-1)
    _name_atoms(explanation, figure.axes)
    return figure


def _name_atoms(explanation: Explanation, panels: list[Axes]) -> None:
    taken: dict[int, list[float]] = {}
    written = 0
    for number in np.argsort(-explanation.found.parts, kind="stable"):
        part = explanation.parts[number]
        axes = panels[part.panel]
        middle = (part.low + part.high) / 2
        place = float(axes.transAxes.inverted().transform(axes.transData.transform((middle, 0)))[0])
        near = taken.setdefault(part.panel, [])
        if written == NAMED or explanation.found.parts[number] <= 0:
            break
        if any(abs(place - other) < NAME_GAP for other in near):
            continue
        near.append(place)
        written += 1
        axes.annotate(
            str(int(explanation.found.together[number].argmax())),
            (place, 0),
            xycoords="axes fraction",
            xytext=(0, -NAME_GAP_POINTS),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=7,
            fontweight="bold",
            bbox={
                "boxstyle": "round,pad=0.15",
                "facecolor": "white",
                "edgecolor": "0.5",
                "lw": 0.5,
            },
            annotation_clip=False,
        )
    for number in taken:
        panels[number].tick_params(axis="x", which="major", pad=ROOM_POINTS, labelsize=8)
        panels[number].xaxis.label.set_fontsize(9)
