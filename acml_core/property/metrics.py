"""Figures of property prediction."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import rankdata

from acml_core.property.table import Task

METRIC: dict[Task, str] = {"classification": "roc_auc", "regression": "rmse"}
"""What a task is judged by."""


def roc_auc(truth: np.ndarray, score: np.ndarray) -> float:
    """Area under the ROC curve of ``(n,)`` classes 0 and 1; nan where there is one class only."""
    positive = truth == 1
    n, m = int(positive.sum()), int((~positive).sum())
    if not n or not m:
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))


def figures(task: Task, truth: np.ndarray, predicted: np.ndarray) -> dict[str, Any]:
    """Figures of ``(n, T)`` predictions, averaged over targets; nan in ``truth`` is left out.

    Returns:
        classification: ``roc_auc``; regression: ``rmse``, ``mae``, ``r2``; and ``targets``, how many
        could be judged (a class that the test lacks cannot).
    """
    each: list[dict[str, float]] = []
    for t in range(truth.shape[1]):
        known = np.isfinite(truth[:, t])
        y, p = truth[known, t].astype(np.float64), predicted[known, t].astype(np.float64)
        if task == "classification":
            each.append({"roc_auc": roc_auc(y, p)})
        elif len(y):
            error = p - y
            spread = float(((y - y.mean()) ** 2).sum())
            each.append(
                {
                    "rmse": float(np.sqrt((error**2).mean())),
                    "mae": float(np.abs(error).mean()),
                    "r2": 1 - float((error**2).sum()) / spread if spread else float("nan"),
                }
            )
    judged = [one for one in each if np.isfinite(one[METRIC[task]])]
    names = list(each[0]) if each else [METRIC[task]]
    mean = {
        name: float(np.mean([one[name] for one in judged])) if judged else float("nan")
        for name in names
    }
    return {**mean, "targets": len(judged)}


def better(task: Task, a: float, b: float) -> bool:
    """Whether the figure ``a`` is better than ``b``; nan is never better."""
    if not np.isfinite(a):
        return False
    if not np.isfinite(b):
        return True
    return a > b if task == "classification" else a < b
