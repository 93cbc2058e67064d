"""13C and 1H chemical shifts of every atom, from the molecular graph alone.

A graph network as ``acml_core`` builds them; every atom's vector gives, for its own carbon and for
the hydrogens that it bears, the centre and the width of a Laplace distribution of the shift. No
conformer is made, so thousands of molecules a second are predicted; what depends on conformation or
solvent is in the width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from acml_core.components import Choice, graph_encoders, make
from acml_core.graphs.packed import GraphBatch

GRAPH = Choice(name="gine", dim=160, layers=6, jumping="concat", pool_width=None)
CENTRE_PPM = (90.0, 4.0)
SPREAD_PPM = (50.0, 2.5)
"""Middle and spread of the shifts of 13C and 1H: outputs are made near zero and one by them."""

SCALE_RANGE_PPM = ((0.3, 15.0), (0.03, 1.5))
"""Least and greatest width that the network may state, 13C and 1H."""


class ShiftNetwork(nn.Module):
    """Batch of graphs to ``(centre, scale)``, each ``(V, 2)`` [ppm]; columns 13C and 1H.

    The value for 13C means something at carbon atoms only, that for 1H at atoms that bear hydrogen,
    where it is the mean over these hydrogens.
    """

    centre: Tensor
    spread: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, graph: Choice = GRAPH, dropout: float = 0.0) -> None:
        super().__init__()
        self.graph = make(graph_encoders, graph)
        dim = self.graph.dim
        self.head = nn.Sequential(
            nn.LayerNorm(dim),
            nn.Linear(dim, dim),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(dim, 4),
        )
        for name, values in (
            ("centre", CENTRE_PPM),
            ("spread", SPREAD_PPM),
            ("low", [low for low, _ in SCALE_RANGE_PPM]),
            ("high", [high for _, high in SCALE_RANGE_PPM]),
        ):
            self.register_buffer(name, torch.tensor(values), persistent=False)

    def forward(self, batch: GraphBatch) -> tuple[Tensor, Tensor]:
        """``centre`` and ``scale``, each ``(V, 2)`` float32 [ppm]."""
        node, _ = self.graph(batch)
        out = self.head(node)
        centre = self.centre + self.spread * out[:, :2]
        share = torch.sigmoid(out[:, 2:] - 2.0)
        scale = self.low * (self.high / self.low) ** share
        return centre, scale
