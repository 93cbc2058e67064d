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
        decoys: further molecules; a query's own one is passed over, those of other queries are not.
        sizes: numbers of candidates, the answer included; larger ones than there are molecules
            become all of them.

    Returns:
        rows of ``candidates``, ``modality_to_graph``, ``random`` and ``spectrum_blind``.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(decoys))
    most = len(decoys) if np.isin(queries.molecule, decoys.molecule).any() else len(decoys) + 1
    wanted = sorted({min(size, most) for size in sizes})
    order = order[: wanted[-1]]
    at = {int(molecule): i for i, molecule in enumerate(decoys.molecule[order])}
    skip = np.array([at.get(int(molecule), len(order)) for molecule in queries.molecule])
    place = {int(molecule): i for i, molecule in enumerate(own.molecule)}
    true = own.vectors[torch.tensor([place[int(m)] for m in queries.molecule])]
    rivals = decoys.vectors[torch.from_numpy(order)]
    mean = queries.vectors.mean(0, keepdim=True)
    found = _better(queries.vectors, true, rivals, skip, wanted)
    blind = _better(mean.expand(len(queries), -1), true, rivals, skip, wanted)
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
    queries: torch.Tensor,
    true: torch.Tensor,
    rivals: torch.Tensor,
    skip: np.ndarray,
    sizes: Sequence[int],
) -> list[np.ndarray]:
    """By size, the number of decoys that score no less than each query's molecule: ``(Q,)``.

    Args:
        skip: (Q,) which of the rivals is the query's own molecule; their number for none. The next
            one takes its place.
    """
    counts = [np.zeros(len(queries), dtype=np.int64) for _ in sizes]
    own = (queries.float() * true.float()).sum(1)
    for rows, block in scores(queries, rivals):
        above = (block >= own[rows, None]).numpy()
        passed = skip[rows]
        inside = np.flatnonzero(passed < above.shape[1])
        above[inside, passed[inside]] = False
        total, before = np.zeros(len(above), dtype=np.int64), 0
        for count, size in zip(counts, sizes, strict=True):
            total = total + above[:, before : size - 1].sum(1)
            before = size - 1
            next_one = (
                above[:, size - 1] if size - 1 < above.shape[1] else np.zeros(len(above), bool)
            )
            count[rows] = total + (next_one & (passed < size - 1))
    return counts
