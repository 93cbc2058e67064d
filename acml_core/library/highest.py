"""The highest of many scores without sorting them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

FEW = 4
"""Blocks of fewer scores save nothing."""


def highest(row: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The ``k`` highest of ``(n,)`` scores, the highest first, and where they stand.

    They lie in the ``k`` blocks of scores whose own highest are the highest. Then n / size blocks
    and the k * size scores of those that were chosen are looked at: least for size = sqrt(n / k).
    """
    size = math.isqrt(len(row) // max(1, k))
    if size < FEW:
        found = torch.topk(row, k)
        return found.values, found.indices
    blocks = len(row) // size
    # a block takes every so many-th score: the maxima of all are then found side by side
    chosen = torch.topk(row[: size * blocks].view(size, blocks).amax(0), k, sorted=False).indices
    inside = (chosen + blocks * torch.arange(size)[:, None]).flatten()
    place = torch.cat([inside, torch.arange(size * blocks, len(row))])
    found = torch.topk(row[place], k)
    return found.values, place[found.indices]
