"""What one query says of all candidates: the best of them, and what makes any score a probability.

A million candidates are never sorted, nor given a probability each: the best few are, and the sums
over the rest. Where an index finds the best without looking at the rest, those sums are estimated from
a sample (``acml_core.library.nearest``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from acml_core.library.score import log_sums, mixture
from acml_core.probability import Best, Point, log_odds_present

GROWTH = 16
"""Further candidates are sorted this many times as many at a time, until enough are."""

Rest = Callable[[], Iterator[tuple[np.ndarray, np.ndarray]]]
"""Scores of the candidates behind the best, in descending order, and how many candidates each of
them stands for, both (n,)."""


@dataclass(frozen=True)
class Evidence:
    """One query's ranking.

    Attributes:
        point: the calibration.
        best: (k,) int64 columns of the best candidates, the best first.
        score: (k,) float64.
        sharp, flat: logarithms of the sums over all candidates, for the calibration's two scales.
        rest: the others.
    """

    point: Point
    best: np.ndarray
    score: np.ndarray
    sharp: float
    flat: float
    rest: Rest

    @classmethod
    def of(cls, point: Point, row: Tensor, k: int) -> Evidence:
        """From the scores ``(n,)`` of every candidate."""
        sharp, flat = log_sums(point, row)
        first = torch.topk(row, min(k, len(row)))
        return cls(
            point,
            first.indices.numpy(),
            first.values.double().numpy(),
            float(sharp),
            float(flat),
            lambda: _behind(row, len(first.values)),
        )

    def log_likelihood(self, score: np.ndarray) -> np.ndarray:
        """Log probabilities ``(n,)`` of candidates with these scores."""
        sums = (torch.tensor([value], dtype=torch.float64) for value in (self.sharp, self.flat))
        return mixture(self.point, torch.from_numpy(score), *sums).numpy()

    def log_odds_present(self) -> float | None:
        """That the molecule is among the candidates, at even odds beforehand; None if not fitted."""
        two = self.score[:2] * self.point.scale
        second = two[1:] if len(two) > 1 else np.array([-np.inf])
        odds = log_odds_present(self.point, Best.of(two[:1], second))
        return None if odds is None else float(odds[0])

    def set_size(self, probability: np.ndarray, mass: float) -> int:
        """Candidates whose predecessors hold no more than ``mass`` of the probability.

        Args:
            probability: (k,) of the best, in their order: a second opinion may have changed both.
        """
        count, held = _within(probability, np.ones(len(probability)), 0.0, mass)
        if count < len(probability):
            return round(count)
        for score, weight in self.rest():
            more, held = _within(np.exp(self.log_likelihood(score)), weight, held, mass)
            count += more
            if more < weight.sum():
                break
        return round(count)


def _within(
    probability: np.ndarray, weight: np.ndarray, held: float, mass: float
) -> tuple[float, float]:
    """How many candidates, each entry for ``weight`` of them, have no more than ``mass`` before them.

    Returns:
        their number; and what all of the entries hold, with those before.
    """
    cumulative = held + np.cumsum(probability * weight)
    before = cumulative - probability * weight
    count = float(weight[before <= mass].sum())
    return count, float(cumulative[-1]) if len(cumulative) else held


def _behind(row: Tensor, done: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    size = done
    while done < len(row):
        size = min(len(row), max(size, 1) * GROWTH)
        found = torch.topk(row, size).values[done:].double().numpy()
        yield found, np.ones(len(found))
        done = size
