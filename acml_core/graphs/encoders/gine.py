"""GINE: graph isomorphism network with bond features, the default graph encoder.

Hu et al., Strategies for Pre-training Graph Neural Networks, arXiv 1905.12265; the convolution is
torch-geometric's ``GINEConv``.
"""

from __future__ import annotations

from pydantic import Field
from torch import nn
from torch_geometric.nn import GINEConv

from acml_core.graphs.encoders.base import MessagePassingEncoder


class Gine(MessagePassingEncoder):
    """``x_v <- MLP((1 + eps) x_v + sum_u relu(x_u + e_uv))`` over all atom and bond features."""

    class Config(MessagePassingEncoder.Config):
        expansion: float = Field(
            1.0, gt=0, description="width of each layer's hidden units, in multiples of dim"
        )

    def conv(self) -> nn.Module:
        dim, hidden = self.config.dim, int(self.config.expansion * self.config.dim)
        mlp = nn.Sequential(
            nn.Linear(dim, hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Linear(hidden, dim),
        )
        return GINEConv(mlp, train_eps=True)
