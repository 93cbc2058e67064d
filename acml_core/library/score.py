"""The one way to score: a dot product of query and candidate vectors.

Everything that ranks (search, validation, evaluation) comes through here, so that a true molecule and
its rivals always get their scores from the same product: computed apart, a molecule can lose to
itself by rounding. A single query among many vectors of half precision is scored twice, since reading
and widening a million of them takes longer than multiplying: all from their codes of eight bits where
the library has them, or else in half precision; and the best again in single.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Iterator, Sequence
from functools import partial

import torch
from torch import Tensor

from acml_core.library.codes import DOUBT, products
from acml_core.library.highest import highest
from acml_core.library.vectors import Vectors
from acml_core.probability import Point
from acml_core.threads import Threads

SCORES_AT_ONCE = 1 << 25
"""Scores held in memory at a time: 2^25 float32, 128 MiB."""

ROWS_AT_ONCE = 4096
"""Candidates that are multiplied at a time. Those of half precision are widened first: so many stay
in the processor's cache, and a million need no second gigabyte."""

LEAST_EXPONENT = -80.0
"""A share below exp(-80) of the best candidate's counts as that much: a million of them are nothing
yet, and smaller float32 numbers lose digits and take twenty times as long."""

SUMMED_AT_ONCE = 1 << 18
"""Scores of a query that are added up at a time: what lies between stays in the cache, and is enough
work for torch's own threads to meet after it."""

ALONE_UP_TO = 8
"""Up to so many products are too little work to share out."""

FEWER_BITS = ("AVX2", "AVX512")
"""Processors on which torch multiplies half precision and eight bits as they are, and adds up in single
precision."""

REFINED = 2048
"""Best candidates of a single query whose scores are computed again in single precision. Those of the
others are rounded (where vectors have unit norm by 0.0005 at most, from codes mostly by as much)."""

SURE = 64
"""Best candidates that are certainly among those: codes may be wrong by ``DOUBT``. Where so many are
not certain, all candidates are looked at in half precision."""

Pieces = Sequence[tuple[int, Tensor]]
"""Candidates with the column in which they begin."""


