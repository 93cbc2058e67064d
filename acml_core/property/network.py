"""A graph encoder with a head for properties."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn

from acml_core.graphs.packed import GraphBatch, PackedGraphs
from acml_core.model import INFERENCE_BATCH

HEAD_WIDTH = 256


class PropertyNetwork(nn.Module):
    """Graph encoder, then a normalised embedding, then an MLP.

    Args:
        encoder: taken over as a copy; its ``dim`` is the embedding's length.
        targets: outputs.
        dropout: before each layer of the head.
    """

    def __init__(self, encoder: nn.Module, targets: int, dropout: float) -> None:
        super().__init__()
        self.encoder = copy.deepcopy(encoder)
        dim = int(encoder.dim)  # type: ignore[arg-type]
        self.targets = targets
        self.head = nn.Sequential(
            nn.LayerNorm(dim, elementwise_affine=False),  # sums over atoms grow with the molecule
            nn.Dropout(dropout),
            nn.Linear(dim, HEAD_WIDTH),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(HEAD_WIDTH, targets),
        )

    def forward(self, batch: GraphBatch) -> Tensor:
        """``(B, T)``: logits of classes, or scaled values."""
        _, graph = self.encoder(batch)
        return self.head(graph)


@torch.inference_mode()
def outputs(network: PropertyNetwork, graphs: PackedGraphs, index: np.ndarray) -> np.ndarray:
    """Raw outputs of molecules: ``(n, T)`` float32."""
    network.eval()
    device = next(network.parameters()).device
    found = [
        network(graphs.batch(index[i : i + INFERENCE_BATCH]).to(device)).float().cpu().numpy()
        for i in range(0, len(index), INFERENCE_BATCH)
    ]
    return np.concatenate(found) if found else np.zeros((0, network.targets), np.float32)


@torch.inference_mode()
def embeddings(encoder: nn.Module, graphs: PackedGraphs) -> np.ndarray:
    """Frozen graph embeddings: ``(n, d)`` float32."""
    encoder.eval()
    device = next(encoder.parameters()).device
    found = []
    for i in range(0, len(graphs), INFERENCE_BATCH):
        index = np.arange(i, min(i + INFERENCE_BATCH, len(graphs)))
        found.append(encoder(graphs.batch(index).to(device))[1].float().cpu().numpy())
    return np.concatenate(found)
