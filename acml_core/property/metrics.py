"""Figures of property prediction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import rankdata

from acml_core.property.table import Task

METRIC: dict[Task, str] = {"classification": "roc_auc", "regression": "rmse"}
"""What a task is judged by, unless its benchmark says otherwise."""

LOWER_IS_BETTER = {"rmse", "mae"}


def roc_auc(truth: np.ndarray, score: np.ndarray) -> float:
    """Area under the ROC curve of ``(n,)`` classes 0 and 1; nan where there is one class only."""
    positive = truth == 1
    n, m = int(positive.sum()), int((~positive).sum())
    if not n or not m:
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))


def pr_auc(truth: np.ndarray, score: np.ndarray) -> float:
    """Average precision of ``(n,)`` classes; nan where there is one class only."""
    positive = truth == 1
    if not positive.any() or positive.all():
        return float("nan")
    order = np.argsort(-score, kind="stable")
    last = np.append(np.diff(score[order]) != 0, True)  # molecules of one score come together
    found = np.cumsum(positive[order])[last]
    precision = found / (np.flatnonzero(last) + 1)
    return float((np.diff(found, prepend=0) * precision).sum() / positive.sum())


def rmse(truth: np.ndarray, score: np.ndarray) -> float:
    """Root of the mean squared error, in the target's unit."""
    return float(np.sqrt(((score - truth) ** 2).mean()))


def mae(truth: np.ndarray, score: np.ndarray) -> float:
    """Mean absolute error, in the target's unit."""
    return float(np.abs(score - truth).mean())


def r2(truth: np.ndarray, score: np.ndarray) -> float:
    """Coefficient of determination; nan where the truth does not vary."""
    spread = float(((truth - truth.mean()) ** 2).sum())
    return 1 - float(((score - truth) ** 2).sum()) / spread if spread else float("nan")


def spearman(truth: np.ndarray, score: np.ndarray) -> float:
    """Rank correlation; nan where one of the two does not vary."""
    if np.ptp(truth) == 0 or np.ptp(score) == 0:
        return float("nan")
    return float(np.corrcoef(rankdata(truth), rankdata(score))[0, 1])


FIGURES: dict[Task, dict[str, Callable[[np.ndarray, np.ndarray], float]]] = {
    "classification": {"roc_auc": roc_auc, "pr_auc": pr_auc},
    "regression": {"rmse": rmse, "mae": mae, "r2": r2, "spearman": spearman},
}


def figures(task: Task, truth: np.ndarray, predicted: np.ndarray) -> dict[str, Any]:
    """Figures of ``(n, T)`` predictions, averaged over targets; nan in ``truth`` is left out.

    Returns:
        classification: ``roc_auc``, ``pr_auc``; regression: ``rmse``, ``mae``, ``r2``,
        ``spearman``; and ``targets``, how many could be judged (a class that the test lacks cannot).
    """
    each: list[dict[str, float]] = []
    for t in range(truth.shape[1]):
        known = np.isfinite(truth[:, t])
        y, p = truth[known, t].astype(np.float64), predicted[known, t].astype(np.float64)
        if len(y):
            each.append({name: measure(y, p) for name, measure in FIGURES[task].items()})
    judged = [one for one in each if np.isfinite(one[METRIC[task]])]
    mean = {
        name: float(np.mean([one[name] for one in judged])) if judged else float("nan")
        for name in FIGURES[task]
    }
    return {**mean, "targets": len(judged)}


def better(task: Task, a: float, b: float) -> bool:
    """Whether the figure ``a`` is better than ``b``; nan is never better."""
    if not np.isfinite(a):
        return False
    if not np.isfinite(b):
        return True
    return a > b if task == "classification" else a < b
