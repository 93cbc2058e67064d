"""Isomer discrimination: each measurement against molecules of its own formula alone.

The first block of the InChIKey is a molecule's identity here, so that isomers are constitutional ones;
stereoisomers count as one molecule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from acml_core.errors import BadInput
from acml_core.evaluation import metrics
from acml_core.evaluation.ranking import Ranks

GROUPS = ((2, 2), (3, 4), (5, 9), (10, 19), (20, 49), (50, None))
"""Sizes of same-formula groups that are shown apart, the query's own molecule counted."""

FILTER = "+formula"


def discrimination(
    report: dict[str, Any], per_query: Sequence[dict[str, Any]], seed: int = 0
) -> dict[str, Any]:
    """The largest gallery of a retrieval report, by the number of isomers.

    Queries without an isomer are counted and left out: nothing is discriminated.

    Args:
        report, per_query: what ``evaluate_tables`` gives.

    Returns:
        ``groups``: for all and for each size, the rows ``measurement``, ``spectrum_blind``,
        ``random`` and, where it was asked, ``reranked``; each with recall@k, mrr, and ``pairs``:
        the share of isomers that rank behind the true one (chance: 0.5).

    Raises:
        BadInput: no query has an isomer among the candidates.
    """
    name = [one["name"] for one in report["galleries"] if one["name"].endswith(FILTER)][-1]
    size = next(one["size"] for one in report["galleries"] if one["name"] == name)
    rows = [one for one in per_query if one["gallery"] == name]
    several = [one for one in rows if one["candidates"] > 1]
    if not several:
        raise BadInput(
            "no query has an isomer among the candidates",
            remedy="Give more candidates: --library MOLECULES.",
        )
    groups = [_group("all", several, seed)]
    for low, high in GROUPS:
        part = [
            one
            for one in several
            if low <= one["candidates"] and (high is None or one["candidates"] <= high)
        ]
        if part:
            label = (
                f"{low} or more" if high is None else str(low) if low == high else f"{low}-{high}"
            )
            groups.append(_group(label, part, seed))
    return {
        **{
            key: report[key]
            for key in ("model", "modality", "split", "columns", "measurements", "rerank")
            if key in report
        },
        "gallery": name.removesuffix(FILTER),
        "size": size,
        "n_queries": len(several),
        "without_isomer": len(rows) - len(several),
        "groups": groups,
    }


def _group(label: str, rows: Sequence[dict[str, Any]], seed: int) -> dict[str, Any]:
    count = np.array([one["candidates"] for one in rows])
    molecule = np.array([one["inchikey14"] for one in rows])

    def row(rank: np.ndarray, chosen: np.ndarray) -> metrics.Row:
        values = metrics.of_ranks(Ranks(rank, count[chosen]))
        values["pairs"] = (count[chosen] - rank) / (count[chosen] - 1)
        return metrics.summarise(values, molecule[chosen], seed)

    everything = np.arange(len(rows))
    found: dict[str, Any] = {
        "isomers": label,
        "queries": len(rows),
        "molecules": len(np.unique(molecule)),
        "candidates_mean": float(count.mean()),
        "measurement": row(np.array([one["rank"] for one in rows]), everything),
        "spectrum_blind": row(np.array([one["blind"] for one in rows]), everything),
        "random": metrics.summarise(
            {**metrics.of_chance(count), "pairs": np.full(len(rows), 0.5)}, molecule, seed
        ),
    }
    asked = np.flatnonzero([one.get("reranked") is not None for one in rows])
    if len(asked):
        ranks = np.array([rows[int(i)]["reranked"] for i in asked])
        found["reranked"] = row(ranks, asked)
        found["reranked_queries"] = len(asked)
    return found


def plot(report: dict[str, Any]) -> Figure:
    """recall@1 by the number of isomers, with 95 % intervals."""
    groups = report["groups"][1:]
    figure = Figure(figsize=(1.1 * len(groups) + 2.4, 3.4), layout="constrained")
    axis = figure.subplots()
    places = np.arange(len(groups))
    shown = [
        ("reranked", "with the second opinion", "C2", "s-"),
        ("measurement", "measurement", "C0", "o-"),
        ("spectrum_blind", "spectrum-blind", "C7", "^--"),
        ("random", "random", "k", ":"),
    ]
    for name, label, colour, style in shown:
        here = [i for i, one in enumerate(groups) if name in one]
        if not here:
            continue
        values = [groups[i][name]["recall@1"]["value"] for i in here]
        low, high = zip(*(groups[i][name]["recall@1"]["ci95"] for i in here), strict=True)
        axis.plot(places[here], values, style, color=colour, label=label, markersize=4)
        axis.fill_between(places[here], low, high, color=colour, alpha=0.15, linewidth=0)
    labels = [f"{one['isomers']}\n({one['queries']})" for one in groups]
    axis.set_xticks(places, labels, fontsize=8)
    axis.set_xlabel("candidates of the formula (queries)")
    axis.set_ylabel("recall@1")
    axis.set_ylim(0, 1.02)
    axis.grid(alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(fontsize=8, frameon=False)
    axis.set_title(f"{report['modality']}: isomers among {report['size']:,} molecules", fontsize=10)
    return figure
