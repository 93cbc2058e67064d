"""Scores by parts, and rankings that never sort or normalise everything."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from acml_core.library import score
from acml_core.library.evidence import Evidence
from acml_core.library.highest import highest
from acml_core.library.score import log_likelihoods, scores
from acml_core.library.vectors import Vectors
from acml_core.probability import Point


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("queries", [1, 5])
def test_scores_of_parts_are_the_product(dtype: torch.dtype, queries: int) -> None:
    torch.manual_seed(0)
    table = torch.randn(1000, 24).to(dtype)
    asking = torch.randn(queries, 24)
    expected = asking @ table.float().T
    parts = Vectors([table[:7], table[7:600], table[600:600], table[600:]])
    assert len(parts) == 1000
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(score, "SCORES_AT_ONCE", 2500)  # two queries at a time
        patch.setattr(score, "ROWS_AT_ONCE", 64)
        for candidates in (table, parts):
            found = torch.cat([block for _, block in scores(asking, candidates)])
            assert torch.allclose(found, expected, atol=1e-4)
    index = np.array([999, 3, 7, 600, 3, 0])
    assert torch.equal(parts.take(index), table[index])
    assert parts.take(np.empty(0, dtype=np.int64)).shape == (0, 24)


points = st.builds(
    lambda scale, tail, ratio: Point(
        candidates=100, scale=scale, tail=tail, tail_scale=ratio * scale
    ),
    scale=st.floats(0.1, 60),
    tail=st.sampled_from([0.0, 0.1, 0.9]),
    ratio=st.sampled_from([0.0, 0.1, 0.5]),
)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 1000),
    n=st.sampled_from([1, 2, 40, 900]),
    k=st.integers(1, 50),
    mass=st.sampled_from([0.0, 0.3, 0.9, 0.999, 1.5]),
    point=points,
)
def test_rankings_equal_sorting_everything(
    seed: int, n: int, k: int, mass: float, point: Point
) -> None:
    row = torch.from_numpy(np.random.default_rng(seed).normal(0, 0.4, n)).float()
    found = Evidence.of(point, row, k)
    sharp, flat = (torch.softmax(x * row.double(), 0) for x in (point.scale, point.tail_scale))
    every = ((1 - point.tail) * sharp + point.tail * flat).numpy()
    order = np.argsort(-row.numpy(), kind="stable")
    p = np.exp(found.log_likelihood(found.score))
    assert np.allclose(p, every[order][:k], rtol=1e-4)
    before = np.concatenate([[0.0], np.cumsum(every[order])[:-1]])
    clear = np.abs(before - mass) > 1e-4  # rounding may decide the others
    if clear.all():
        assert found.set_size(p, mass) == (before <= mass).sum()
        assert Evidence.of(point, row, 1).set_size(p[:1], mass) == (before <= mass).sum()


def test_a_changed_order_changes_the_set() -> None:
    """A second opinion that is sure of one candidate leaves one in the set."""
    point = Point(candidates=4, scale=1.0)
    found = Evidence.of(point, torch.zeros(4), 2)
    assert found.set_size(np.array([0.25, 0.25]), 0.6) == 3
    assert found.set_size(np.array([0.49, 0.01]), 0.45) == 1


def test_no_candidate_has_no_probability() -> None:
    row = torch.tensor([[1.0, -torch.inf, 0.5]])
    for tail_scale in (0.0, 2.0):
        point = Point(candidates=3, scale=3.0, tail=0.3, tail_scale=tail_scale)
        p = log_likelihoods(point, row).exp()
        assert p[0, 1] == 0
        assert p.sum() == pytest.approx(1)


@pytest.mark.parametrize(("n", "k"), [(5, 5), (255, 10), (20_000, 10), (20_001, 39), (300, 1)])
def test_the_highest_are_those_of_sorting(n: int, k: int) -> None:
    row = torch.randn(n, generator=torch.Generator().manual_seed(n))
    row[torch.randperm(n)[: n // 3]] = 0.5  # ties
    values, index = highest(row, k)
    assert values.tolist() == sorted(row.tolist(), reverse=True)[:k]
    assert torch.equal(row[index], values)
    assert len(set(index.tolist())) == k
