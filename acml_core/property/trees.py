"""Gradient-boosted trees on given features, kept as plain arrays: no pickle is needed to use them.

scikit-learn's histogram gradient boosting grows the trees; what they say is computed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from acml_core.extras import scikit_learn
from acml_core.property.table import Task

ITERATIONS = 150
LEARNING_RATE = 0.06
LEAVES = 15
"""Of each tree, at most."""

FEATURES_A_SPLIT = 0.3
"""Share of the features that each split chooses from."""

L2 = 1.0
"""Penalty on the leaves' values."""

ROWS_AT_ONCE = 2048

NODES: dict[str, type] = {
    "feature": np.int64,
    "threshold": np.float64,
    "left": np.int64,
    "right": np.int64,
    "missing_left": np.bool_,
    "value": np.float64,
}
TREES = ("roots", "ends", "base")


@dataclass(frozen=True)
class BoostedTrees:
    """Trees of T targets, their nodes one after another.

    Attributes:
        feature: (N,) int64 column that a node looks at; -1 for a leaf.
        threshold: (N,) float64; values up to it go left.
        left, right: (N,) int64 numbers of nodes; a leaf's are its own.
        missing_left: (N,) bool, where nan goes.
        value: (N,) float64 of a leaf.
        roots: (R,) int64 each tree's first node.
        ends: (T + 1,) int64; trees ``ends[t]:ends[t + 1]`` are those of target t.
        base: (T,) float64, to which the leaves' values are added.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    missing_left: np.ndarray
    value: np.ndarray
    roots: np.ndarray
    ends: np.ndarray
    base: np.ndarray

    def raw(self, x: np.ndarray) -> np.ndarray:
        """Logits of class 1, or values: ``(n, T)`` from features ``(n, D)``."""
        out = np.tile(self.base, (len(x), 1))
        for start in range(0, len(x), ROWS_AT_ONCE):
            some = x[start : start + ROWS_AT_ONCE].astype(np.float64)
            for t in range(len(self.base)):
                roots = self.roots[self.ends[t] : self.ends[t + 1]]
                out[start : start + len(some), t] += self._sum(some, roots)
        return out

    def _sum(self, x: np.ndarray, roots: np.ndarray) -> np.ndarray:
        """``(n,)`` sum of the leaves that rows reach in some trees."""
        rows = np.arange(len(x))[:, None]
        node = np.tile(roots, (len(x), 1))
        while (self.feature[node] >= 0).any():
            seen = x[rows, self.feature[node]]  # a leaf looks at the last column, in vain
            left = np.where(np.isnan(seen), self.missing_left[node], seen <= self.threshold[node])
            node = np.where(left, self.left[node], self.right[node])
        return np.asarray(self.value[node].sum(1))

    def state_dict(self) -> dict[str, Tensor]:
        """The arrays by name, as tensors."""
        return {name: torch.from_numpy(getattr(self, name)) for name in (*NODES, *TREES)}

    @classmethod
    def of(cls, tensors: dict[str, Tensor]) -> BoostedTrees:
        """From what ``state_dict`` gave.

        Raises:
            KeyError: an array is missing.
        """
        return cls(**{name: tensors[name].numpy() for name in (*NODES, *TREES)})


def boost(task: Task, x: np.ndarray, y: np.ndarray, seed: int) -> BoostedTrees:
    """Boosted trees for each target, from the rows that have it.

    Args:
        x: (n, D) features.
        y: (n, T) classes 0 and 1, or values; nan is not measured.

    Raises:
        Unsupported: scikit-learn is not installed.
    """
    ensemble = scikit_learn("ensemble")
    classes = task == "classification"
    kind = (
        ensemble.HistGradientBoostingClassifier
        if classes
        else ensemble.HistGradientBoostingRegressor
    )
    nodes: list[dict[str, np.ndarray]] = []
    roots: list[int] = []
    ends, base = [0], []
    size = 0
    for t in range(y.shape[1]):
        rows = np.flatnonzero(np.isfinite(y[:, t]))
        values = y[rows, t]
        if len(np.unique(values)) < 2:
            base.append(_constant(task, values))
            ends.append(len(roots))
            continue
        model = kind(
            max_iter=ITERATIONS, learning_rate=LEARNING_RATE, max_leaf_nodes=LEAVES,
            max_features=FEATURES_A_SPLIT, l2_regularization=L2, random_state=seed,
            early_stopping=False,
        ).fit(x[rows], values)  # fmt: skip
        base.append(float(np.ravel(model._baseline_prediction)[0]))
        for (tree,) in model._predictors:
            roots.append(size)
            nodes.append(_nodes(tree.nodes, size))
            size += len(tree.nodes)
        ends.append(len(roots))
    return BoostedTrees(
        **{
            name: np.concatenate([np.zeros(0, dtype), *(one[name] for one in nodes)])
            for name, dtype in NODES.items()
        },
        roots=np.array(roots, dtype=np.int64),
        ends=np.array(ends, dtype=np.int64),
        base=np.array(base, dtype=np.float64),
    )


def _nodes(nodes: Any, start: int) -> dict[str, np.ndarray]:
    """A tree of scikit-learn's as columns; its nodes are numbered from ``start``."""
    own = np.arange(len(nodes)) + start
    leaf = nodes["is_leaf"].astype(bool)
    return {
        "feature": np.where(leaf, -1, nodes["feature_idx"]).astype(np.int64),
        "threshold": nodes["num_threshold"].astype(np.float64),
        "left": np.where(leaf, own, nodes["left"].astype(np.int64) + start),
        "right": np.where(leaf, own, nodes["right"].astype(np.int64) + start),
        "missing_left": nodes["missing_go_to_left"].astype(bool),
        "value": np.where(leaf, nodes["value"], 0.0),
    }


def _constant(task: Task, values: np.ndarray) -> float:
    """What is said where training holds one value only, or none."""
    if task == "regression":
        return float(values[0]) if len(values) else 0.0
    ones = float(values.sum())
    return float(np.log((ones + 1) / (len(values) - ones + 1)))
