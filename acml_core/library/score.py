"""The one way to score: a dot product of query and candidate vectors.

Everything that ranks (search, validation, evaluation) comes through here, so that a true molecule and
its rivals always get their scores from the same product: computed apart, a molecule can lose to
itself by rounding.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from acml_core.probability import Point

SCORES_AT_ONCE = 1 << 25
"""Scores held in memory at a time: 2^25 float32, 128 MiB."""


def scores(queries: Tensor, candidates: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Scores of every query with every candidate, some queries at a time.

    Args:
        queries: ``(Q, p)``; unit norm if the model compares by cosine.
        candidates: ``(G, p)``, the same.

    Yields:
        ``(rows, scores)``: a slice of the queries and their ``(rows, G)`` float32 scores.
    """
    step = max(1, SCORES_AT_ONCE // max(1, len(candidates)))
    table = candidates.float().T.contiguous()
    for start in range(0, len(queries), step):
        rows = slice(start, min(start + step, len(queries)))
        yield rows, queries[rows].float() @ table


def log_likelihoods(point: Point, found: Tensor) -> Tensor:
    """Log probabilities ``(..., n)`` of candidates from their scores; -inf is no candidate."""
    sharp = torch.log_softmax(found * point.scale, dim=-1)
    if not point.tail:
        return sharp
    flat = (found * point.tail_scale).masked_fill(torch.isneginf(found), -torch.inf)
    return torch.logaddexp(
        sharp + math.log1p(-min(point.tail, 1 - 1e-9)),
        torch.log_softmax(flat, dim=-1) + math.log(point.tail),
    )
