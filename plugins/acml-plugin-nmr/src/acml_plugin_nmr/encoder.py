"""Encoder over a set of NMR peaks: order-free, and linear in the number of peaks.

A peak is looked up by its shift in learnt tables, interpolated between neighbouring entries, once
finely and once coarsely, for its nucleus and its multiplicity; the peaks' vectors are summed and
an MLP reads the sum. The tables are what a network over a soft histogram would learn in its first
layer, without the histogram: a missing, extra or moved peak changes its own terms only.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from acml_core.encoder import Encoder, ResidualBlock
from acml_plugin_nmr.prepare import N_CLASSES

RANGE_PPM = ((-30.0, 250.0), (-5.0, 18.0))
"""Shift range [ppm] of the tables, 13C and 1H; what lies beyond counts as the edge."""

TABLE_STD = 0.1
TYPICAL_PEAKS = 12.0
"""Peaks of a usual list: the sum over peaks is divided by its root, to start near unit variance."""


class PeakSetEncoder(Encoder):
    """``{"shift", "nucleus", "kind", "count"}``, each (B, P), to (B, dim) float32."""

    def __init__(
        self,
        dim: int,
        width: int,
        layers: int,
        resolution_13c_ppm: tuple[float, ...],
        resolution_1h_ppm: tuple[float, ...],
        dropout: float,
    ) -> None:
        super().__init__()
        self.dim = dim
        steps = list(zip(resolution_13c_ppm, resolution_1h_ppm, strict=True))
        # Counts are read at the coarsest resolution alone: finer ones cost time and tell no more.
        self.bags = nn.ModuleList(
            PeakTable(width, *step, counts=step == steps[-1]) for step in steps
        )
        self.enter = nn.LayerNorm(width)
        self.blocks = nn.ModuleList(ResidualBlock(width, dropout) for _ in range(layers))
        self.leave = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, dim))

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        """``(B, dim)`` float32."""
        h = torch.stack([bag(batch) for bag in self.bags]).sum(0) / TYPICAL_PEAKS**0.5
        h = self.enter(h)
        for block in self.blocks:
            h = block(h)
        return self.leave(h)

    def last_layers(self) -> list[nn.Module]:
        """What ``unlock = "last"`` trains: the last block and the output layer."""
        return [*self.blocks[-1:], self.leave]


class PeakTable(nn.Module):
    """Learnt vectors by shift at one resolution, summed over the peaks of each sample.

    Two tables by multiplicity: one that a peak enters once whatever its count; and, where ``counts``
    is set, one that it enters with the logarithm of its count.
    """

    starts: Tensor
    steps: Tensor
    sizes: Tensor
    first: Tensor

    def __init__(self, width: int, step_13c: float, step_1h: float, *, counts: bool) -> None:
        super().__init__()
        steps = (step_13c, step_1h)
        sizes = [
            round((high - low) / step) + 2
            for (low, high), step in zip(RANGE_PPM, steps, strict=True)
        ]
        first = [0, sizes[0] * N_CLASSES]
        total = sum(sizes) * N_CLASSES
        self.presence = nn.Parameter(torch.randn(total, width) * TABLE_STD)
        self.amount = nn.Parameter(torch.zeros(total, width)) if counts else None
        for name, values in (
            ("starts", [low for low, _ in RANGE_PPM]),
            ("steps", steps),
            ("sizes", sizes),
            ("first", first),
        ):
            self.register_buffer(name, torch.tensor(values), persistent=False)

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        """``(B, width)``: the sum over the peaks of each sample."""
        nucleus, kind, count = batch["nucleus"], batch["kind"], batch["count"]
        size = self.sizes[nucleus]
        place = (batch["shift"] - self.starts[nucleus]) / self.steps[nucleus]
        place = torch.minimum(place.clamp(min=0), (size - 2).to(place.dtype))
        lower = place.floor()
        upper_share = place - lower
        row = self.first[nucleus] + kind * size + lower.long()
        index = torch.cat([row, row + 1], dim=1)
        present = (count > 0).to(place.dtype)
        share = torch.cat([1 - upper_share, upper_share], dim=1) * torch.cat([present] * 2, dim=1)
        bag = nn.functional.embedding_bag(
            index, self.presence, per_sample_weights=share, mode="sum"
        )
        if self.amount is None:
            return bag
        log_count = torch.log2(count.clamp(min=1))
        return bag + nn.functional.embedding_bag(
            index,
            self.amount,
            per_sample_weights=share * torch.cat([log_count] * 2, dim=1),
            mode="sum",
        )
