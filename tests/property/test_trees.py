"""Boosted trees as arrays: against scikit-learn's own predictions."""

from __future__ import annotations

import numpy as np
import pytest

from acml_core.property import trees
from acml_core.property.table import Task
from acml_core.property.trees import BoostedTrees, boost

ensemble = pytest.importorskip("sklearn.ensemble", reason="needs the extra 'property'")
TASKS: tuple[Task, ...] = ("classification", "regression")


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    rng = np.random.default_rng(0)
    found = rng.normal(size=(300, 6)).astype(np.float32)
    found[rng.random(found.shape) < 0.1] = np.nan  # descriptors are not always defined
    return found


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "ITERATIONS", 20)


def targets(x: np.ndarray, task: Task) -> np.ndarray:
    value = np.nan_to_num(x[:, 0]) * 2 + np.nan_to_num(x[:, 1]) ** 2
    y = np.stack([value, -value, np.full(len(x), 1.0)], axis=1)
    if task == "classification":
        y = (y > 0.5).astype(float)
    y[::4, 1] = np.nan
    return y


@pytest.mark.parametrize("task", TASKS)
def test_they_say_what_scikit_learn_says(x: np.ndarray, task: Task) -> None:
    y = targets(x, task)
    found = boost(task, x[:200], y[:200], seed=3).raw(x[200:])
    classes = task == "classification"
    kind = (
        ensemble.HistGradientBoostingClassifier
        if classes
        else ensemble.HistGradientBoostingRegressor
    )
    for t in range(2):
        rows = np.flatnonzero(np.isfinite(y[:200, t]))
        model = kind(
            max_iter=20, learning_rate=trees.LEARNING_RATE, max_leaf_nodes=trees.LEAVES,
            max_features=trees.FEATURES_A_SPLIT, l2_regularization=trees.L2, random_state=3,
            early_stopping=False,
        ).fit(x[rows], y[rows, t])  # fmt: skip
        expected = model.decision_function(x[200:]) if classes else model.predict(x[200:])
        assert found[:, t] == pytest.approx(expected, abs=1e-9)
    assert np.ptp(found[:, 2]) == 0, "training held one value only"


def test_blocks_and_files_change_nothing(x: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    made = boost("regression", x, targets(x, "regression"), seed=0)
    whole = made.raw(x)
    monkeypatch.setattr(trees, "ROWS_AT_ONCE", 7)
    assert np.array_equal(BoostedTrees.of(made.state_dict()).raw(x), whole)
    assert made.raw(x[:0]).shape == (0, 3)


def test_nothing_measured_is_said_as_nothing(x: np.ndarray) -> None:
    y = np.full((len(x), 2), np.nan)
    y[:10, 0] = 1
    made = boost("classification", x, y, seed=0)
    assert made.raw(x[:2])[0] == pytest.approx([np.log(11), 0])
