"""Pictures of a semantics report."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

SHOWN = 15
"""Probes a model in the picture: those that rose most."""

ROW_INCH = 0.3
PANEL_INCH = 4.6
MAP_INCH = 2.5
POINT = 7.0
"""Area of a molecule's point [points squared]."""

FEW_VALUES = 8
"""Up to so many whole numbers, a colour bar has a tick at each."""

COLOURS = {"trained": "#D55E00", "untrained": "#606060", "ecfp4": "#0072B2"}
LABELS = {"trained": "trained", "untrained": "untrained", "ecfp4": "ECFP4"}
MARKS = {"trained": "o", "untrained": "o", "ecfp4": "|"}


def plot_taught(report: dict[str, Any]) -> Figure:
    """One panel a model: the probes that rose most, trained, untrained and ECFP4."""
    models = report["taught"]
    rows = min(SHOWN, max((len(entries) for entries in models.values()), default=1))
    sheet = (PANEL_INCH * len(models) + 1.2, ROW_INCH * rows + 1.5)
    figure = Figure(figsize=sheet, layout="constrained", facecolor="white")
    panels = figure.subplots(1, len(models), squeeze=False)[0]
    for axes, (model, entries) in zip(panels, models.items(), strict=True):
        top = entries[:SHOWN]
        for place, one in enumerate(top):
            ends = [one[name]["value"] for name in ("untrained", "trained")]
            axes.plot(ends, [place, place], color="#e8c4a8", linewidth=3, zorder=1)
            for name in ("ecfp4", "untrained", "trained"):
                value, (low, high) = one[name]["value"], one[name]["ci95"]
                style = {"color": COLOURS[name], "zorder": 3 if name == "trained" else 2}
                if name == "trained":
                    axes.plot([low, high], [place, place], linewidth=1, **style)
                size = 11 if MARKS[name] == "|" else 6
                label = LABELS[name] if place == 0 else None
                axes.plot(
                    [value], [place], MARKS[name], markersize=size, markeredgewidth=2
                    if MARKS[name] == "|" else 0, label=label, **style,
                )  # fmt: skip
        names = [f"{one['probe']} ({one['metric'].replace('R2', 'R²')})" for one in top]
        axes.set_yticks(range(len(top)), names, fontsize=8)
        axes.set_ylim(len(top) - 0.4, -0.6)
        axes.set_xlim(right=1.02)
        axes.set_xlim(left=max(axes.get_xlim()[0], -0.5))
        axes.grid(axis="x", alpha=0.3)
        axes.set_title(model, fontsize=10)
        axes.set_xlabel("score on unseen molecules", fontsize=8)
        axes.tick_params(axis="x", labelsize=8)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False, fontsize=9)
    return figure


def plot_map(places: dict[str, np.ndarray], colours: dict[str, np.ndarray], method: str) -> Figure:
    """One row of panels an embedding, one column a property; outer 2 % of a property share a
    colour."""
    size = (MAP_INCH * len(colours) + 0.6, MAP_INCH * len(places) + 0.8)
    figure = Figure(figsize=size, layout="constrained", facecolor="white")
    panels = figure.subplots(len(places), len(colours), squeeze=False)
    names = {"pca": "first two principal components", "tsne": "t-SNE"}
    drawn: dict[str, Any] = {}
    figure.suptitle(f"Molecules by their embedding ({names.get(method, method)})", fontsize=10)
    for line, (row, place) in zip(panels, places.items(), strict=True):
        for axes, (name, values) in zip(line, colours.items(), strict=True):
            low, high = np.percentile(values, [1, 99])
            order = np.argsort(values, kind="stable")
            drawn[name] = axes.scatter(
                *place[order].T,
                c=values[order],
                s=POINT,
                cmap="viridis",
                linewidths=0,
                vmin=low,
                vmax=max(high, low + 1e-9),
            )
            axes.set_xticks([])
            axes.set_yticks([])
            for spine in axes.spines.values():
                spine.set_color("0.8")
        line[0].set_ylabel(row, fontsize=9)
    for column, (name, values) in enumerate(colours.items()):
        panels[0, column].set_title(name, fontsize=9)
        bar = figure.colorbar(
            drawn[name], ax=panels[:, column], location="bottom", shrink=0.85, aspect=25, pad=0.02
        )
        bar.ax.tick_params(labelsize=7)
        low, high = np.percentile(values, [1, 99])
        if np.all(values == np.round(values)) and high - low <= FEW_VALUES:
            bar.set_ticks(range(int(low), int(high) + 1))
    return figure
