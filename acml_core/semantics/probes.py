"""Linear probes on frozen embeddings (Alain and Bengio 2016, arXiv 1610.01644).

Logistic regression for whether a group is there, ridge regression for values. The strength of the
penalty is chosen for each target and each embedding on validation molecules, so that no row is
handicapped by another's; the probe is then tested on molecules of neither side.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import torch

from acml_core.errors import BadInput
from acml_core.semantics.resample import auc
from acml_core.semantics.targets import Targets

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

    Raises:
        BadInput: scikit-learn is not installed.
    """
    centre = features[train].mean(0)
    spread = features[train].std(0)
    scaled = (features - centre) / np.where(spread > 1e-6, spread, 1.0)
    parts = (scaled[train], scaled[validation], scaled[test])
    out = np.zeros((len(test), len(chosen)))
    values = [place for place, number in enumerate(chosen) if targets.kind[number] == "value"]
    y = targets.values[:, [chosen[place] for place in values]]
    if values:
        out[:, values] = _ridge(parts, y[train], y[validation])
    groups = [place for place in range(len(chosen)) if place not in set(values)]
    y = targets.values[:, [chosen[place] for place in groups]]
    if groups:
        out[:, groups] = _logistic(parts, y[train], y[validation])
    return out


def _ridge(parts: tuple[np.ndarray, ...], y: np.ndarray, y_validation: np.ndarray) -> np.ndarray:
    ridge = sklearn("linear_model").Ridge
    train, validation, test = parts
    best = np.full(y.shape[1], np.inf)
    out = np.zeros((len(test), y.shape[1]))
    for strength in RIDGE_STRENGTHS:
        probe = ridge(alpha=strength).fit(train, y)
        error = ((probe.predict(validation).reshape(y_validation.shape) - y_validation) ** 2).mean(
            0
        )
        better = error < best
        out[:, better] = probe.predict(test).reshape(len(test), -1)[:, better]
        best = np.minimum(best, error)
    return out


def _logistic(parts: tuple[np.ndarray, ...], y: np.ndarray, y_validation: np.ndarray) -> np.ndarray:
    """Scores of test molecules, ``(n, T)``; each target's own strength."""
    best = np.full(y.shape[1], -np.inf)
    out = np.zeros((len(parts[2]), y.shape[1]))
    for strength in LOGISTIC_STRENGTHS:
        weight, bias = _fit(parts[0], y, strength)
        tried, tested = (one @ weight + bias for one in parts[1:])
        ones = np.ones((1, len(tried)))
        found = np.array([auc(y_validation[:, t], tried[:, t], ones)[0] for t in range(len(best))])
        # a class is missing in validation: the middle strength
        found[np.isnan(found)] = -abs(np.log(strength / LOGISTIC_STRENGTHS[1]))
        better = found > best
        out[:, better] = tested[:, better]
        best = np.maximum(best, found)
    return out


def _fit(x: np.ndarray, y: np.ndarray, strength: float) -> tuple[np.ndarray, np.ndarray]:
    """Balanced logistic regressions of all targets at once: weights ``(d, T)``, biases ``(T,)``.

    Each is the minimum of ``mean(class weight * log loss) + |w|^2 / (2 n strength)``, as
    scikit-learn's with ``C = strength``. Together they share every product with ``x``, which is
    many times faster than one by one.
    """
    features = torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))
    truth = torch.from_numpy(y.astype(np.float32))
    share = truth.mean(0)
    balance = torch.where(truth > 0, 0.5 / share, 0.5 / (1 - share))
    weight = torch.zeros(features.shape[1], truth.shape[1], requires_grad=True)
    bias = torch.zeros(truth.shape[1], requires_grad=True)
    solver = torch.optim.LBFGS(
        [weight, bias], max_iter=ITERATIONS, tolerance_change=TOLERANCE,
        tolerance_grad=TOLERANCE, history_size=10, line_search_fn="strong_wolfe",
    )  # fmt: skip

    def loss() -> torch.Tensor:
        solver.zero_grad()
        logits = features @ weight + bias
        each = torch.nn.functional.binary_cross_entropy_with_logits(
            logits, truth, weight=balance, reduction="none"
        )
        total = each.mean(0).sum() + weight.square().sum() / (2 * len(features) * strength)
        total.backward()
        return total

    solver.step(loss)
    return weight.detach().numpy(), bias.detach().numpy()


def sklearn(module: str) -> Any:
    """A module of scikit-learn, which is an extra.

    Raises:
        BadInput: it is not installed.
    """
    try:
        return importlib.import_module(f"sklearn.{module}")
    except ModuleNotFoundError:
        raise BadInput(
            "scikit-learn is not installed", remedy="Run: pip install 'acml-core[property]'"
        ) from None
