"""GPS: local convolution and global attention in each layer.

Rampasek et al., arXiv 2205.12454; torch-geometric's ``GPSConv`` around ``GINEConv``.
"""

from __future__ import annotations

from pydantic import Field, model_validator
from torch import Tensor, nn
from torch_geometric.nn import GINEConv, GPSConv

from acml_core.graphs.encoders.base import MessagePassingEncoder
from acml_core.graphs.packed import GraphBatch


class Gps(MessagePassingEncoder):
    """Each atom sees its neighbours by GINE and the whole molecule by attention."""

    class Config(MessagePassingEncoder.Config):
        heads: int = Field(4, ge=1, description="attention heads; dim must be a multiple")

        @model_validator(mode="after")
        def _heads_divide_dim(self) -> Gps.Config:
            if self.dim % self.heads:
                raise ValueError(f"dim = {self.dim} is not a multiple of heads = {self.heads}")
            return self

    def conv(self) -> nn.Module:
        dim = self.config.dim
        mlp = nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, dim))
        return GPSConv(dim, GINEConv(mlp, train_eps=True), heads=self.config.heads)

    def convolve(self, layer: int, h: Tensor, edges: Tensor, batch: GraphBatch) -> Tensor:
        return self.convs[layer](h, batch.edge_index, batch.batch, edge_attr=edges)
