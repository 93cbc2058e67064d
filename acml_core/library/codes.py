"""Vectors a second time, in eight bits a number: half the bytes, for a first look at all of them.

The numbers of a vector are divided by its step, the largest of them over 127, and rounded. Codes are
kept only of unit vectors that they hold well, so that a score from codes is never further than
``DOUBT`` times the query's norm from the exact one. Most are fifty times nearer.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

DOUBT = 0.03
"""A score's largest error, of vectors with unit norm."""

QUERY_AND_SCORE = 2.0**-8
"""The share of it from rounding the query and the score to bfloat16."""

UNIT = 0.01
"""Norms further than this from 1 are not taken for unit norms."""

WIDTH = 32
"""The product takes up to so many numbers at a time, from where they begin in memory, and is wrong
where they do not come out even."""

STEP_ROWS = 2
"""Rows of what is stored that hold the steps, of two bytes each: the last, so that the codes lie as
even in memory as the product needs them."""


def encode(vectors: np.ndarray) -> np.ndarray | None:
    """Codes of vectors ``(n, p)``, as they are stored.

    Returns:
        ``(p + 2, n)`` int8: the bytes of ``(n, p)`` codes, then those of n bfloat16 steps. None
        where ``DOUBT`` would not hold.
    """
    wide = torch.from_numpy(vectors).float()
    if not len(wide) or wide.shape[1] % WIDTH or ((wide.norm(dim=1) - 1).abs() > UNIT).any():
        return None
    steps = (wide.abs().amax(1) / 127).bfloat16()
    wide_steps = steps.float()[:, None]
    # clamped, since a step may have been rounded down
    numbers = (wide / wide_steps).round_().clamp_(-127, 127)
    lost = (wide - numbers * wide_steps).norm(dim=1).max()
    if lost + (1 + UNIT) * QUERY_AND_SCORE > DOUBT:
        return None
    stored = torch.cat([numbers.to(torch.int8).flatten(), steps.view(torch.int8)])
    return stored.view(vectors.shape[1] + STEP_ROWS, -1).numpy()


def products(codes: Sequence[Tensor], query: Tensor) -> Tensor:
    """Scores ``(N,)`` float32 of a query ``(p,)`` with vectors from their codes, in parts as stored."""
    found = torch.empty(sum(part.shape[1] for part in codes), dtype=torch.bfloat16)
    asking, end = query.bfloat16()[None], 0
    for part in codes:
        start, end = end, end + part.shape[1]
        numbers = part[:-STEP_ROWS].view(-1, len(query))
        steps = part[-STEP_ROWS:].view(-1).view(torch.bfloat16)
        if numbers.data_ptr() % WIDTH:  # there some processors stop
            numbers = numbers.clone()
        # private to torch, but the one product that reads eight bits as they are
        found[start:end] = torch._weight_int8pack_mm(asking, numbers, steps)[0]
    return found.float()
