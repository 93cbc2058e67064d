"""Which molecules and which of their measurements make the next batch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from acml_core.data.dataset import Measured


class SignalsOf:
    """The measurements of each molecule, as flat arrays: draws one without a Python loop."""

    def __init__(self, measured: Measured, n_molecules: int) -> None:
        self._order = np.argsort(measured.molecule, kind="stable")
        self._count = np.bincount(measured.molecule, minlength=n_molecules)
        self._first = np.cumsum(self._count) - self._count

    def has(self, molecules: np.ndarray) -> np.ndarray:
        """``(n,)`` bool: whether each molecule was measured."""
        return self._count[molecules] > 0

    def draw(self, molecules: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """One random measurement of each molecule, all of which have one: ``(n,)`` int64."""
        which = (rng.random(len(molecules)) * self._count[molecules]).astype(np.int64)
        return self._order[self._first[molecules] + which]


def batches(order: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Molecules in the given order, ``size`` at a time; a last batch of one joins the one before."""
    edges = list(range(0, len(order), size))
    if len(edges) > 1 and len(order) - edges[-1] < 2:
        edges.pop()
    for i, start in enumerate(edges):
        stop = edges[i + 1] if i + 1 < len(edges) else len(order)
        yield order[start:stop]
