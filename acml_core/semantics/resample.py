"""Scores of probes with bootstrap intervals, one draw of molecules for all rows.

All rows of a report are resampled alike, so that the interval of a difference between two rows is that
of paired values.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

RESAMPLES = 1000
CONFIDENCE = 0.95
DECIMALS = 4


def draws(n: int, seed: int = 0) -> np.ndarray:
    """``(1 + RESAMPLES, n)`` float32 weights of molecules; the first row is all ones."""
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    return np.vstack([np.ones((1, n)), drawn]).astype(np.float32)


def auc(truth: np.ndarray, score: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Area under the ROC curve for each row of weights ``(R, n)``; ties count half.

    nan where a draw has molecules of one class alone.
    """
    values, group = np.unique(score, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(len(values)))
    weight = weight[:, order].astype(np.float64)
    yes = truth[order] > 0
    positive = np.add.reduceat(weight * yes, starts, axis=1)
    negative = np.add.reduceat(weight * ~yes, starts, axis=1)
    below = np.cumsum(negative, axis=1) - negative / 2
    total = positive.sum(1) * negative.sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, (positive * below).sum(1) / total, np.nan)


def r2(truth: np.ndarray, score: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Coefficient of determination for each row of weights ``(R, n)``; nan without variance."""
    weight = weight.astype(np.float64)
    total = weight.sum(1)
    mean = weight @ truth / total
    spread = weight @ truth**2 / total - mean**2
    error = weight @ (truth - score) ** 2 / total
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 1e-12, 1 - error / spread, np.nan)


SCORES: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]] = {
    "presence": auc,
    "value": r2,
}
METRIC = {"presence": "ROC-AUC", "value": "R2"}


def interval(values: np.ndarray) -> dict[str, object]:
    """``{"value", "ci95"}`` of a score on all molecules (first) and on the draws (the rest)."""
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.nanpercentile(values[1:], [tail, 100 - tail])
    return {
        "value": round(float(values[0]), DECIMALS),
        "ci95": [round(float(low), DECIMALS), round(float(high), DECIMALS)],
    }
