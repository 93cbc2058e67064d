"""Scores of a single query among many vectors of half precision."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from acml_core.library import score
from acml_core.library.score import ALONE_UP_TO, REFINED, ROWS_AT_ONCE, scores
from acml_core.library.vectors import Vectors

MANY = (ALONE_UP_TO + 1) * ROWS_AT_ONCE + 77
HALF_OF_A_STEP = 2.0**-12
"""Rounding error of a half-precision number between 0.5 and 1; smaller numbers have less."""


@pytest.fixture(scope="module")
def vectors() -> Tensor:
    made = torch.randn(MANY, 32, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.normalize(made).half()


def in_parts(vectors: Tensor) -> Vectors:
    return Vectors([vectors[:20_000], vectors[20_000:]])


@pytest.mark.parametrize("kind", [in_parts, lambda vectors: vectors])
def test_the_best_scores_are_exact(vectors: Tensor, kind: object) -> None:
    query = torch.nn.functional.normalize(vectors[7:8].float() + 0.1)
    exact = (vectors.double() @ query[0].double()).float()
    ((rows, found),) = scores(query, kind(vectors))  # type: ignore[operator]
    assert rows == slice(0, 1)
    assert found.dtype == torch.float32
    best = exact.topk(REFINED // 2).indices
    assert torch.allclose(found[0, best], exact[best], atol=1e-6)
    assert torch.allclose(exact[found[0].topk(1000).indices], exact.topk(1000).values, atol=1e-6)
    assert (found[0] - exact).abs().max() < 4 * HALF_OF_A_STEP


def test_alone_or_among_others_a_query_finds_the_same(vectors: Tensor) -> None:
    queries = torch.nn.functional.normalize(torch.randn(3, 32))
    ((_, together),) = scores(queries, vectors)
    for query, row in zip(queries, together, strict=True):
        ((_, alone),) = scores(query[None], vectors)
        assert torch.allclose(alone[0].topk(100).values, row.topk(100).values, atol=1e-6)


def test_scores_beyond_half_precision(vectors: Tensor) -> None:
    query = torch.full((1, 32), 3e4)
    query[0, ::2] = 6e4
    ((_, found),) = scores(query, vectors)
    exact = vectors.float() @ query[0]
    assert exact.abs().max() > torch.finfo(torch.float16).max
    assert torch.allclose(found[0], exact, rtol=1e-5, atol=1.0)


def test_a_processor_without_it_widens(vectors: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score, "HALF_PRODUCTS", ())
    query = torch.nn.functional.normalize(torch.randn(1, 32))
    ((_, found),) = scores(query, vectors)
    assert torch.allclose(found[0], vectors.float() @ query[0], atol=1e-6)
