"""Whether a row is better than another beyond chance: a paired bootstrap over molecules and seeds.

Each draw takes as many test molecules as there are, and as many seeds, with replacement, the same
ones for both rows. What a scaffold split cannot show by repeating it, namely how much the difference
hangs on which molecules happen to be in the test, enters so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from acml_core.property.metrics import FIGURES, LOWER_IS_BETTER
from acml_core.property.table import Task
from acml_core.semantics import resample

WEIGHTED = ("roc_auc", "rmse", "mae")
"""Measures that a draw enters as weights of molecules, all draws at once."""


def _weighted(measure: str) -> Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]:
    """``(truth (n,), score (n,), weight (R, n)) -> (R,)``."""
    if measure == "roc_auc":
        return resample.auc

    def errors(truth: np.ndarray, score: np.ndarray, weight: np.ndarray) -> np.ndarray:
        error = np.abs(score - truth)
        with np.errstate(invalid="ignore"):
            if measure == "mae":
                return np.asarray(weight @ error / weight.sum(1))
            return np.asarray(np.sqrt(weight @ error**2 / weight.sum(1)))

    return errors


def _repeated(
    task: Task, measure: str
) -> Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]:
    """The same for measures that weights cannot enter: molecules are repeated."""
    function = FIGURES[task][measure]

    def each(truth: np.ndarray, score: np.ndarray, weight: np.ndarray) -> np.ndarray:
        found = []
        for row in weight:
            times = row.astype(int)
            found.append(
                function(np.repeat(truth, times), np.repeat(score, times))
                if times.any()
                else np.nan
            )
        return np.array(found)

    return each


def drawn(
    task: Task, measure: str, truth: np.ndarray, said: Mapping[int, np.ndarray], seed: int = 0
) -> dict[int, np.ndarray]:
    """By seed, a measure on all test molecules (first) and on each draw of them: ``(1 + R,)``.

    Args:
        truth: (n, T); nan is not measured.
        said: by seed, (n, T).
        seed: of the draws: rows that are compared need the same.

    Returns:
        means over the targets that a draw can judge.
    """
    weight = resample.draws(len(truth), seed).astype(np.float64)
    known = np.isfinite(truth)
    function = _weighted(measure) if measure in WEIGHTED else _repeated(task, measure)
    found = {}
    for one, predicted in said.items():
        each = []
        for t in range(truth.shape[1]):
            rows = known[:, t]
            if rows.any():
                y, p = truth[rows, t].astype(np.float64), predicted[rows, t]
                each.append(function(y, p, weight[:, rows]))
        found[one] = _mean(np.array(each).reshape(-1, len(weight)))
    return found


def _mean(each: np.ndarray) -> np.ndarray:
    """Over targets ``(T, R)``, without those that a draw cannot judge."""
    there = np.isfinite(each)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(there, each, 0).sum(0) / there.sum(0))


def difference(
    measure: str, own: Mapping[int, np.ndarray], other: Mapping[int, np.ndarray], seed: int = 0
) -> np.ndarray | None:
    """By how much a row is better, positive where it is: on all (first) and on each draw ``(1 + R,)``.

    Args:
        own, other: from ``drawn``.

    Returns:
        None where the two have no seed in common.
    """
    seeds = sorted(own.keys() & other.keys())
    if not seeds:
        return None
    each = np.stack([own[one] - other[one] for one in seeds])
    if measure in LOWER_IS_BETTER:
        each = -each
    rng = np.random.default_rng(seed)
    times = rng.multinomial(len(seeds), np.full(len(seeds), 1 / len(seeds)), size=each.shape[1])
    times[0] = 1
    return np.asarray((each * times.T).sum(0) / len(seeds))


def described(draws: np.ndarray) -> dict[str, Any]:
    """``value``, ``ci95`` and the two-sided ``p`` of a difference."""
    rest = draws[1:][np.isfinite(draws[1:])]
    if not len(rest) or not np.isfinite(draws[0]):
        return {"value": None, "ci95": None, "p": None}
    tail = min((rest <= 0).sum(), (rest >= 0).sum())
    low, high = np.percentile(rest, [2.5, 97.5])
    return {
        "value": float(draws[0]),
        "ci95": [float(low), float(high)],
        "p": float(min(1.0, 2 * (tail + 1) / (len(rest) + 1))),
    }
