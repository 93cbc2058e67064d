"""The suite's picture: one panel a task, one bar a row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

MEASURES = {"roc_auc": "ROC-AUC", "rmse": "RMSE (lower is better)"}


def plot(report: dict[str, Any], path: Path) -> None:
    """Write a PNG of means and standard deviations."""
    from matplotlib.figure import Figure

    tasks = {name: about for name, about in report["tasks"].items() if about["rows"]}
    if not tasks:
        return
    rows = list(dict.fromkeys(row for about in tasks.values() for row in about["rows"]))
    columns = min(4, len(tasks))
    lines = -(-len(tasks) // columns)
    size = 3.2 * columns + 3.4, (0.34 * len(rows) + 1.1) * lines
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(lines, columns, squeeze=False)
    colours = [f"C{i % 10}" for i in range(len(rows))]
    for ax in axes.flat[len(tasks) :]:
        ax.set_visible(False)
    for i, (ax, (name, about)) in enumerate(zip(axes.flat, tasks.items(), strict=False)):
        found = about["rows"]
        here = [row for row in rows if row in found]
        places = [rows.index(row) for row in here]
        means = [found[row]["mean"] for row in here]
        errors = [found[row]["std"] or 0.0 for row in here]
        ax.barh(places, means, xerr=errors, color=[colours[p] for p in places], height=0.7)
        low = min(m - e for m, e in zip(means, errors, strict=True))
        high = max(m + e for m, e in zip(means, errors, strict=True))
        pad = 0.15 * (high - low) or 0.05
        ax.set_xlim(max(0.0, low - pad), high + pad)
        ax.set_ylim(len(rows) - 0.4, -0.6)
        ax.set_yticks(range(len(rows)), rows if i % columns == 0 else [""] * len(rows), fontsize=8)
        ax.tick_params(axis="x", labelsize=8)
        metric = next(iter(found.values()))["metric"]
        ax.set_title(f"{name}: {MEASURES[metric]}", fontsize=9)
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=130)
