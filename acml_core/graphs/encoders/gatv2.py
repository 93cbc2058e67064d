"""GATv2: attention over bonds. Brody et al., arXiv 2105.14491; torch-geometric's ``GATv2Conv``."""

from __future__ import annotations

from pydantic import Field, model_validator
from torch import nn
from torch_geometric.nn import GATv2Conv

from acml_core.graphs.encoders.base import MessagePassingEncoder


class Gatv2(MessagePassingEncoder):
    """Multi-head attention of each atom over its neighbours, bond features in the scores."""

    class Config(MessagePassingEncoder.Config):
        heads: int = Field(4, ge=1, description="attention heads; dim must be a multiple")

        @model_validator(mode="after")
        def _heads_divide_dim(self) -> Gatv2.Config:
            if self.dim % self.heads:
                raise ValueError(f"dim = {self.dim} is not a multiple of heads = {self.heads}")
            return self

    def conv(self) -> nn.Module:
        dim, heads = self.config.dim, self.config.heads
        return GATv2Conv(dim, dim // heads, heads=heads, edge_dim=dim, add_self_loops=True)
