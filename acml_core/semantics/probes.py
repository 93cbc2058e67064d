"""Linear probes on frozen embeddings (Alain and Bengio 2016, arXiv 1610.01644).

Logistic regression for whether a group is there, ridge regression for values. The strength of the
penalty is chosen for each target and each embedding on validation molecules, so that no row is
handicapped by another's; the probe is then tested on molecules of neither side.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from acml_core.semantics.resample import auc
from acml_core.semantics.targets import Kind, Targets

LOGISTIC_STRENGTHS = (0.003, 0.03, 0.3)
"""Inverse penalties that are tried."""

RIDGE_STRENGTHS = (1.0, 10.0, 100.0, 1000.0, 10000.0)
ITERATIONS = 150
TOLERANCE = 1e-6
"""Of the logistic regressions' solver (LBFGS)."""

LEAST = 20
"""Molecules that have a group, and that lack it, in training; half as many in test. Of a value:
molecules that differ from the commonest."""


def usable(targets: Targets, train: np.ndarray, test: np.ndarray) -> list[int]:
    """Numbers of the targets that these molecules can answer.

    Args:
        train, test: molecule numbers.
    """
    found = []
    for number, kind in enumerate(targets.kind):
        values = targets.values[:, number]
        if kind == "presence":
            enough = min(_counts(values[train])) >= LEAST
            enough = enough and min(_counts(values[test])) >= LEAST // 2
        else:  # molecules that do not have the commonest value
            rest = [len(values[some]) - max(_counts(values[some])) for some in (train, test)]
            enough = rest[0] >= LEAST and rest[1] >= LEAST // 2
        if enough:
            found.append(number)
    return found


def _counts(values: np.ndarray) -> list[int]:
    """How often each value occurs; none where all are alike."""
    found = np.unique(values, return_counts=True)[1].tolist()
    return found if len(found) > 1 else [0, len(values)]


FURTHEST = 5.0
"""Standard deviations from the training molecules' mean beyond which a feature counts no further. Sums
over atoms grow with the molecule: without it one giant molecule decides about every score."""

LEAST_SPREAD = 1e-6


class Scale(NamedTuple):
    """How features are standardised.

    Attributes:
        centre, spread: (d,) of the training molecules.
    """

    centre: np.ndarray
    spread: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray) -> Scale:
        """By training features ``(n, d)``."""
        spread = x.std(0)
        return cls(x.mean(0), np.where(spread > LEAST_SPREAD, spread, 1.0))

    def apply(self, x: np.ndarray) -> np.ndarray:
        """Features ``(n, d)``, standardised and cut off at ``FURTHEST``."""
        return np.clip((x - self.centre) / self.spread, -FURTHEST, FURTHEST)


class Linear(NamedTuple):
    """One linear model a target: ``x @ weight + bias`` are scores, logits for groups.

    Attributes:
        weight: (d, T).
        bias: (T,).
    """

    weight: np.ndarray
    bias: np.ndarray

    def scores(self, x: np.ndarray) -> np.ndarray:
        """``(n, T)`` of standardised features ``(n, d)``."""
        return np.asarray(x @ self.weight + self.bias)


class Probe(NamedTuple):
    """Linear models of features as they are."""

    scale: Scale
    linear: Linear

    def scores(self, x: np.ndarray) -> np.ndarray:
        """``(n, T)`` of features ``(n, d)``."""
        return self.linear.scores(self.scale.apply(x))


def predict(
    features: np.ndarray,
    targets: Targets,
    chosen: list[int],
    train: np.ndarray,
    validation: np.ndarray,
    test: np.ndarray,
) -> np.ndarray:
    """Scores of test molecules by probes fitted on training molecules: ``(len(test), chosen)``.

    Args:
        features: (N, d) one row a molecule.
        chosen: numbers of targets.
        train, validation, test: molecule numbers; validation chooses the penalty's strength.
    """
    out = np.zeros((len(test), len(chosen)))
    kinds: tuple[Kind, ...] = ("presence", "value")
    for kind in kinds:
        places = [place for place, number in enumerate(chosen) if targets.kind[number] == kind]
        if places:
            y = targets.values[:, [chosen[place] for place in places]]
            sides = (features[train], y[train], features[validation], y[validation])
            out[:, places] = fit(kind, *sides).scores(features[test])
    return out


