"""How far a molecule is from those that a predictor has learnt from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

FAR_QUANTILE = 0.95
"""A molecule further from the training molecules than this share of the validation ones is flagged:
the figures of validation say nothing of it."""

LEAST_SPREAD = 1e-6
ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class Domain:
    """Training molecules in the space of readouts, see ``acml_core.property.readout``.

    Distances are cosine distances of standardised readouts: 0 for the same molecule, about 1 for
    one that has nothing in common with the nearest.

    Attributes:
        centre, spread: (d,) of the training molecules' readouts.
        reference: (n, d) float16, theirs, standardised and of length 1.
    """

    centre: np.ndarray
    spread: np.ndarray
    reference: np.ndarray

    @classmethod
    def around(cls, readouts: np.ndarray) -> Domain:
        """Of training molecules ``(n, d)``."""
        spread = readouts.std(0)
        plain = cls(
            readouts.mean(0), np.where(spread > LEAST_SPREAD, spread, 1.0), np.zeros((0, 0))
        )
        return cls(plain.centre, plain.spread, plain._unit(readouts).astype(np.float16))

    def distances(self, readouts: np.ndarray) -> np.ndarray:
        """``(n,)`` to the nearest training molecule."""
        found = np.ones(len(readouts))
        reference = self.reference.astype(np.float32).T
        for start in range(0, len(readouts), ROWS_AT_ONCE):
            some = self._unit(readouts[start : start + ROWS_AT_ONCE])
            found[start : start + len(some)] = 1.0 - (some @ reference).max(axis=1)
        return np.maximum(found, 0.0)

    def _unit(self, readouts: np.ndarray) -> np.ndarray:
        scaled = (readouts - self.centre) / self.spread
        length = np.linalg.norm(scaled, axis=1, keepdims=True)
        return np.asarray(scaled / np.maximum(length, 1e-12), dtype=np.float32)

    def tensors(self) -> dict[str, Tensor]:
        """The arrays by name."""
        return {
            name: torch.from_numpy(getattr(self, name))
            for name in ("centre", "spread", "reference")
        }

    @classmethod
    def of(cls, tensors: dict[str, Tensor]) -> Domain:
        """From what ``tensors`` gave.

        Raises:
            KeyError: an array is missing.
        """
        return cls(*(tensors[name].numpy() for name in ("centre", "spread", "reference")))
