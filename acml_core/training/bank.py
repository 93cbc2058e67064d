"""Negatives beyond the batch: projected graph embeddings of the last molecules, as they were.

A batch holds a few hundred molecules, a library hundreds of thousands: what ranks first in the one is
far from first in the other. The graph projections of the last steps stand beside each batch as further
negatives of its measurements (cross-batch memory, Wang et al., arXiv 1912.06798). They have no
gradient. Only the last ones serve: while the graph encoder learns, older ones are where nothing is any
more, and a model told to keep away from there learns to drift.
"""

from __future__ import annotations

import torch
from torch import Tensor


class Bank:
    """The projections of one modality's graph side that were computed last.

    Attributes:
        z: (n, p), no more than ``size``, the oldest first.
        molecules: (n,) int64 numbers of their molecules.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.z = torch.zeros(0, 0)
        self.molecules = torch.zeros(0, dtype=torch.int64)

    def __len__(self) -> int:
        return len(self.molecules)

    def remember(self, molecules: Tensor, z: Tensor) -> None:
        """Add the projections ``(B, p)`` of a step's molecules ``(B,)``, and forget the oldest."""
        z = z.detach().float()
        if len(self):
            z, molecules = torch.cat([self.z, z]), torch.cat([self.molecules, molecules])
        self.z, self.molecules = z[-self.size :].clone(), molecules[-self.size :].clone()

    def state(self) -> dict[str, Tensor]:
        """For a checkpoint."""
        return {"z": self.z, "molecules": self.molecules}

    def restore(self, state: dict[str, Tensor], device: torch.device) -> None:
        """Go on with what ``state`` gave."""
        self.z, self.molecules = state["z"].to(device), state["molecules"].to(device)
