"""Retrieval against galleries of growing size: decoys drawn from a library, the answer always there.

The galleries are nested: the first 100 decoys are among the first 1,000. A query's own molecule takes
the place of a decoy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from acml_core.evaluation import metrics
from acml_core.evaluation.ranking import Side
from acml_core.library.score import scores


def by_size(
    queries: Side, own: Side, decoys: Side, sizes: Sequence[int], *, seed: int = 0
) -> list[dict[str, Any]]:
    """Recall at several numbers of candidates, measurement finds molecule.

    Args:
        own: the queries' molecules, each once.
        decoys: other molecules; those of the queries are passed over.
        sizes: numbers of candidates, the answer included; larger ones than there are molecules
            become all of them.

    Returns:
        rows of ``candidates``, ``modality_to_graph``, ``random`` and ``spectrum_blind``.
    """
    rng = np.random.default_rng(seed)
    fresh = np.flatnonzero(~np.isin(decoys.molecule, own.molecule))
    order = rng.permutation(fresh)
    wanted = sorted({min(size, len(order) + 1) for size in sizes})
    order = order[: wanted[-1] - 1]
    place = {int(molecule): i for i, molecule in enumerate(own.molecule)}
    true = own.vectors[torch.tensor([place[int(m)] for m in queries.molecule])]
    rivals = decoys.vectors[torch.from_numpy(order)]
    mean = queries.vectors.mean(0, keepdim=True)
    found = _better(queries.vectors, true, rivals, wanted)
    blind = _better(mean.expand(len(queries), -1), true, rivals, wanted)
    rows = []
    for i, size in enumerate(wanted):
        chance = metrics.of_chance(np.full(len(queries), size))
        rows.append(
            {
                "candidates": size,
                "modality_to_graph": _summary(found[i], queries, seed),
                "random": metrics.summarise(chance, queries.molecule, seed),
                "spectrum_blind": _summary(blind[i], queries, seed),
            }
        )
    return rows


def _summary(better: np.ndarray, queries: Side, seed: int) -> metrics.Row:
    ranks = metrics.Ranks(1 + better, np.zeros_like(better))
    return metrics.summarise(metrics.of_ranks(ranks), queries.molecule, seed)


def _better(
    queries: torch.Tensor, true: torch.Tensor, rivals: torch.Tensor, sizes: Sequence[int]
) -> list[np.ndarray]:
    """By size, the number of decoys that score no less than each query's molecule: ``(Q,)``."""
    counts = [np.zeros(len(queries), dtype=np.int64) for _ in sizes]
    own = (queries.float() * true.float()).sum(1)
    for rows, block in scores(queries, rivals):
        above = block >= own[rows, None]
        before, total = 0, np.zeros(len(block), dtype=np.int64)
        for count, size in zip(counts, sizes, strict=True):
            total = total + above[:, before : size - 1].sum(1).numpy()
            before = size - 1
            count[rows] = total
    return counts
