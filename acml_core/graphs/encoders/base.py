"""What every graph encoder shares: its interface, layer loop, jumping knowledge and pooling."""

from __future__ import annotations

from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from acml_core.config import Settings
from acml_core.graphs.encoders.embed import AtomEmbedding, BondEmbedding
from acml_core.graphs.packed import GraphBatch
from acml_core.waves import frequencies, sinusoids

Pooling = Literal["sum", "mean", "max", "attention"]
Jumping = Literal["last", "sum", "max", "concat"]

TYPICAL_ATOMS = 16.0
"""Heavy atoms of a usual molecule. Sums over atoms are divided by it, so that they start near 1."""


class GraphEncoder(nn.Module):
    """Interface: ``forward(batch) -> (node (V, dim), graph (B, dim))``, both float32.

    ``V`` is the number of atoms and ``B`` of molecules in the batch. A third party's encoder
    subclasses this, takes its ``Config`` and sets ``dim``.
    """

    class Config(Settings):
        """Settings of the encoder."""

    dim: int

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config

    def forward(self, batch: GraphBatch) -> tuple[Tensor, Tensor]:
        raise NotImplementedError(f"{type(self).__name__} must implement forward(batch)")


class MessagePassingEncoder(GraphEncoder):
    """A stack of convolutions with batch norm, residuals and a readout.

    Subclasses make one convolution a layer in ``conv``.
    """

    class Config(GraphEncoder.Config):
        dim: int = Field(256, ge=8, description="length of node and graph embeddings")
        layers: int = Field(5, ge=1, description="number of convolutions; the paper's 5")
        dropout: float = Field(0.0, ge=0, lt=1, description="dropped share after each layer")
        pooling: Pooling = Field("sum", description="atoms to molecule: sum, mean, max, attention")
        jumping: Jumping = Field("last", description="layers to node: last, sum, max, concat")
        residual: bool = Field(True, description="add each layer's input to its output")
        pool_width: int | None = Field(
            512, ge=8, description="width of the atoms' vectors while they are pooled; None for dim"
        )
        mass_waves: int = Field(
            0,
            ge=0,
            description="wavelengths in which the exact mass enters the molecule's embedding, for"
            " measurements that weigh molecules; 0 for none",
        )

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.dim = config.dim
        self.atoms = AtomEmbedding(config.dim, self.atom_features())
        self.bonds = nn.ModuleList(
            BondEmbedding(config.dim, self.bond_features()) for _ in range(config.layers)
        )
        self.convs = nn.ModuleList(self.conv() for _ in range(config.layers))
        self.norms = nn.ModuleList(nn.BatchNorm1d(config.dim) for _ in range(config.layers))
        if config.jumping == "concat":
            self.jump: nn.Module = nn.Linear((config.layers + 1) * config.dim, config.dim)
        width = config.pool_width or config.dim
        # A molecule holds more than one atom's vector can: atoms are widened before they are summed.
        self.widen = (
            nn.Sequential(nn.Linear(config.dim, width), nn.ReLU())
            if config.pool_width
            else nn.Identity()
        )
        self.pool = Pool(config.pooling, width)
        self.readout = nn.Sequential(
            nn.Linear(width, config.dim), nn.GELU(), nn.Linear(config.dim, config.dim)
        )
        self.mass = MassWaves(config.dim, config.mass_waves) if config.mass_waves else None

    def conv(self) -> nn.Module:
        """One convolution: ``(x, edge_index, edge_attr) -> x``, all of width ``config.dim``."""
        raise NotImplementedError

    def atom_features(self) -> tuple[str, ...] | None:
        """Names of the atom features used; None for all."""
        return None

    def bond_features(self) -> tuple[str, ...] | None:
        """Names of the bond features used; None for all."""
        return None

    def convolve(self, layer: int, h: Tensor, edges: Tensor, batch: GraphBatch) -> Tensor:
        """Apply one convolution. ``edges`` are this layer's bond embeddings ``(2E, dim)``."""
        return self.convs[layer](h, batch.edge_index, edges)

    def forward(self, batch: GraphBatch) -> tuple[Tensor, Tensor]:
        """``(node (V, dim), graph (B, dim))``."""
        config = self.config
        h = self.atoms(batch.x)
        states = [h]
        for layer, norm in enumerate(self.norms):
            out = norm(self.convolve(layer, h, self.bonds[layer](batch.edge_attr), batch))
            if layer < config.layers - 1:  # the last layer stays signed, as in GIN's reference
                out = torch.relu(out)
            out = nn.functional.dropout(out, config.dropout, self.training)
            h = h + out if config.residual else out
            states.append(h)
        node = self._jump(states)
        graph = self.readout(self.pool(self.widen(node), batch))
        return node, graph if self.mass is None else graph + self.mass(batch.mass)

    def _jump(self, states: list[Tensor]) -> Tensor:
        match self.config.jumping:
            case "last":
                return states[-1]
            case "sum":
                return torch.stack(states).sum(0)
            case "max":
                return torch.stack(states).amax(0)
            case _:
                return self.jump(torch.cat(states, dim=-1))


class MassWaves(nn.Module):
    """Exact masses [Da] ``(B,)`` to ``(B, dim)``: linear in sines and cosines of many wavelengths.

    A network cannot compute an exact mass from its atoms to the millidalton that a mass spectrometer
    tells; and linear, so that the product with a measured mass's sines and cosines peaks where the
    two masses agree.
    """

    waves: Tensor

    def __init__(self, dim: int, count: int) -> None:
        super().__init__()
        self.register_buffer("waves", frequencies(count), persistent=False)
        self.linear = nn.Linear(2 * count, dim)

    def forward(self, mass: Tensor) -> Tensor:
        return self.linear(sinusoids(mass, self.waves))


class Pool(nn.Module):
    """Atoms to molecules: ``(V, d) -> (B, d)``."""

    def __init__(self, kind: Pooling, dim: int) -> None:
        super().__init__()
        self.kind = kind
        if kind == "attention":
            from torch_geometric.nn.aggr import AttentionalAggregation  # seconds: only where used

            self.attention = AttentionalAggregation(nn.Linear(dim, 1))

    def forward(self, node: Tensor, batch: GraphBatch) -> Tensor:
        if self.kind == "attention":
            return self.attention(node, batch.batch, dim_size=batch.num_graphs)
        empty = node.new_zeros(batch.num_graphs, node.shape[1])
        if self.kind == "max":
            index = batch.batch[:, None].expand_as(node)
            return empty.scatter_reduce(0, index, node, "amax", include_self=False)
        total = empty.index_add(0, batch.batch, node)
        if self.kind == "sum":
            return total / TYPICAL_ATOMS
        return total / batch.ptr.diff().clamp(min=1)[:, None]
