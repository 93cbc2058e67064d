"""Negatives beyond the batch: projected graph embeddings of other molecules, remembered as they were.

A batch holds a few hundred molecules, a library hundreds of thousands: what ranks first in the one is
far from first in the other. The graph projections of all training molecules are computed once before
training and replaced whenever a step computes them anew; each step draws some of them as further
negatives of its measurements (cross-batch memory, Wang et al., arXiv 1912.06798). They have no
gradient, and are at most an epoch old: the graph encoder has hardly moved since.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


class Bank:
    """Projections of one modality's graph side, and draws from them.

    Args:
        molecules: (n,) that may serve as negatives: training molecules.
        z: (n, p) their projections.
        size: projections that a step draws; all of them where there are no more.
    """

    def __init__(self, molecules: np.ndarray, z: Tensor, size: int) -> None:
        self.molecules = torch.from_numpy(molecules).to(z.device)
        self.z = z
        self._order = np.argsort(molecules)
        self._sorted = molecules[self._order]
        self._size = size

    def draw(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """``(size, p)`` projections and ``(size,)`` numbers of their molecules."""
        n = len(self.molecules)
        if self._size >= n:
            return self.z, self.molecules
        rows = torch.from_numpy(rng.integers(n, size=self._size)).to(self.z.device)
        return self.z[rows], self.molecules[rows]

    def remember(self, molecules: np.ndarray, z: Tensor) -> None:
        """Replace the projections of a step's molecules."""
        rows = torch.from_numpy(self._order[np.searchsorted(self._sorted, molecules)])
        self.z[rows.to(self.z.device)] = z.detach().to(self.z.dtype)
