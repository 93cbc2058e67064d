"""Ranks of true answers among candidates. Ties count against the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from acml_core.library.score import scores

Filter = Literal["none", "mass", "formula"]


@dataclass(frozen=True)
class Side:
    """One side of a retrieval: vectors and what is known of the molecule behind each.

    Attributes:
        vectors: (n, p) float32.
        molecule: (n,) int64, equal numbers for equal molecules on both sides.
        formula: (n,) int64 codes, equal for equal formulas on both sides.
        mass: (n,) float64 [Da].
    """

    vectors: Tensor
    molecule: np.ndarray
    formula: np.ndarray
    mass: np.ndarray

    def __len__(self) -> int:
        return len(self.molecule)

    def take(self, index: np.ndarray) -> Side:
        """Some of the rows."""
        return Side(
            self.vectors[torch.from_numpy(index)],
            self.molecule[index],
            self.formula[index],
            self.mass[index],
        )


@dataclass(frozen=True)
class Ranks:
    """For each query: rank of the best true entry (1 is first), and number of candidates.

    Entries of the query's own molecule other than the best one are not counted as rivals.
    """

    rank: np.ndarray
    candidates: np.ndarray


def rank(queries: Side, gallery: Side, *, filter: Filter = "none", mass_ppm: float = 10.0) -> Ranks:
    """Rank every query's own molecule among the gallery's entries.

    Args:
        filter: candidates: all; within ``mass_ppm`` of the query molecule's exact mass; or of its
            formula. The true molecule always passes, since its mass and formula are the query's.
        mass_ppm: half width of the mass window [ppm].

    Raises:
        ValueError: a query's molecule is not in the gallery.
    """
    true_rank = np.zeros(len(queries), dtype=np.int64)
    n_candidates = np.zeros(len(queries), dtype=np.int64)
    columns = {
        "molecule": torch.from_numpy(gallery.molecule),
        "formula": torch.from_numpy(gallery.formula),
        "mass": torch.from_numpy(gallery.mass),
    }
    for rows, block in scores(queries.vectors, gallery.vectors):
        own = columns["molecule"][None] == torch.from_numpy(queries.molecule[rows])[:, None]
        if not bool(own.any(1).all()):
            raise ValueError("a query's molecule is not in the gallery")
        if filter == "formula":
            allowed = columns["formula"][None] == torch.from_numpy(queries.formula[rows])[:, None]
        elif filter == "mass":
            mass = torch.from_numpy(queries.mass[rows])[:, None]
            allowed = (columns["mass"][None] - mass).abs() <= mass * mass_ppm * 1e-6
        else:
            allowed = torch.ones_like(own)
        best = block.masked_fill(~own, -torch.inf).amax(1, keepdim=True)
        # not (rival < best) also counts a NaN score against the model
        rivals = ~(block < best) & allowed & ~own
        true_rank[rows] = 1 + rivals.sum(1).numpy()
        n_candidates[rows] = (allowed & ~own).sum(1).numpy() + 1
    return Ranks(true_rank, n_candidates)
