"""What turns the softmax's best probability into an honest one, and the sums it rests on."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from acml_core.evaluation.calibration import BANDS, EXACT, Rivals, fit_sure
from acml_core.evaluation.confidence import bins, calibration_error
from acml_core.probability import set_right, sigmoid


@settings(max_examples=80)
@given(
    seed=st.integers(0, 1000),
    k=st.integers(2, 30),
    sharp=st.floats(0.0, 30.0),
    intercept=st.floats(-3, 3),
    slope=st.floats(0, 3),
)
def test_the_order_and_the_sum_stay(
    seed: int, k: int, sharp: float, intercept: float, slope: float
) -> None:
    scores = np.sort(np.random.default_rng(seed).normal(0, 1, k))[::-1] * sharp
    p = np.exp(scores - scores.max())
    p /= p.sum()
    found = set_right((intercept, slope), p)
    if p[0] < 1 - 1e-9:  # else the others' shares are rounding
        assert found.sum() == pytest.approx(1)
    assert (np.diff(found) <= 1e-6).all()
    if k > 2 and p[2] > 1e-12:
        assert found[2] / found[1] == pytest.approx(p[2] / p[1])


def test_nothing_fitted_or_nothing_to_choose_from_changes_nothing() -> None:
    p = np.array([0.7, 0.2])
    assert set_right(None, p) is p
    one = np.array([1.0])
    assert set_right((-2.0, 1.0), one) is one
    assert np.allclose(set_right((0.0, 1.0), p), p)


def test_rounding_makes_no_probability_above_one() -> None:
    p = np.array([[1.0, 1e-17], [1.0 + 2e-16, 1e-300], [1.0, 0.0]])
    found = set_right((-0.5, 1.5), p)
    assert ((found >= 0) & (found <= 1)).all()
    assert (found[:, 0] > 0.99).all()


def test_modest_answers_are_made_as_sure_as_they_are_right() -> None:
    rng = np.random.default_rng(0)
    stated = rng.uniform(0.05, 0.95, 8000)
    true = np.array([sigmoid(0.5 + 1.8 * np.log(p / (1 - p))) for p in stated])
    right = rng.random(8000) < true
    fit = fit_sure(stated[:4000], right[:4000])
    assert fit is not None
    assert fit == pytest.approx((0.5, 1.8), abs=0.15)
    rest = np.stack([stated[4000:], np.full(4000, 1e-9)], axis=1)
    before = calibration_error(bins(stated[4000:], right[4000:]))
    after = calibration_error(bins(set_right(fit, rest)[:, 0], right[4000:]))
    assert before > 0.08
    assert after < 0.03


def test_answers_that_are_all_right_teach_nothing() -> None:
    assert fit_sure(np.full(100, 0.8), np.ones(100, dtype=bool)) is None


@pytest.mark.parametrize("n", [3, EXACT + BANDS, 20_000])
@pytest.mark.parametrize("scale", [0.0, 5.0, 90.0])
def test_sums_over_bands_are_those_over_all_candidates(n: int, scale: float) -> None:
    torch.manual_seed(3)
    others = torch.randn(4, n).mul_(0.15)
    others[1, 0] = -torch.inf
    true = torch.randn(4, 1).mul_(0.15)
    found = Rivals.of(true, others)
    every = torch.cat([true, others], dim=1).double()
    exact = torch.logsumexp((every * scale).masked_fill(torch.isneginf(every), -torch.inf), 1)
    assert found.log_sum(scale)[:, 0].numpy() == pytest.approx(exact.numpy(), abs=2e-4)
    assert torch.allclose(found.best_two(), torch.topk(every, 2, dim=1).values.float())
    short = Rivals.of(true[:1], others[:1, :2])
    together = Rivals.joined([found, short])
    assert together.log_sum(scale)[4, 0] == pytest.approx(float(short.log_sum(scale)[0, 0]))
