"""Whether an explanation says anything: random weights, and deletion curves.

*Random weights* (Adebayo et al. 2018, arXiv 1810.03292): an explanation that comes out the same when
the model's weights are drawn anew explains the architecture or the molecule, not what was learnt.
*Deletion* (Petsiuk et al. 2018, arXiv 1806.07421): where the explanation is right, the match falls
faster when the most important atoms or parts go first than when they go in random order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.integrate import trapezoid
from scipy.stats import spearmanr

from acml_core.explain.atoms import Method, vectors
from acml_core.explain.occlusion import Occlusion, occlude, signal_vectors
from acml_core.graphs.packed import PackedGraphs
from acml_core.modality import Signal
from acml_core.model import AcmlModel
from acml_core.untrained import untrained

RANDOM_MODELS = 5
"""Sets of random weights that an explanation is compared with."""

RANDOM_ORDERS = 20
"""Random orders of deletion."""

MOST_STEPS = 30
"""Points of a deletion curve; of more atoms or parts several go at a time."""


@dataclass(frozen=True)
class Deletion:
    """The match as atoms or parts are left out one after the other.

    Attributes:
        share: (S,) share left out, rising from 0.
        ordered: (S,) score, the most important first.
        random: (R, S) score, in random orders.
    """

    share: np.ndarray
    ordered: np.ndarray
    random: np.ndarray

    @property
    def area(self) -> float:
        """Mean score with the most important first; lower is better."""
        return float(trapezoid(self.ordered, self.share) / self.share[-1])

    @property
    def random_areas(self) -> np.ndarray:
        """(R,) the same of each random order."""
        return np.asarray(trapezoid(self.random, self.share, axis=1) / self.share[-1])

    def as_dict(self) -> dict[str, Any]:
        """Curve and areas as plain data."""
        return {
            "share": self.share.round(4).tolist(),
            "important_first": self.ordered.round(4).tolist(),
            "random_mean": self.random.mean(0).round(4).tolist(),
            "area": round(self.area, 4),
            "random_area": round(float(self.random_areas.mean()), 4),
            "share_of_random_orders_above": round(float((self.random_areas > self.area).mean()), 3),
        }


def deletions(
    model: AcmlModel,
    modality: str,
    graph: PackedGraphs,
    signal: Signal,
    found: Occlusion,
    method: Method,
    *,
    seed: int = 0,
) -> dict[str, Deletion | None]:
    """Curves for ``atoms`` and ``parts``; None where there are fewer than three of them."""
    size, parts = len(found.atoms), len(found.parts)
    whole_signal = signal_vectors(model, modality, signal, [()])[0]
    whole_molecule = vectors(model, modality, graph, np.ones((1, size), bool), method)[0]

    def without_atoms(choices: Sequence[Sequence[int]]) -> np.ndarray:
        keep = np.ones((len(choices), size), bool)
        for row, choice in enumerate(choices):
            keep[row, list(choice)] = False
        return (vectors(model, modality, graph, keep, method) @ whole_signal).numpy()

    def without_parts(choices: Sequence[Sequence[int]]) -> np.ndarray:
        return (signal_vectors(model, modality, signal, choices) @ whole_molecule).numpy()

    return {
        "atoms": _curve(found.atoms, without_atoms, seed) if size > 2 else None,
        "parts": _curve(found.parts, without_parts, seed) if parts > 2 else None,
    }


def _curve(
    loss: np.ndarray, score: Callable[[Sequence[Sequence[int]]], np.ndarray], seed: int
) -> Deletion:
    n = len(loss)
    steps = np.unique(np.linspace(0, n - 1, min(n, MOST_STEPS)).astype(int))
    rng = np.random.default_rng(seed)
    orders = [np.argsort(-loss, kind="stable"), *(rng.permutation(n) for _ in range(RANDOM_ORDERS))]
    flat = score([order[:step].tolist() for order in orders for step in steps])
    table = flat.reshape(len(orders), len(steps))
    return Deletion(steps / n, table[0], table[1:])


def random_weights(
    model: AcmlModel,
    modality: str,
    graph: PackedGraphs,
    signal: Signal,
    found: Occlusion,
    method: Method,
    *,
    seed: int = 0,
) -> dict[str, list[float] | None]:
    """Rank correlations (Spearman) of the losses with those of each set of random weights.

    Returns:
        for ``atoms`` and ``parts`` a number from -1 to 1 a set; None where there are fewer than
        three atoms or parts, or the losses are all alike.
    """
    seen: dict[str, list[float]] = {"atoms": [], "parts": []}
    for number in range(RANDOM_MODELS):
        other = occlude(untrained(model, seed + number), modality, graph, signal, method)
        for name, rows in seen.items():
            rows.append(_spearman(getattr(found, name), getattr(other, name)))
    return {
        name: None if np.isnan(rows).any() else [round(one, 4) for one in rows]
        for name, rows in seen.items()
    }


def _spearman(one: np.ndarray, other: np.ndarray) -> float:
    if len(one) < 3 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(spearmanr(one, other).statistic)
