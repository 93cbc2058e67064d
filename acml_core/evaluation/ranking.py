"""Ranks of true answers among candidates. Ties count against the model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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

    def take(self, rows: np.ndarray) -> Ranks:
        """Those of some queries."""
        return Ranks(self.rank[rows], self.candidates[rows])


def rank(queries: Side, gallery: Side, *, filter: Filter = "none", mass_ppm: float = 10.0) -> Ranks:
    """``ranks`` with one filter."""
    return ranks(queries, gallery, [filter], mass_ppm=mass_ppm)[filter]


def ranks(
    queries: Side,
    gallery: Side,
    filters: Sequence[Filter],
    *,
    mass_ppm: float = 10.0,
    blocks: Iterable[tuple[slice, Tensor]] | None = None,
) -> dict[Filter, Ranks]:
    """Rank every query's own molecule among the gallery's entries, under each filter.

    Args:
        filters: candidates: all (``none``); within ``mass_ppm`` of the query molecule's exact mass;
            or of its formula. The true molecule always passes.
        mass_ppm: half width of the mass window [ppm].
        blocks: scores to rank by, some queries at a time, in the form of
            ``acml_core.library.score.scores``; None for the scores of the vectors.

    Raises:
        ValueError: a query's molecule is not in the gallery.
    """
    n = len(queries)
    result = {one: Ranks(np.zeros(n, np.int64), np.zeros(n, np.int64)) for one in filters}
    by_molecule, by_formula = _Sorted(gallery.molecule), _Sorted(gallery.formula)
    by_mass = _Sorted(gallery.mass)
    for rows, block in scores(queries.vectors, gallery.vectors) if blocks is None else blocks:
        size = len(block)
        own = by_molecule.equal(queries.molecule[rows])
        n_own = np.bincount(own.query, minlength=size)
        if not n_own.all():
            raise ValueError("a query's molecule is not in the gallery")
        own_scores = own.take(block)
        best = torch.full((size,), -torch.inf).scatter_reduce(
            0, torch.from_numpy(own.query), own_scores, "amax"
        )

        def not_below(pairs: _Pairs, block: Tensor = block, best: Tensor = best) -> np.ndarray:
            # not (score < best) also counts a NaN against the model
            above = ~(pairs.take(block) < best[torch.from_numpy(pairs.query)])
            return np.bincount(pairs.query, weights=above.numpy(), minlength=len(block))

        for one in filters:
            if one == "none":
                rivals = (~(block < best[:, None])).sum(1).numpy() - not_below(own)
                count = len(gallery) - n_own
            else:
                if one == "formula":
                    pairs = by_formula.equal(queries.formula[rows])
                else:
                    mass = queries.mass[rows]
                    width = mass * mass_ppm * 1e-6
                    pairs = by_mass.between(mass - width, mass + width)
                # An own entry may have another formula: an InChIKey-14 merges protonation states.
                others = gallery.molecule[pairs.entry] != queries.molecule[rows][pairs.query]
                pairs = _Pairs(pairs.query[others], pairs.entry[others])
                rivals = not_below(pairs)
                count = np.bincount(pairs.query, minlength=size)
            result[one].rank[rows] = 1 + rivals
            result[one].candidates[rows] = count + 1
    return result


def allowed(queries: Side, gallery: Side, filter: Filter, mass_ppm: float) -> np.ndarray:
    """``(Q, G)`` bool: which candidates pass a filter; for a few queries at a time."""
    if filter == "formula":
        return np.asarray(queries.formula[:, None] == gallery.formula[None, :])
    mass = queries.mass[:, None]
    return np.asarray(np.abs(gallery.mass[None, :] - mass) <= mass * mass_ppm * 1e-6)


@dataclass(frozen=True)
class _Pairs:
    """Pairs of a query (a row of a block of scores) and an entry of the gallery (a column)."""

    query: np.ndarray
    entry: np.ndarray

    def take(self, block: Tensor) -> Tensor:
        """The pairs' scores."""
        return block[torch.from_numpy(self.query), torch.from_numpy(self.entry)]


class _Sorted:
    """A column of the gallery in order, so that a query's few entries are found without a scan."""

    def __init__(self, values: np.ndarray) -> None:
        self._order = np.argsort(values, kind="stable")
        self._values = np.asarray(values)[self._order]

    def equal(self, wanted: np.ndarray) -> _Pairs:
        """Every entry whose value is the query's."""
        return self.between(wanted, wanted)

    def between(self, low: np.ndarray, high: np.ndarray) -> _Pairs:
        """Every entry with ``low <= value <= high`` of the query."""
        first = np.searchsorted(self._values, low, side="left")
        counts = np.searchsorted(self._values, high, side="right") - first
        query = np.repeat(np.arange(len(low)), counts)
        within = np.arange(len(query)) - np.repeat(np.cumsum(counts) - counts, counts)
        return _Pairs(query, self._order[np.repeat(first, counts) + within])
