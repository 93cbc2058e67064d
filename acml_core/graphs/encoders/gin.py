"""The paper's graph encoder: GIN over atomic number and chirality, bond type and direction.

Wang et al., arXiv 2311.06456: 5 layers, 64 dimensions, sum pooling, no residuals, dropout 0.2.
A bond joins the message by plain addition, and every atom sends itself a message along a bond type
of its own (Hu et al., arXiv 1905.12265).
"""

from __future__ import annotations

from pydantic import Field
from torch import Tensor, nn
from torch_geometric.nn import GINConv

from acml_core.graphs.encoders.base import Jumping, MessagePassingEncoder, Pooling
from acml_core.graphs.packed import GraphBatch


class Gin(MessagePassingEncoder):
    """``x_v <- MLP(x_v + e_self + sum_u (x_u + e_uv))``."""

    class Config(MessagePassingEncoder.Config):
        dim: int = Field(64, ge=8, description="length of node and graph embeddings")
        dropout: float = Field(0.2, ge=0, lt=1, description="dropped share after each layer")
        pooling: Pooling = Field("sum", description="atoms to molecule: sum, mean, max, attention")
        jumping: Jumping = Field("last", description="layers to node: last, sum, max, concat")
        residual: bool = Field(False, description="add each layer's input to its output")
        pool_width: int | None = Field(
            None,
            ge=8,
            description="width of the atoms' vectors while they are pooled; None for dim",
        )

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.self_bonds = nn.ParameterList(
            nn.Parameter(bonds.tables[0].new_zeros(config.dim).normal_(std=0.1))  # type: ignore
            for bonds in self.bonds
        )

    def conv(self) -> nn.Module:
        dim = self.config.dim
        return GINConv(nn.Sequential(nn.Linear(dim, 2 * dim), nn.ReLU(), nn.Linear(2 * dim, dim)))

    def atom_features(self) -> tuple[str, ...]:
        return ("element", "chirality")

    def bond_features(self) -> tuple[str, ...]:
        return ("type", "direction")

    def convolve(self, layer: int, h: Tensor, edges: Tensor, batch: GraphBatch) -> Tensor:
        # The sum over u of e_uv does not depend on x, so GINConv needs no bond argument: it is added
        # to the atom's own term, which GINConv (eps = 0) adds to the neighbours' sum.
        bond_sum = h.new_zeros(h.shape).index_add(0, batch.edge_index[1], edges.to(h.dtype))
        own = h + bond_sum + self.self_bonds[layer]
        return self.convs[layer]((h, own), batch.edge_index)
