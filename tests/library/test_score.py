"""Scores of a single query among many vectors of half precision."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from acml_core.library import score
from acml_core.library.codes import DOUBT, encode
from acml_core.library.score import ALONE_UP_TO, REFINED, ROWS_AT_ONCE, log_sums, scores
from acml_core.library.vectors import Vectors
from acml_core.probability import Point

MANY = (ALONE_UP_TO + 1) * ROWS_AT_ONCE + 77
HALF_OF_A_STEP = 2.0**-12
"""Rounding error of a half-precision number between 0.5 and 1; smaller numbers have less."""


@pytest.fixture(scope="module")
def vectors() -> Tensor:
    made = torch.randn(MANY, 32, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.normalize(made).half()


def in_parts(vectors: Tensor) -> Vectors:
    return Vectors([vectors[:20_000], vectors[20_000:]])


def coded(vectors: Tensor) -> Vectors:
    parts = in_parts(vectors).parts
    return Vectors(parts, [torch.from_numpy(encode(part.numpy())) for part in parts])


@pytest.mark.parametrize("kind", [in_parts, coded, lambda vectors: vectors])
def test_the_best_scores_are_exact(vectors: Tensor, kind: object) -> None:
    query = torch.nn.functional.normalize(vectors[7:8].float() + 0.1)
    exact = (vectors.double() @ query[0].double()).float()
    ((rows, found),) = scores(query, kind(vectors))  # type: ignore[operator]
    assert rows == slice(0, 1)
    assert found.dtype == torch.float32
    best = exact.topk(REFINED // 2).indices
    assert torch.allclose(found[0, best], exact[best], atol=1e-6)
    assert torch.allclose(exact[found[0].topk(1000).indices], exact.topk(1000).values, atol=1e-6)
    assert (found[0] - exact).abs().max() < (DOUBT if kind is coded else 4 * HALF_OF_A_STEP)
    assert (found[0] - exact).mean().abs() < HALF_OF_A_STEP / 4


@pytest.mark.parametrize("kind", [in_parts, coded])
def test_alone_or_among_others_a_query_finds_the_same(vectors: Tensor, kind: object) -> None:
    queries = torch.nn.functional.normalize(torch.randn(3, 32))
    ((_, together),) = scores(queries, vectors)
    for query, row in zip(queries, together, strict=True):
        ((_, alone),) = scores(query[None], kind(vectors))  # type: ignore[operator]
        assert torch.allclose(alone[0].topk(100).values, row.topk(100).values, atol=1e-6)


def test_codes_make_the_sums_of_exact_scores(vectors: Tensor) -> None:
    """Rounding errors cancel: what makes scores into probabilities is as good as without codes."""
    point = Point(candidates=MANY, scale=60.0, tail=0.1, tail_scale=20.0)
    for query in torch.nn.functional.normalize(vectors[:3].float() + 0.1):
        ((_, found),) = scores(query[None], coded(vectors))
        for one, two in zip(
            log_sums(point, found),
            log_sums(point, (vectors.float() @ query)[None]),
            strict=True,
        ):
            assert float(one) == pytest.approx(float(two), abs=3e-3)


def test_codes_are_read_instead_of_vectors(
    vectors: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score, "_halves", None)
    list(scores(vectors[:1].float(), coded(vectors)))


def test_candidates_too_alike_for_codes(vectors: Tensor) -> None:
    """More of them than are computed again lie nearer together than codes can tell."""
    alike = torch.nn.functional.normalize(vectors[:1].float() + 0.005 * vectors.float()).half()
    query = torch.nn.functional.normalize(vectors[:1].float() + 0.1)
    ((_, found),) = scores(query, coded(alike))
    exact = alike.float() @ query[0]
    assert (found[0] - exact).abs().max() < 4 * HALF_OF_A_STEP
    assert torch.allclose(found[0].topk(10).values, exact.topk(10).values, atol=1e-6)


@pytest.mark.parametrize("kind", [in_parts, coded])
def test_scores_beyond_half_precision(vectors: Tensor, kind: object) -> None:
    query = torch.full((1, 32), 3e4)
    query[0, ::2] = 6e4
    ((_, found),) = scores(query, kind(vectors))  # type: ignore[operator]
    exact = vectors.float() @ query[0]
    assert exact.abs().max() > torch.finfo(torch.float16).max
    assert torch.allclose(found[0].topk(100).values, exact.topk(100).values, rtol=1e-5)
    assert (found[0] - exact).abs().max() < (DOUBT * query.norm() if kind is coded else 1.0)


def test_a_processor_without_it_widens(vectors: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score, "FEWER_BITS", ())
    query = torch.nn.functional.normalize(torch.randn(1, 32))
    ((_, found),) = scores(query, vectors)
    assert torch.allclose(found[0], vectors.float() @ query[0], atol=1e-6)
