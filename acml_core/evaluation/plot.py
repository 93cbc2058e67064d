"""A picture of a retrieval report: recall@k (or hit@k) by gallery, with baselines."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from acml_core.evaluation.metrics import match_rows

COLUMNS = 3
PANEL_INCHES = (3.6, 3.0)


def plot(report: dict[str, Any]) -> Figure:
    """One panel a gallery: recall@k of both directions with 95 % bands, blind and random rows."""
    galleries = report["galleries"]
    columns = min(COLUMNS, len(galleries))
    rows = -(-len(galleries) // columns)
    figure = Figure(
        figsize=(PANEL_INCHES[0] * columns, PANEL_INCHES[1] * rows + 0.6), layout="constrained"
    )
    axes = figure.subplots(rows, columns, squeeze=False, sharey=True)
    names = [name for name in galleries[0]["modality_to_graph"] if "@" in name]
    ks = [int(name.partition("@")[2]) for name in names]
    for axis in axes.flat[len(galleries) :]:
        axis.set_axis_off()
    for axis, gallery in zip(axes.flat, galleries, strict=False):
        lines = [
            ("measurement finds molecule", gallery["modality_to_graph"], "C0", "-"),
            ("molecule finds measurement", gallery["graph_to_modality"], "C1", "-"),
            ("spectrum-blind", gallery["baselines"]["spectrum_blind"], "C7", "--"),
            ("random", gallery["baselines"]["random"], "k", ":"),
        ]
        for number, name in enumerate(match_rows(gallery), start=2):
            lines.append((f"library match, {name}", gallery["baselines"][name], f"C{number}", "-."))
        for label, entry, colour, style in lines:
            if entry is None:
                continue
            values = [entry[name]["value"] for name in names]
            low, high = zip(*(entry[name]["ci95"] for name in names), strict=True)
            axis.plot(ks, values, style, color=colour, label=label, marker="o", markersize=3)
            axis.fill_between(ks, low, high, color=colour, alpha=0.2, linewidth=0)
        axis.set_xscale("log")
        axis.set_xticks(ks, [str(k) for k in ks])
        axis.minorticks_off()
        axis.set_ylim(0, 1.02)
        axis.grid(alpha=0.3)
        axis.set_title(
            f"{gallery['name']}: {gallery['size']:,} molecules,\n"
            f"{gallery['candidates_mean']:,.1f} candidates a query",
            fontsize=9,
        )
    for axis in axes[:, 0]:
        axis.set_ylabel(names[0].partition("@")[0] + "@k")
    for column in range(columns):
        axes[rows - 1, column].set_xlabel("k")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, fontsize=8, frameon=False)
    return figure
