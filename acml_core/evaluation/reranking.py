"""The second opinion of a plugin: its weight, fitted on validation molecules; and ranks with it."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import logsumexp

from acml_core.evaluation.ranking import Filter, Ranks, Side, allowed
from acml_core.library.rerank import opinions, weighed
from acml_core.library.score import scores
from acml_core.modality import Modality, Signal
from acml_core.probability import Rerank

FIT_QUERIES = 250
"""Validation queries that are reranked for the fit, at most."""

FIT_CANDIDATES = 50
"""Best candidates of each."""

FIT_SECONDS = 90.0
"""A slow plugin is asked no longer than this; the fit uses what there is then."""

LEAST = 30
"""Fewer queries than this fit nothing."""

MEASURED_QUERIES = 600
"""Test queries that are reranked for a report, drawn by its seed; the report says how many."""


def fit_rerank(
    plugin: Modality,
    signals: Sequence[Signal],
    queries: Side,
    gallery: Side,
    smiles: Sequence[str],
    *,
    seed: int = 0,
) -> Rerank | None:
    """How much the second opinion counts beside the score.

    Both weights are those under which the true molecules are likeliest among the best candidates:
    a logistic regression without intercept, over queries whose molecule is among these.

    Args:
        signals: (Q) the queries' measurements.
        smiles: (G) the gallery's molecules.
    """
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(queries))[:FIT_QUERIES]
    column = {int(molecule): i for i, molecule in enumerate(gallery.molecule)}
    until = time.monotonic() + FIT_SECONDS
    rows: list[tuple[np.ndarray, np.ndarray, int]] = []
    for q in chosen:
        if time.monotonic() > until:
            break
        one = queries.take(np.array([q]))
        ((_, block),) = scores(one.vectors, gallery.vectors)
        best = torch.topk(block[0], min(FIT_CANDIDATES, len(gallery)))
        where = np.flatnonzero(best.indices.numpy() == column[int(one.molecule[0])])
        if not len(where):
            continue
        names = [smiles[i] for i in best.indices.tolist()]
        found = opinions(plugin, signals[q], names)
        rows.append((best.values.double().numpy(), found, int(where[0])))
    if len(rows) < LEAST:
        return None

    def loss(w: np.ndarray) -> float:
        values = [w[0] * score + w[1] * opinion for score, opinion, _ in rows]
        return float(
            np.mean([logsumexp(v) - v[row[2]] for v, row in zip(values, rows, strict=True)])
        )

    start = np.array([10.0, 0.1])
    found = minimize(loss, start, method="L-BFGS-B", bounds=[(0.0, 1e4), (0.0, 1e4)])
    return Rerank(candidates=FIT_CANDIDATES, scale=float(found.x[0]), weight=float(found.x[1]))


def reranked(
    plugin: Modality,
    signals: Sequence[Signal],
    queries: Side,
    gallery: Side,
    smiles: Sequence[str],
    filters: Sequence[Filter],
    fit: Rerank,
    first: dict[Filter, Ranks],
    *,
    candidates: int,
    mass_ppm: float = 10.0,
) -> dict[Filter, Ranks]:
    """Ranks after the best ``candidates`` of each query have been reranked.

    Args:
        first: ranks by the scores alone; a molecule that is not among the best keeps its rank.
    """
    result = {one: Ranks(first[one].rank.copy(), first[one].candidates) for one in filters}
    for rows, block in scores(queries.vectors, gallery.vectors):
        part = queries.take(np.arange(rows.start, rows.stop))
        masks = {
            one: None if one == "none" else allowed(part, gallery, one, mass_ppm) for one in filters
        }
        for r, row in enumerate(block):
            q = rows.start + r
            own = gallery.molecule == part.molecule[r]
            best: dict[Filter, np.ndarray] = {}
            for one, mask in masks.items():
                if first[one].rank[q] > candidates:
                    continue
                kept = row
                if mask is not None:
                    kept = row.masked_fill(torch.from_numpy(~(mask[r] | own)), -torch.inf)
                top = torch.topk(kept, min(candidates, len(kept)))
                found = top.indices[torch.isfinite(top.values)].numpy()
                if len(found) > 1:
                    best[one] = found
            if not best:
                continue
            asked = np.unique(np.concatenate(list(best.values())))  # once for all filters
            opinion = opinions(plugin, signals[q], [smiles[i] for i in asked])
            for one, index in best.items():
                said = opinion[np.searchsorted(asked, index)]
                value = weighed(row[torch.from_numpy(index)].double().numpy(), said, fit)
                true = own[index]
                if true.any():  # ties count against the model
                    result[one].rank[q] = int((~(value[~true] < value[true].max())).sum()) + 1
    return result
