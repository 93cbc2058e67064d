"""GINE: graph isomorphism network with bond features, the default graph encoder.

Hu et al., Strategies for Pre-training Graph Neural Networks, arXiv 1905.12265. The convolution is that
of torch-geometric's ``GINEConv``, number for number and under the same parameter names, but made
here: a search would spend most of its time on importing torch-geometric.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor, nn

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
        return GineConv(mlp)


class GineConv(nn.Module):
    """One convolution: ``nn((1 + eps) x_v + sum_u relu(x_u + e_uv))``, eps learnt from 0."""

    def __init__(self, mlp: nn.Module) -> None:
        super().__init__()
        self.nn = mlp
        self.eps = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, edge_index: Tensor, edge_attr: Tensor) -> Tensor:
        """Atoms ``(V, d)``, bonds ``(2, 2E)`` and their embeddings ``(2E, d)`` to ``(V, d)``."""
        source, target = edge_index
        # index_select and index_add: several times faster on a CPU than x[source] and scatter_add
        message = (x.index_select(0, source) + edge_attr).relu_()
        gathered = message.new_zeros(x.shape).index_add(0, target, message)
        return self.nn(gathered + (1 + self.eps) * x)
