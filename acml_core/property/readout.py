"""What a head sees of a molecule: the graph embedding, and its atoms' embeddings pooled three ways.

Alignment with a measurement lets the graph embedding keep what that measurement shows and no more. The
atoms' embeddings hold more of the molecule, and properties need it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.nn import global_add_pool, global_max_pool, global_mean_pool

from acml_core.graphs.encoders.base import TYPICAL_ATOMS
from acml_core.graphs.packed import GraphBatch, PackedGraphs
from acml_core.model import INFERENCE_BATCH

POOLS = 4
"""Vectors of the encoder's ``dim`` that are put side by side."""


def readout(encoder: nn.Module, batch: GraphBatch) -> Tensor:
    """Graph embedding, sum, mean and maximum over atoms: ``(B, POOLS * dim)``."""
    node, graph = encoder(batch)
    size = batch.num_graphs
    total = global_add_pool(node, batch.batch, size) / TYPICAL_ATOMS
    mean = global_mean_pool(node, batch.batch, size)
    return torch.cat([graph, total, mean, global_max_pool(node, batch.batch, size)], dim=1)


@torch.inference_mode()
def read_out(encoder: nn.Module, graphs: PackedGraphs) -> np.ndarray:
    """The same of all molecules, by an encoder in eval mode: ``(n, POOLS * dim)`` float32."""
    device = next(encoder.parameters()).device
    out = [np.zeros((0, POOLS * int(encoder.dim)), dtype=np.float32)]  # type: ignore[arg-type]
    for start in range(0, len(graphs), INFERENCE_BATCH):
        numbers = np.arange(start, min(start + INFERENCE_BATCH, len(graphs)))
        found = readout(encoder, graphs.batch(numbers).to(device))
        out.append(found.float().cpu().numpy())
    return np.concatenate(out)
