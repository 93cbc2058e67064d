"""From raw outputs to what is said of a molecule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acml_core.property.table import Task

LEAST_DEVIATION = 1e-8
"""Targets that vary less are not scaled."""


@dataclass(frozen=True)
class Scaling:
    """Regression targets are learnt with mean 0 and deviation 1 of the training molecules.

    Attributes:
        mean, deviation: (T,) of them; 0 and 1 for classes.
    """

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, task: Task, y: np.ndarray) -> Scaling:
        """From ``(n, T)`` training targets; classes are left as they are."""
        width = y.shape[1]
        if task == "classification":
            return cls(np.zeros(width), np.ones(width))
        known = np.isfinite(y)
        count = np.maximum(known.sum(0), 1)
        mean = np.where(known, y, 0).sum(0) / count
        spread = np.sqrt(np.where(known, (y - mean) ** 2, 0).sum(0) / count)
        return cls(mean, np.where(spread > LEAST_DEVIATION, spread, 1.0))

    def scaled(self, y: np.ndarray) -> np.ndarray:
        """Targets as they are learnt: ``(n, T)`` float32."""
        return ((y - self.mean) / self.deviation).astype(np.float32)

    def finished(self, task: Task, raw: np.ndarray) -> np.ndarray:
        """Probabilities of class 1, or values in the targets' units, from raw outputs ``(n, T)``."""
        if task == "classification":
            return np.asarray(1 / (1 + np.exp(-raw.astype(np.float64))))
        return np.asarray(raw * self.deviation + self.mean)
