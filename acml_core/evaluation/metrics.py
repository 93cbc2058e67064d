"""Recall@k and mean reciprocal rank, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from acml_core.evaluation.ranking import Ranks

KS = (1, 5, 10, 20)
RESAMPLES = 1000
CONFIDENCE = 0.95
RESAMPLES_AT_ONCE = 50
DECIMALS = 12
"""Of a report: the last bits of a float would put a value outside its own interval."""

OWN_BASELINES = ("random", "spectrum_blind")
"""Baselines that every report has; the others are library matches."""

Row = dict[str, dict[str, Any]]


def match_rows(gallery: dict[str, Any]) -> list[str]:
    """Names of the library-match baselines of a report's gallery."""
    return [name for name in gallery["baselines"] if name not in OWN_BASELINES]


def of_ranks(ranks: Ranks, ks: Sequence[int] = KS, name: str = "recall") -> dict[str, np.ndarray]:
    """Per-query values of every metric, each (Q,) in [0, 1]: ``name@k`` and mrr."""
    values = {f"{name}@{k}": (ranks.rank <= k).astype(float) for k in ks}
    return {**values, "mrr": 1.0 / ranks.rank}


def of_chance(
    candidates: np.ndarray, ks: Sequence[int] = KS, name: str = "recall"
) -> dict[str, np.ndarray]:
    """Per-query expected values when candidates are put in random order."""
    n = candidates.astype(float)
    values = {f"{name}@{k}": np.minimum(k / n, 1.0) for k in ks}
    harmonic = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, candidates.max(initial=1) + 1))])
    return {**values, "mrr": harmonic[candidates] / n}


def summarise(per_query: dict[str, np.ndarray], molecule: np.ndarray, seed: int = 0) -> Row:
    """Means with 95 % bootstrap intervals: ``{metric: {"value": x, "ci95": [low, high]}}``.

    Molecules are resampled, not queries: several spectra of one molecule succeed or fail together,
    and an interval that took them for independent would be too narrow.
    """
    _, group = np.unique(molecule, return_inverse=True)
    n_groups = int(group.max(initial=-1)) + 1
    names = list(per_query)
    sums = np.stack([np.bincount(group, per_query[name], n_groups) for name in names], axis=1)
    sizes = np.bincount(group, minlength=n_groups).astype(float)
    rng = np.random.default_rng(seed)
    draws = []
    for start in range(0, RESAMPLES, RESAMPLES_AT_ONCE):
        n = min(RESAMPLES_AT_ONCE, RESAMPLES - start)
        weight = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=n)
        draws.append((weight @ sums) / (weight @ sizes)[:, None])
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(np.concatenate(draws), [tail, 1 - tail], axis=0)
    return {
        name: {
            "value": round(float(per_query[name].mean()), DECIMALS),
            "ci95": [round(float(low[i]), DECIMALS), round(float(high[i]), DECIMALS)],
        }
        for i, name in enumerate(names)
    }
