"""Caption and checks of an explanation: score, deletion curves, random weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from acml_core.explain.colours import AGAINST, CARRIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from acml_core.explain.checks import Deletion
    from acml_core.explain.match import Explanation

HEIGHT_INCH = 2.7
CAPTION_INCH = 0.6
CAPTION_WIDTH_INCH = 8.0
LONGEST_SMILES = 70
BAND = (2.5, 97.5)
"""Percentiles of the random orders that are shaded."""


def caption(explanation: Explanation) -> Figure:
    """Molecule, score and the meaning of the colours, in two lines."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(CAPTION_WIDTH_INCH, CAPTION_INCH), facecolor="white")
    smiles = explanation.smiles
    short = smiles if len(smiles) <= LONGEST_SMILES else smiles[: LONGEST_SMILES - 3] + "..."
    figure.text(0.015, 0.62, f"{short}   match {explanation.found.score:.3f}", fontsize=10)
    figure.text(0.015, 0.18, "carries the match", fontsize=9, color=CARRIES, fontweight="bold")
    figure.text(0.19, 0.18, "speaks against it", fontsize=9, color=AGAINST, fontweight="bold")
    if explanation.parts:
        words = "boxed under the spectrum: the atom that goes with that part"
        figure.text(0.37, 0.18, words, fontsize=9, color="0.3")
    return figure


def draw(explanation: Explanation, width_inch: float) -> Figure | None:
    """Deletion curves and rank correlations; None where there is neither."""
    from matplotlib.figure import Figure

    curves = {name: one for name, one in explanation.deletion.items() if one is not None}
    random = {name: rows for name, rows in explanation.random.items() if rows is not None}
    count = len(curves) + bool(random)
    if not count:
        return None
    figure = Figure(figsize=(width_inch, HEIGHT_INCH), facecolor="white", layout="constrained")
    panels = figure.subplots(1, count, squeeze=False)[0]
    for axes, (name, curve) in zip(panels, curves.items(), strict=False):
        _deletion(axes, name, curve)
    if random:
        _random(panels[-1], random)
    for axes in panels:
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.title.set_fontsize(9)
        axes.tick_params(labelsize=8)
    return figure


def _deletion(axes: Axes, name: str, curve: Deletion) -> None:
    low, high = np.percentile(curve.random, BAND, axis=0)
    share = 100 * curve.share
    axes.fill_between(share, low, high, color="0.85", linewidth=0, label="random orders, 95 %")
    axes.plot(share, curve.random.mean(0), color="0.4", linewidth=1.2, label="their mean")
    axes.plot(share, curve.ordered, color=CARRIES, linewidth=1.8, label="most important first")
    axes.set_title(
        f"{name} left out: area {curve.area:.2f}, random {curve.random_areas.mean():.2f}"
    )
    axes.set_xlabel(f"{name} left out [%]", fontsize=8)
    axes.set_ylabel("match", fontsize=8)
    axes.legend(frameon=False, fontsize=7.5)


def _random(axes: Axes, random: dict[str, list[float]]) -> None:
    for place, rows in enumerate(random.values()):
        axes.plot(rows, [place] * len(rows), "o", color="0.45", markersize=5, alpha=0.7)
        axes.plot([np.mean(rows)], [place], "|", color=CARRIES, markersize=18, markeredgewidth=2.5)
    axes.axvline(0, color="0.8", linewidth=0.8, zorder=0)
    axes.set_xlim(-1.05, 1.05)
    axes.set_ylim(-0.6, len(random) - 0.4)
    axes.set_yticks(range(len(random)), list(random))
    axes.set_title("the same explanation from random weights?")
    axes.set_xlabel("rank correlation with it (1: the same; line: mean)", fontsize=8)
