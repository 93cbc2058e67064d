"""Whether near in the embedding means alike in structure: neighbours against Tanimoto similarity."""

from __future__ import annotations

from typing import Any

import numpy as np

from acml_core.semantics.embeddings import Embedding
from acml_core.semantics.resample import draws, interval

QUERIES_AT_ONCE = 256


def compare(
    rows: list[Embedding], queries: np.ndarray, k: int, *, seed: int = 0
) -> list[dict[str, Any]]:
    """Nearest neighbours of query molecules among all others, by each row.

    Cosine of standardised embeddings; Tanimoto of the row of fingerprints.

    Returns:
        for each row, and for ``random`` and the ``nearest by Tanimoto`` (what is possible at best):
        ``overlap``, the share of its k neighbours that are among the k nearest by Tanimoto, and
        ``tanimoto``, their mean Tanimoto similarity; with 95 % intervals over queries.
    """
    bits = next(row.features for row in rows if row.kind == "fingerprint")
    queries = queries[np.argsort(queries)]
    k = min(k, len(bits) - 1)
    alike = np.concatenate(
        [
            _tanimoto(bits, queries[start : start + QUERIES_AT_ONCE])
            for start in range(0, len(queries), QUERIES_AT_ONCE)
        ]
    )
    best = _nearest(alike, k)
    weight = draws(len(queries), seed)
    report = []
    for row in rows:
        if row.kind != "fingerprint":
            report.append(
                {"row": row.name, **_measure(_by_cosine(row, queries, k), best, alike, weight)}
            )
    others = len(bits) - 1
    chance = np.where(np.isneginf(alike), 0, alike).sum(1) / others
    report.append(
        {
            "row": "random",
            "overlap": interval(np.full(len(weight), k / others)),
            "tanimoto": interval(weight @ chance / weight.sum(1)),
        }
    )
    report.append({"row": "nearest by Tanimoto", **_measure(best, best, alike, weight)})
    return report


def _tanimoto(bits: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """``(Q, N)`` float32, minus infinity for the query itself."""
    both = bits[queries] @ bits.T
    size = bits.sum(1)
    found = both / np.maximum(size[queries][:, None] + size[None, :] - both, 1)
    found[np.arange(len(queries)), queries] = -np.inf
    return found


def _by_cosine(row: Embedding, queries: np.ndarray, k: int) -> np.ndarray:
    unit = row.unit()
    found = []
    for start in range(0, len(queries), QUERIES_AT_ONCE):
        some = queries[start : start + QUERIES_AT_ONCE]
        score = unit[some] @ unit.T
        score[np.arange(len(some)), some] = -np.inf
        found.append(_nearest(score, k))
    return np.concatenate(found)


def _nearest(score: np.ndarray, k: int) -> np.ndarray:
    return np.argsort(-score, axis=1, kind="stable")[:, :k]


def _measure(
    found: np.ndarray, best: np.ndarray, alike: np.ndarray, weight: np.ndarray
) -> dict[str, Any]:
    shared = np.array([np.isin(a, b).mean() for a, b in zip(found, best, strict=True)])
    mean = np.take_along_axis(alike, found, axis=1).mean(1)
    return {
        "overlap": interval(weight @ shared / weight.sum(1)),
        "tanimoto": interval(weight @ mean / weight.sum(1)),
    }
