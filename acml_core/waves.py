"""Numbers as sines and cosines of many wavelengths, the same on both sides of a model.

A product of two such vectors peaks where the two numbers agree, which holds only where both were made
with the same wavelengths: the graph encoder and a plugin that measures masses take them from here.
"""

from __future__ import annotations

import torch
from torch import Tensor

SHORTEST_DA, LONGEST_DA = 0.01, 2000.0
"""Wavelengths of masses [Da]: fine enough for 1 mDa, coarse enough for every molecule."""


def frequencies(count: int) -> Tensor:
    """Angular frequencies [1/Da], ``(count,)`` float32: wavelengths evenly spaced in logarithm."""
    share = torch.linspace(0, 1, count, dtype=torch.float64)
    return (2 * torch.pi / (SHORTEST_DA * (LONGEST_DA / SHORTEST_DA) ** share)).float()


def sinusoids(mass: Tensor, waves: Tensor) -> Tensor:
    """``(...,)`` masses [Da] to ``(..., 2 * count)`` sines and cosines, computed in float32."""
    with torch.autocast(mass.device.type, enabled=False):
        angle = mass.float()[..., None] * waves
        return torch.cat([angle.sin(), angle.cos()], dim=-1)
