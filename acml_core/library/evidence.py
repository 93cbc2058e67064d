"""What one query says of all candidates: the best of them, and what makes any score a probability.

A million candidates are never sorted, nor given a probability each: the best few are, and the sums
over the rest. Where an index finds the best without looking at the rest, those sums are estimated from
a sample (``acml_core.library.nearest``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from acml_core.library.highest import highest
from acml_core.library.score import LEAST_EXPONENT, log_sums, mixture
from acml_core.probability import Best, Point, log_odds_present
from acml_core.threads import one_thread

NEAR = (16, 256)
"""Behind the best k, the next 15 k are sorted, then the next 255 k; most sets end there."""

BANDS = 4096
"""Bands of score in which the others are added up; only the band in which a set ends is sorted."""

Probability = Callable[[np.ndarray], np.ndarray]
Behind = Callable[[Probability, float, float], float]
"""How many candidates behind the best have no more than a mass before them: from the probability of a
score, what the best hold, and the mass."""


@dataclass(frozen=True)
class Evidence:
    """One query's ranking.

    Attributes:
        point: the calibration.
        best: (k,) int64 columns of the best candidates, the best first.
        score: (k,) float64.
        sharp, flat: logarithms of the sums over all candidates, for the calibration's two scales.
        behind: counts the others.
    """

    point: Point
    best: np.ndarray
    score: np.ndarray
    sharp: float
    flat: float
    behind: Behind

    @classmethod
    def of(cls, point: Point, row: Tensor, k: int) -> Evidence:
        """From the scores ``(n,)`` of every candidate."""
        sharp, flat = log_sums(point, row)
        values, index = highest(row, min(k, len(row)))
        return cls(
            point,
            index.numpy(),
            values.double().numpy(),
            float(sharp),
            float(flat),
            partial(_behind, row, len(values)),
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
        count, held = within(probability, np.ones(len(probability)), 0.0, mass)
        if count < len(probability):
            return round(count)
        return round(count + self.behind(self._probability, held, mass))

    def _probability(self, score: np.ndarray) -> np.ndarray:
        """What ``log_likelihood`` is the logarithm of, faster: for counting many candidates."""
        point = self.point
        sharp = _exp(score * np.float32(point.scale) - np.float32(self.sharp))
        if not point.tail:
            return sharp
        flat = _exp(score * np.float32(point.tail_scale) - np.float32(self.flat))
        return np.asarray((1 - point.tail) * sharp + point.tail * flat)


def _exp(logarithm: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(np.maximum(logarithm, np.float32(LEAST_EXPONENT))))


def within(
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


def _behind(row: Tensor, done: int, probability: Probability, held: float, mass: float) -> float:
    """``Behind`` of the scores of every candidate, the best ``done`` of which are told already."""
    more = 0.0
    for times in NEAR:
        with one_thread():
            values, index = highest(row, min(len(row), done * times))
        score = values[done:].numpy()
        more, all_held = within(probability(score), np.ones(len(score)), held, mass)
        if more < len(score) or len(values) == len(row):
            return more
    held = all_held
    others = np.ones(len(row), dtype=bool)
    others[index.numpy()] = False
    score = row.numpy()[others]
    p = probability(score).astype(np.float64)
    high, low = score.max(), score.min()
    band = ((high - score) * (BANDS / max(high - low, 1e-12))).astype(np.int64).clip(0, BANDS - 1)
    ends = held + np.cumsum(np.bincount(band, weights=p, minlength=BANDS))
    last = int(np.searchsorted(ends, mass, side="right"))
    if last == BANDS:
        return more + len(score)
    inside = np.sort(p[band == last])[::-1]
    before = ends[last] - p[band == last].sum()
    return more + float((band < last).sum()) + within(inside, np.ones(len(inside)), before, mass)[0]
