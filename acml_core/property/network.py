"""What turns a molecule's readout into properties, and the network of encoder and head."""

from __future__ import annotations

import copy
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from acml_core.graphs.packed import GraphBatch, PackedGraphs
from acml_core.model import INFERENCE_BATCH
from acml_core.property.readout import readout
from acml_core.semantics.probes import FURTHEST

Kind = Literal["mlp", "linear"]

HEAD_WIDTH = 256


class Standardise(nn.Module):
    """Readouts less their mean, by their deviation, cut off where ``probes.Scale`` cuts them off.

    Args:
        dim: length of the readout; the statistics are set, not learnt.
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(dim))
        self.register_buffer("spread", torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        return ((x - self.centre) / self.spread).clamp(-FURTHEST, FURTHEST)


class Head(nn.Module):
    """Readout ``(B, d)`` to raw outputs ``(B, T)``: logits of classes, or scaled values.

    Args:
        kind: ``mlp``: a normalised readout, then two layers; ``linear``: a standardised one, and
            one layer.
        dim: length d of the readout.
        targets: outputs T.
        dropout: before each layer of an ``mlp``.
    """

    def __init__(self, kind: Kind, dim: int, targets: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.targets = targets
        self.last = nn.Linear(dim if kind == "linear" else HEAD_WIDTH, targets)
        self.first = (
            Standardise(dim)
            if kind == "linear"
            else nn.Sequential(
                nn.LayerNorm(dim, elementwise_affine=False),  # sums grow with the molecule
                nn.Dropout(dropout),
                nn.Linear(dim, HEAD_WIDTH),
                nn.ReLU(),
                nn.Dropout(dropout),
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.first(x))

    @torch.inference_mode()
    def raw(self, x: np.ndarray) -> np.ndarray:
        """``(n, T)`` from readouts ``(n, d)``, in eval mode."""
        self.eval()
        device = self.last.weight.device
        return np.asarray(self(torch.from_numpy(x).to(device)).float().cpu().numpy())


class PropertyNetwork(nn.Module):
    """Graph encoder and head.

    Args:
        encoder: taken over as a copy.
        head: takes readouts of the encoder.
    """

    def __init__(self, encoder: nn.Module, head: Head) -> None:
        super().__init__()
        self.encoder = copy.deepcopy(encoder)
        self.head = head

    def forward(self, batch: GraphBatch) -> Tensor:
        """Raw outputs ``(B, T)``."""
        return self.head(readout(self.encoder, batch))


@torch.inference_mode()
def outputs(network: PropertyNetwork, graphs: PackedGraphs, index: np.ndarray) -> np.ndarray:
    """Raw outputs of molecules: ``(n, T)`` float32."""
    network.eval()
    device = next(network.parameters()).device
    found = [np.zeros((0, network.head.targets), np.float32)]
    for start in range(0, len(index), INFERENCE_BATCH):
        batch = graphs.batch(index[start : start + INFERENCE_BATCH]).to(device)
        found.append(network(batch).float().cpu().numpy())
    return np.concatenate(found)
