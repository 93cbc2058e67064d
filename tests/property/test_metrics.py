"""Figures against scikit-learn's and scipy's, and comparisons of rows against cases that are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from acml_core.property.compare import described, difference, drawn
from acml_core.property.intervals import coverage, half_widths
from acml_core.property.metrics import figures, mae, pr_auc, rmse, roc_auc, spearman
from acml_core.property.scaling import Scaling

RNG = np.random.default_rng(0)


def test_figures_by_hand() -> None:
    assert roc_auc(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])) == 0.75
    assert roc_auc(np.array([0, 1]), np.array([0.5, 0.5])) == 0.5
    assert pr_auc(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])) == pytest.approx(5 / 6)
    assert np.isnan(roc_auc(np.ones(3), np.arange(3.0)))
    assert np.isnan(pr_auc(np.zeros(3), np.arange(3.0)))
    truth = np.array([[1.0, np.nan], [3.0, np.nan]])
    found = figures("regression", truth, np.array([[1.0, 9.0], [1.0, 9.0]]))
    assert found["rmse"] == pytest.approx(np.sqrt(2))
    assert found["mae"] == 1
    assert found["targets"] == 1


def test_figures_are_those_of_others() -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    truth = RNG.integers(0, 2, 80)
    score = np.round(RNG.normal(size=80) + truth, 1)  # with ties
    assert roc_auc(truth, score) == pytest.approx(sklearn.roc_auc_score(truth, score))
    assert pr_auc(truth, score) == pytest.approx(sklearn.average_precision_score(truth, score))
    value = np.round(RNG.normal(size=80) + score, 1)
    assert spearman(value, score) == pytest.approx(spearmanr(value, score).statistic)
    assert rmse(value, score) ** 2 == pytest.approx(sklearn.mean_squared_error(value, score))
    assert mae(value, score) == pytest.approx(sklearn.mean_absolute_error(value, score))
    assert np.isnan(spearman(value, np.ones(80)))


def test_targets_are_averaged_and_those_of_one_class_left_out() -> None:
    truth = np.array([[0, 1, 0], [1, 1, 0], [0, np.nan, 1], [1, 1, 1]])
    score = np.array([[0.1, 0.2, 0.9], [0.9, 0.1, 0.8], [0.2, 0.3, 0.7], [0.8, 0.3, 0.6]])
    found = figures("classification", truth, score)
    assert found["targets"] == 2
    assert found["roc_auc"] == 0.5


def test_a_row_is_no_better_than_itself() -> None:
    truth = RNG.integers(0, 2, (60, 2)).astype(float)
    truth[::7, 1] = np.nan
    said = {seed: RNG.random((60, 2)) for seed in range(3)}
    one = drawn("classification", "roc_auc", truth, said)
    found = difference("roc_auc", one, one)
    assert found is not None
    assert described(found) == {"value": 0, "ci95": [0, 0], "p": 1}
    assert one[0][0] == pytest.approx(figures("classification", truth, said[0])["roc_auc"])
    assert difference("roc_auc", one, {7: one[0]}) is None


@pytest.mark.parametrize("measure", ["rmse", "mae", "spearman", "r2"])
def test_a_better_row_is_found_better(measure: str) -> None:
    truth = RNG.normal(size=(120, 1))
    good = {seed: truth + RNG.normal(size=(120, 1)) * 0.5 for seed in range(3)}
    bad = {seed: truth + RNG.normal(size=(120, 1)) * 2.0 for seed in range(3)}
    rows = [drawn("regression", measure, truth, said) for said in (good, bad)]
    found = difference(measure, *rows)
    assert found is not None
    one = described(found)
    assert one["value"] > 0
    assert one["ci95"][0] > 0
    assert one["p"] < 0.01
    turned = difference(measure, rows[1], rows[0])
    assert turned is not None
    assert described(turned)["value"] == pytest.approx(-one["value"])
    for seed, draws in rows[0].items():
        assert draws[0] == pytest.approx(figures("regression", truth, good[seed])[measure])


def test_chance_is_not_taken_for_better() -> None:
    """Of many pairs that are equally good, about one in twenty may look different."""
    unlike = 0
    for _ in range(40):
        truth = RNG.normal(size=(80, 1))
        rows = [
            drawn("regression", "rmse", truth, {0: truth + RNG.normal(size=(80, 1))})
            for _ in range(2)
        ]
        found = difference("rmse", *rows)
        assert found is not None
        unlike += described(found)["p"] < 0.05
    assert unlike <= 8


def test_intervals_hold_their_share() -> None:
    truth = RNG.normal(size=(4000, 2)) * [1.0, 10.0]
    truth[::3, 1] = np.nan
    said = np.zeros((4000, 2))
    half = half_widths(truth[:2000], said[:2000])
    assert half == pytest.approx([1.645, 16.45], rel=0.1)
    assert coverage(truth[2000:], said[2000:], half) == pytest.approx(0.9, abs=0.03)
    few = half_widths(truth[:8], said[:8])
    assert np.isnan(few).all(), "eight molecules cannot promise nine in ten"


def test_targets_are_scaled_and_set_back() -> None:
    y = np.array([[1.0, 5.0], [3.0, np.nan], [5.0, 5.0]])
    scaling = Scaling.of("regression", y)
    scaled = scaling.scaled(y)
    assert np.nanmean(scaled, axis=0) == pytest.approx([0, 0])
    assert scaled[:, 0].std() == pytest.approx(1)
    assert scaling.finished("regression", scaled)[:, 0] == pytest.approx(y[:, 0])
    plain = Scaling.of("classification", np.array([[0.0], [1.0]]))
    assert plain.finished("classification", np.zeros((1, 1)))[0, 0] == 0.5
