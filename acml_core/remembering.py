"""Vectors of molecules that were encoded before, by structure.

An evaluation ranks the same molecules in many galleries; encoding them is most of its time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from acml_core.graphs.packed import PackedGraphs

Encode = Callable[[PackedGraphs, Sequence[str], np.ndarray], Mapping[str, Tensor]]
"""Molecules of these numbers to vectors ``(n, p)`` by modality."""


class Remembered:
    """Vectors by modality and canonical SMILES."""

    def __init__(self) -> None:
        self._row: dict[str, dict[str, int]] = {}
        self._vectors: dict[str, Tensor] = {}

    def encode(
        self, encode: Encode, graphs: PackedGraphs, modalities: Sequence[str], index: np.ndarray
    ) -> dict[str, Tensor]:
        """``encode(graphs, modalities, index)``, whose new molecules alone are encoded."""
        smiles = graphs.smiles[index]
        known = [self._row.setdefault(name, {}) for name in modalities]
        new: dict[str, int] = {}
        for number, text in zip(index.tolist(), smiles, strict=True):
            if any(text not in row for row in known):
                new.setdefault(text, number)
        made = encode(graphs, modalities, np.fromiter(new.values(), dtype=np.int64, count=len(new)))
        found = {}
        for name, row in zip(modalities, known, strict=True):
            before = self._vectors.get(name)
            start = 0 if before is None else len(before)
            row.update(zip(new, range(start, start + len(new)), strict=True))
            self._vectors[name] = made[name] if before is None else torch.cat([before, made[name]])
            places = np.fromiter((row[text] for text in smiles), dtype=np.int64, count=len(smiles))
            found[name] = self._vectors[name][torch.from_numpy(places)]
        return found
