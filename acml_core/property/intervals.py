"""Intervals of predicted values, from what was off on validation molecules."""

from __future__ import annotations

import numpy as np

COVERAGE = 0.9
"""Share of values that an interval shall hold."""


def half_widths(truth: np.ndarray, predicted: np.ndarray, coverage: float = COVERAGE) -> np.ndarray:
    """Half the width of each target's interval: ``(T,)``, in the target's unit.

    Split conformal prediction (Lei et al. 2018, arXiv 1604.04173): the error that a share
    ``coverage`` of the validation molecules stays within, a little raised for their finite number.
    Where molecules are exchangeable with those of validation, intervals so made hold that share.

    Args:
        truth: (n, T), nan is not measured. Predictions of as many molecules stand in ``predicted``.

    Returns:
        nan where too few molecules were measured to promise that share.
    """
    found = np.full(truth.shape[1], np.nan)
    for t in range(truth.shape[1]):
        known = np.isfinite(truth[:, t])
        error = np.sort(np.abs(truth[known, t] - predicted[known, t]))
        rank = int(np.ceil(coverage * (len(error) + 1)))
        if 0 < rank <= len(error):
            found[t] = error[rank - 1]
    return found


def coverage(truth: np.ndarray, predicted: np.ndarray, half_width: np.ndarray) -> float:
    """Share of the measured values ``(n, T)`` that lie within their interval; nan without any."""
    known = np.isfinite(truth) & np.isfinite(half_width)
    within = np.abs(truth - predicted) <= half_width
    return float(within[known].mean()) if known.any() else float("nan")
