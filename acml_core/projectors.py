"""Projectors: from an encoder's embedding into the space that graphs and measurements share."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from pydantic import Field
from torch import Tensor, nn

from acml_core.config import Settings


class Projector(nn.Module):
    """Interface: ``forward(embedding (B, in_dim)) -> (B, out_dim)`` float32."""

    class Config(Settings):
        """Settings of the projector."""

    out_dim: int

    def __init__(self, in_dim: int, config: Any) -> None:
        super().__init__()
        self.in_dim = in_dim
        self.config = config

    def forward(self, embedding: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} must implement forward(embedding)")


class ResidualProjector(Projector):
    """The paper's projector (arXiv 2311.06456): cells of linear, GELU, linear, dropout, residual,
    layer norm."""

    class Config(Projector.Config):
        dims: tuple[int, ...] = Field((512, 512), min_length=1, description="width of each cell")
        dropout: float = Field(0.1, ge=0, lt=1, description="dropped share inside each cell")

    def __init__(self, in_dim: int, config: Config) -> None:
        super().__init__(in_dim, config)
        widths = [in_dim, *config.dims]
        self.cells = nn.Sequential(*(_Cell(a, b, config.dropout) for a, b in pairwise(widths)))
        self.out_dim = widths[-1]

    def forward(self, embedding: Tensor) -> Tensor:
        """``(B, in_dim) -> (B, dims[-1])``."""
        return self.cells(embedding)


class _Cell(nn.Module):
    def __init__(self, in_dim: int, out_dim: int, dropout: float) -> None:
        super().__init__()
        self.enter = nn.Linear(in_dim, out_dim)
        self.change = nn.Sequential(nn.GELU(), nn.Linear(out_dim, out_dim), nn.Dropout(dropout))
        self.norm = nn.LayerNorm(out_dim)

    def forward(self, x: Tensor) -> Tensor:
        entered = self.enter(x)
        return self.norm(entered + self.change(entered))


class MlpProjector(Projector):
    """A plain multi-layer perceptron with GELU between layers."""

    class Config(Projector.Config):
        dims: tuple[int, ...] = Field((512, 256), min_length=1, description="width of each layer")
        dropout: float = Field(0.0, ge=0, lt=1, description="dropped share between layers")

    def __init__(self, in_dim: int, config: Config) -> None:
        super().__init__(in_dim, config)
        widths = [in_dim, *config.dims]
        layers: list[nn.Module] = []
        for a, b in pairwise(widths):
            layers += [nn.Linear(a, b), nn.GELU(), nn.Dropout(config.dropout)]
        self.layers = nn.Sequential(*layers[:-2])
        self.out_dim = widths[-1]

    def forward(self, embedding: Tensor) -> Tensor:
        """``(B, in_dim) -> (B, dims[-1])``."""
        return self.layers(embedding)