def scores(queries: Tensor, candidates: Tensor | Vectors) -> Iterator[tuple[slice, Tensor]]:
    """Scores of every query with every candidate, some queries at a time.

    Args:
        queries: ``(Q, p)``; unit norm if the model compares by cosine.
        candidates: ``(G, p)``, the same, of any precision; parts may be memory-mapped.

    Yields:
        ``(rows, scores)``: a slice of the queries and their ``(rows, G)`` float32 scores.
    """
    step = max(1, SCORES_AT_ONCE // max(1, len(candidates)))
    vectors = candidates if isinstance(candidates, Vectors) else Vectors([candidates])
    if len(queries) == 1 and _worth_twice(vectors):
        block = _twice(queries[0].float(), vectors)
        if block is not None:
            yield slice(0, 1), block
            return
    pieces = _pieces(vectors)
    with Threads(1 if len(pieces) <= ALONE_UP_TO else torch.get_num_threads()) as threads:
        for start in range(0, len(queries), step):
            rows = slice(start, min(start + step, len(queries)))
            block = torch.empty(rows.stop - rows.start, len(candidates))
            asking = queries[rows].float().contiguous()
            threads.run(partial(_fill, asking, block), pieces)
            yield rows, block


def _worth_twice(vectors: Vectors) -> bool:
    """Whether a first look in fewer bits takes less time."""
    capable = torch.backends.cpu.get_cpu_capability() in FEWER_BITS
    many = len(vectors) > ALONE_UP_TO * ROWS_AT_ONCE
    return capable and many and vectors.parts[0].dtype == torch.float16


def _twice(asking: Tensor, vectors: Vectors) -> Tensor | None:
    """``(1, G)`` scores of one query ``(p,)``: of all from few bits, of the best in single precision.

    None where a score is beyond what half precision holds.
    """
    if vectors.codes and sys.platform != "win32":  # there torch multiplies them one by one
        row = products(vectors.codes, asking)
        least, best = _refine(row, asking, vectors)
        if torch.topk(best, SURE).values[-1] > least + DOUBT * asking.norm():
            return row[None]
    row = _halves(asking, vectors)
    if not all(torch.isfinite(end) for end in torch.aminmax(row)):
        return None
    _refine(row, asking, vectors)
    return row[None]


def _halves(asking: Tensor, vectors: Vectors) -> Tensor:
    """Scores ``(G,)`` of one query, all in half precision."""
    query, halves = asking.half(), torch.empty(len(vectors), dtype=torch.float16)
    places = halves.split([len(part) for part in vectors.parts])
    for part, out in zip(vectors.parts, places, strict=True):
        torch.mv(part, query, out=out)  # few and large: torch's own threads are the faster here
    return halves.float()


def _refine(row: Tensor, asking: Tensor, vectors: Vectors) -> tuple[Tensor, Tensor]:
    """Compute the best of the scores ``(G,)`` again, in place.

    Returns:
        the least of them as it was; and all of them as they are.
    """
    rough, best = highest(row, min(REFINED, len(row)))
    exact = torch.mv(vectors.take(best.numpy()).float(), asking)
    row[best] = exact
    return rough[-1], exact


def _pieces(vectors: Vectors) -> Pieces:
    pieces = [piece for part in vectors.parts for piece in part.split(ROWS_AT_ONCE)]
    ends = list(itertools.accumulate(len(piece) for piece in pieces))
    return list(zip([0, *ends], pieces, strict=False))


def _fill(asking: Tensor, block: Tensor, pieces: Pieces) -> None:
    """The columns of some candidates in a block of scores."""
    wide = torch.empty(ROWS_AT_ONCE, asking.shape[1])
    for at, piece in pieces:
        if piece.dtype != torch.float32:
            piece = wide[: len(piece)].copy_(piece)
        out = block[:, at : at + len(piece)]
        if len(asking) == 1:
            torch.mv(piece, asking[0], out=out[0])
        else:
            torch.mm(asking, piece.T, out=out)


def log_likelihoods(point: Point, found: Tensor) -> Tensor:
    """Log probabilities ``(..., n)`` of candidates from their scores; -inf is no candidate."""
    sharp, flat = (total.to(found.dtype) for total in log_sums(point, found))
    return mixture(point, found, sharp, flat)


def log_sums(point: Point, found: Tensor) -> tuple[Tensor, Tensor]:
    """Logarithms of the sums over all candidates that make scores into probabilities.

    Returns:
        for each of the calibration's two scales, ``(..., 1)`` float64.
    """
    best = found.amax(-1, keepdim=True)

    def log_sum(scale: float) -> Tensor:
        shift, total = -scale * best, torch.zeros_like(best, dtype=torch.float64)
        for part in found.split(SUMMED_AT_ONCE, -1):
            shares = torch.add(shift, part, alpha=scale).clamp_(min=LEAST_EXPONENT).exp_()
            if not scale:  # 0 times infinity is no number
                shares = shares.masked_fill(torch.isneginf(part), 0.0)
            total += shares.sum(-1, keepdim=True)
        return total.log() - shift.double()

    sharp = log_sum(point.scale)
    return sharp, log_sum(point.tail_scale) if point.tail else sharp


def mixture(point: Point, found: Tensor, sharp: Tensor, flat: Tensor) -> Tensor:
    """Log probabilities of scores ``(..., n)``, given the sums ``(..., 1)`` over all candidates."""
    first = found * point.scale - sharp
    if not point.tail:
        return first
    second = (found * point.tail_scale).masked_fill(torch.isneginf(found), -torch.inf) - flat
    return torch.logaddexp(
        first + math.log1p(-min(point.tail, 1 - 1e-9)), second + math.log(point.tail)
    )
