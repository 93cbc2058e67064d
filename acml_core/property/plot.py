"""The suite's picture: one panel a task, one point a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEASURES = {
    "roc_auc": "ROC-AUC",
    "pr_auc": "average precision",
    "rmse": "RMSE, lower is better",
    "mae": "mean absolute error, lower is better",
    "spearman": "rank correlation",
    "r2": "R²",
}
COLUMNS = 4
PANEL_INCH, ROW_INCH, LABEL_INCH, TITLE_INCH = 2.9, 0.24, 3.2, 0.9
TRAINED, UNTRAINED, CLASSIC = "#D55E00", "#606060", "#0072B2"


def plot(report: dict[str, Any]) -> Figure | None:
    """Means and standard deviations over seeds; None where there is nothing to show.

    Trained rows are joined to the same encoder untrained by a line.
    """
    from matplotlib.figure import Figure

    tasks = {name: about for name, about in report["tasks"].items() if about["rows"]}
    if not tasks:
        return None
    rows = list(dict.fromkeys(row for about in tasks.values() for row in about["rows"]))
    columns = min(COLUMNS, len(tasks))
    lines = -(-len(tasks) // columns)
    size = PANEL_INCH * columns + LABEL_INCH, (ROW_INCH * len(rows) + TITLE_INCH) * lines
    figure = Figure(figsize=size, layout="constrained", facecolor="white")
    panels = figure.subplots(lines, columns, squeeze=False, sharey=True)
    for axes in panels.flat[len(tasks) :]:
        axes.set_visible(False)
    for axes, (name, about) in zip(panels.flat, tasks.items(), strict=False):
        for row, one in about["rows"].items():
            if one["mean"] is None:
                continue
            place, other = rows.index(row), about["rows"].get(one["against"])
            if other is not None and other["mean"] is not None:
                ends = [other["mean"], one["mean"]]
                axes.plot(ends, [place, place], color="#e8c4a8", linewidth=3, zorder=1)
            axes.errorbar(
                one["mean"], place, xerr=one["std"] or 0.0, fmt="o", markersize=5, linewidth=1,
                color=_colour(row, one, about["rows"]), zorder=2,
            )  # fmt: skip
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_yticks(range(len(rows)), rows, fontsize=8)
        axes.tick_params(axis="x", labelsize=8)
        axes.set_title(f"{name}: {MEASURES.get(about['metric'], about['metric'])}", fontsize=9)
        axes.grid(axis="x", alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _colour(row: str, one: dict[str, Any], rows: dict[str, Any]) -> str:
    if one["against"]:
        return TRAINED
    return UNTRAINED if any(other["against"] == row for other in rows.values()) else CLASSIC