def fit(
    kind: Kind,
    x: np.ndarray,
    y: np.ndarray,
    x_validation: np.ndarray,
    y_validation: np.ndarray,
) -> Probe:
    """Probes of all targets, each with the strength that is best on validation molecules.

    Args:
        kind: of every target: "presence" (0 or 1) or "value".
        x, x_validation: features ``(n, d)``; standardised here, by the training molecules.
        y, y_validation: ``(n, T)``; nan is not measured.
    """
    scale = Scale.of(x)
    scaled, tried = scale.apply(x), scale.apply(x_validation)
    presence = kind == "presence"
    strengths = LOGISTIC_STRENGTHS if presence else RIDGE_STRENGTHS
    probes = (logistic if presence else ridge)(scaled, y, strengths)
    best = np.full(y.shape[1], -np.inf)
    weight, bias = probes[0].weight.copy(), probes[0].bias.copy()
    for strength, probe in zip(strengths, probes, strict=True):
        found = _judged(kind, y_validation, probe.scores(tried))
        # validation cannot judge: the middle strength
        middle = strengths[len(strengths) // 2]
        found = np.where(np.isnan(found), -abs(np.log(strength / middle)), found)
        better = found > best
        weight[:, better], bias[better] = probe.weight[:, better], probe.bias[better]
        best = np.maximum(best, found)
    return Probe(scale, Linear(weight, bias))


def _judged(kind: Kind, y: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """``(T,)``, larger is better; nan where nothing was measured, or one class alone."""
    found = np.full(y.shape[1], np.nan)
    for t in range(y.shape[1]):
        known = np.isfinite(y[:, t])
        truth, score = y[known, t], scores[known, t]
        if kind == "value" and known.any():
            found[t] = -((truth - score) ** 2).mean()
        elif known.any():
            found[t] = auc(truth, score, np.ones((1, len(truth))))[0]
    return found


def ridge(x: np.ndarray, y: np.ndarray, strengths: tuple[float, ...]) -> list[Linear]:
    """Ridge regressions, one probe a strength: the minimum of ``|y - xw - b|^2 + strength |w|^2``.

    Args:
        x: (n, d), standardised.
        y: (n, T); nan is not measured.
    """
    known = np.isfinite(y)
    alike: dict[bytes, list[int]] = {}
    for t in range(y.shape[1]):
        alike.setdefault(known[:, t].tobytes(), []).append(t)
    probes = [Linear(np.zeros((x.shape[1], y.shape[1])), np.zeros(y.shape[1])) for _ in strengths]
    for columns in alike.values():
        rows = known[:, columns[0]]
        if not rows.any():
            continue
        a, b = x[rows].astype(np.float64), y[rows][:, columns]
        centre, mean = a.mean(0), b.mean(0)
        a = a - centre
        size, direction = np.linalg.eigh(a.T @ a)  # once for every strength
        along = direction.T @ (a.T @ (b - mean))
        for strength, probe in zip(strengths, probes, strict=True):
            weight = direction @ (along / (np.maximum(size, 0)[:, None] + strength))
            probe.weight[:, columns] = weight
            probe.bias[columns] = mean - centre @ weight
    return probes


def logistic(x: np.ndarray, y: np.ndarray, strengths: tuple[float, ...]) -> list[Linear]:
    """Balanced logistic regressions of all targets at once, one probe a strength.

    Each is the minimum of ``mean(class weight * log loss) + |w|^2 / (2 n strength)``, as
    scikit-learn's with ``C = strength``. Together they share every product with ``x``, which is
    many times faster than one by one.

    Args:
        x: (n, d).
        y: (n, T) of 0 and 1; nan is not measured.
    """
    features = torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))
    known = torch.from_numpy(np.isfinite(y))
    truth = torch.from_numpy(np.nan_to_num(y).astype(np.float32))
    count = known.sum(0).clamp(min=1)
    balance = torch.from_numpy(balanced(y).astype(np.float32))
    weights = torch.where(truth > 0, balance[0], balance[1]) * known
    return [_logistic(features, truth, weights, count, strength) for strength in strengths]


def balanced(y: np.ndarray) -> np.ndarray:
    """``(2, T)`` weights of ones and of zeros by which the two classes count alike."""
    count = np.maximum(np.isfinite(y).sum(0), 1)
    share = np.clip((y == 1).sum(0) / count, 0.5 / count, 1 - 0.5 / count)
    return np.stack([0.5 / share, 0.5 / (1 - share)])


def _logistic(
    features: torch.Tensor,
    truth: torch.Tensor,
    weights: torch.Tensor,
    count: torch.Tensor,
    strength: float,
) -> Linear:
    weight = torch.zeros(features.shape[1], truth.shape[1], requires_grad=True)
    bias = torch.zeros(truth.shape[1], requires_grad=True)
    solver = torch.optim.LBFGS(
        [weight, bias], max_iter=ITERATIONS, tolerance_change=TOLERANCE,
        tolerance_grad=TOLERANCE, history_size=10, line_search_fn="strong_wolfe",
    )  # fmt: skip

    def loss() -> torch.Tensor:
        solver.zero_grad()
        each = torch.nn.functional.binary_cross_entropy_with_logits(
            features @ weight + bias, truth, weight=weights, reduction="none"
        )
        penalty = weight.square().sum(0) / (2 * strength)
        total = ((each.sum(0) + penalty) / count).sum()
        total.backward()
        return total

    solver.step(loss)
    return Linear(weight.detach().numpy(), bias.detach().numpy())
