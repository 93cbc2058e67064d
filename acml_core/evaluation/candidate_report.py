"""The report of a protocol with candidate lists: ``acml eval retrieval --protocol NAME``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from acml_core.artefact import Artefact
from acml_core.errors import BadInput
from acml_core.evaluation import metrics
from acml_core.evaluation.candidates import queries_of, rank_lists, read_lists
from acml_core.evaluation.protocol import Protocol
from acml_core.files import sha256
from acml_core.rejects import Reject

METRIC = "hit"
"""What the share of queries whose molecule is among the first k is called here: hit@k."""


def evaluate_lists(
    artefact: Artefact,
    modality: str,
    data: Sequence[Path],
    name: str,
    protocol: Protocol,
    tracks: Mapping[str, Path],
    *,
    only: Sequence[str] | None = None,
    split: str = "unseen",
    seed: int = 0,
    report: Callable[[str], None] = print,
) -> tuple[dict[str, Any], list[dict[str, Any]], list[Reject]]:
    """Evaluate a model by a protocol.

    Args:
        name: of the protocol, for the report.
        tracks: files of candidate lists by name.

    Returns:
        a report in the form of ``acml eval retrieval --json``, whose rows are hit@k and mrr; a row
        a query and track; and what was left out.
    """
    if split not in ("unseen", "all"):
        raise BadInput(f"no split is called {split!r}", remedy="Use unseen or all.")
    queries = queries_of(artefact, modality, data, protocol, only=only, split=split)
    if split == "all" and artefact.has_seen(list(queries.graphs.keys)).any():
        report("some molecules were seen in training: this is not an honest test")
    galleries, per_query = [], []
    for track, path in tracks.items():
        report(f"candidate lists {track!r}: {path.name}")
        lists = read_lists(path, queries)
        sighted, blind, asked, counts = rank_lists(artefact.model, modality, queries, lists, report)
        owner = queries.molecule[asked]

        def summary(values: dict[str, np.ndarray], owner: np.ndarray = owner) -> metrics.Row:
            return metrics.summarise(values, owner, seed)

        galleries.append(
            {
                "name": f"{name}+{track}",
                "size": counts["candidates"],
                "n_queries": len(asked),
                "molecules": len(np.unique(owner)),
                "candidates_mean": float(sighted.candidates.mean()),
                "modality_to_graph": summary(metrics.of_ranks(sighted, protocol.ks, METRIC)),
                "graph_to_modality": None,
                "baselines": {
                    "random": summary(metrics.of_chance(sighted.candidates, protocol.ks, METRIC)),
                    "spectrum_blind": summary(metrics.of_ranks(blind, protocol.ks, METRIC)),
                },
                "left_out": {
                    "no_list": counts["no_list"],
                    "not_in_list": counts["not_in_list"],
                    "unreadable_candidates": counts["unreadable"],
                },
                "lists": {"file": path.name, "sha256": sha256(path)},
            }
        )
        per_query += [
            {
                "gallery": f"{name}+{track}",
                "origin": queries.signals[q].origin,
                "smiles": queries.graphs.smiles[queries.molecule[q]],
                "inchikey14": queries.graphs.keys[queries.molecule[q]],
                "rank": int(sighted.rank[i]),
                "candidates": int(sighted.candidates[i]),
            }
            for i, q in enumerate(asked)
        ]
    about = {
        "n_queries": len(queries.signals),
        "galleries": galleries,
        "protocol": name,
        "fold": protocol.fold,
        "left_out": queries.left_out,
        "model": str(artefact.path),
        "modality": modality,
        "split": "molecules of the fold that were neither trained nor tuned on, by InChIKey-14"
        if split == "unseen"
        else "all rows of the fold, seen ones included",
        "columns": list(only) if only else artefact.model.modalities[modality].signal.columns(),
    }
    return about, per_query, queries.rejects
