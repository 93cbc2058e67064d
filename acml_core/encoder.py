"""Base class of the encoders that modality plugins provide."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Encoder(nn.Module):
    """Encodes a batch of one modality's signals.

    ``forward(batch) -> (B, dim)`` float32, where ``batch`` is what ``Modality.collate`` returns.

    Attributes:
        dim: length of an embedding.
    """

    dim: int

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} must implement forward(batch)")

    def last_layers(self) -> list[nn.Module]:
        """What ``unlock = "last"`` trains. The default is the last child that has parameters."""
        with_parameters = [m for m in self.children() if any(True for _ in m.parameters())]
        return with_parameters[-1:]


class ResidualBlock(nn.Module):
    """Pre-norm residual MLP block, ``x + MLP(norm(x))``, twice as wide inside: for any encoder."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 2 * width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(2 * width, width),
        )

    def forward(self, x: Tensor) -> Tensor:
        """``(B, width)`` to ``(B, width)``."""
        return x + self.layers(x)


def batch_size(batch: dict[str, Tensor]) -> int:
    """``B`` of a collated batch."""
    return len(next(iter(batch.values())))


def to_device(batch: dict[str, Tensor], device: torch.device | str) -> dict[str, Tensor]:
    """The same batch on another device."""
    return {key: value.to(device, non_blocking=True) for key, value in batch.items()}
