"""Hard negatives: batches in which molecules that the graph encoder finds alike stand together.

In a random batch almost every negative is easy, and late in training teaches nothing. The graph
embeddings that training computes anyway are remembered; before each epoch random projections split
the molecules in halves, again and again, until groups of a few neighbours are left, and a batch is
made of such groups. It costs one pass over the remembered embeddings an epoch.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize


class Neighbours:
    """The last graph embedding of each molecule, and orders in which neighbours are together.

    Args:
        n_molecules: of the data set.
        group: most molecules in a group of neighbours; 0 for random order always.
        from_epoch: epochs before this one are in random order: there is nothing to remember yet.
        formula: ``(n_molecules,)`` numbers, equal for isomers: these stand together before all
            others; None to go by the embeddings alone.
    """

    def __init__(
        self,
        n_molecules: int,
        group: int,
        from_epoch: int,
        formula: np.ndarray | None = None,
    ) -> None:
        self.group = group
        self.formula = formula
        self.from_epoch = from_epoch
        self.memory: Tensor | None = None
        self._n_molecules = n_molecules

    def remember(self, molecules: np.ndarray, graph: Tensor) -> None:
        """Keep the embeddings ``(B, d)`` of a training batch."""
        if not self.group:
            return
        vectors = normalize(graph.detach().float(), dim=-1).cpu()
        if self.memory is None:
            self.memory = torch.zeros(self._n_molecules, vectors.shape[1])
        self.memory[torch.from_numpy(molecules)] = vectors

    def order(self, molecules: np.ndarray, epoch: int, rng: np.random.Generator) -> np.ndarray:
        """The molecules in the order in which batches take them."""
        shuffled = rng.permutation(molecules)
        if not self.group or self.memory is None or epoch < self.from_epoch:
            return shuffled
        groups, others = self._isomers(shuffled)
        if len(others):
            groups += self._split(others, self.memory, rng)
        return np.concatenate([groups[i] for i in rng.permutation(len(groups))])

    def _isomers(self, molecules: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """Groups of isomers, and the molecules that have none."""
        if self.formula is None:
            return [], molecules
        formula = self.formula[molecules]
        order = np.argsort(formula, kind="stable")
        edges = np.flatnonzero(np.diff(formula[order])) + 1
        groups: list[np.ndarray] = []
        alone: list[np.ndarray] = []
        for same in np.split(molecules[order], edges):
            parts = np.array_split(same, -(-len(same) // self.group))
            (groups if len(same) > 1 else alone).extend(parts)
        return groups, np.concatenate(alone) if alone else molecules[:0]

    def _split(
        self, molecules: np.ndarray, memory: Tensor, rng: np.random.Generator
    ) -> list[np.ndarray]:
        if len(molecules) <= self.group:
            return [molecules]
        # the line through two members separates better than a direction drawn at random
        a, b = molecules[rng.integers(len(molecules), size=2)]
        place = memory[torch.from_numpy(molecules)] @ (memory[a] - memory[b])
        ordered = molecules[np.argsort(place.numpy(), kind="stable")]
        half = len(ordered) // 2
        return self._split(ordered[:half], memory, rng) + self._split(ordered[half:], memory, rng)
