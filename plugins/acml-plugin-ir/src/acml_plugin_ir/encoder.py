"""Encoder of infrared spectra: the whole curve, its slope, and convolutions that keep their place.

The position of a band is what it means, so nothing is pooled over the axis: a linear layer sees every
point of the curve and of its slope (sharp where bands are), and two strided convolutions give it the
shapes of bands at a coarser resolution, which bears small shifts.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from acml_core.encoder import Encoder, ResidualBlock

KERNEL, STRIDE = 9, 4
SLOPE_SCALE = 4.0
"""Brings differences of neighbouring points to the size of the curve's own values."""


class SpectrumEncoder(Encoder):
    """``{"absorbance": (B, G)}`` to (B, dim) float32."""

    def __init__(
        self,
        points: int,
        dim: int,
        width: int,
        layers: int,
        channels: int,
        dropout: float,
        power: float,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.power = power
        self.curve = nn.LayerNorm(points)
        self.slope = nn.LayerNorm(points)
        self.points = nn.Linear(2 * points, width)
        self.shapes = nn.Sequential(
            nn.Conv1d(2, channels, KERNEL, STRIDE, padding=KERNEL // 2),
            nn.GELU(),
            nn.Conv1d(channels, 2 * channels, KERNEL, STRIDE, padding=KERNEL // 2),
            nn.GELU(),
            nn.Flatten(),
        )
        places = points
        for _ in range(2):
            places = (places - 1) // STRIDE + 1
        self.places = nn.Linear(2 * channels * places, width)
        self.enter = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(ResidualBlock(width, dropout) for _ in range(layers))
        self.leave = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, dim))

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        """``(B, dim)`` float32."""
        curve = batch["absorbance"].clamp(min=0) ** self.power
        slope = nn.functional.pad(curve[:, 2:] - curve[:, :-2], (1, 1)) * SLOPE_SCALE
        both = torch.stack([self.curve(curve), self.slope(slope)], dim=1)
        h = self.points(both.flatten(1)) + self.places(self.shapes(both))
        h = self.enter(h)
        for block in self.blocks:
            h = block(h)
        return self.leave(h).float()

    def last_layers(self) -> list[nn.Module]:
        """What ``unlock = "last"`` trains: the last block and the output layer."""
        return [*self.blocks[-1:], self.leave]
