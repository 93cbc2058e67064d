"""A two-dimensional map of each embedding."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from acml_core.extras import scikit_learn
from acml_core.semantics.embeddings import Embedding

Method = Literal["pca", "tsne"]
METHODS: tuple[Method, ...] = ("pca", "tsne")

COMPONENTS = 50
"""Principal components that t-SNE begins from."""

MOST = 2000
"""Molecules on a map; more cannot be told apart, and t-SNE's time grows with them."""


def project(
    rows: list[Embedding], molecules: np.ndarray, method: str, *, seed: int = 0
) -> dict[str, np.ndarray]:
    """Places ``(n, 2)`` of molecules by row; the fingerprints have none.

    Embeddings are standardised and of unit length, as for neighbours: large molecules would
    otherwise lie far out and leave the rest in one spot.

    Args:
        molecules: numbers of the molecules to show.
        method: ``pca``: the two directions of largest variance; or ``tsne`` (van der Maaten and
            Hinton 2008), which keeps neighbours together, while distances between clusters mean
            nothing.

    Raises:
        Unsupported: scikit-learn is not installed.
    """
    found = {}
    for row in rows:
        if row.kind == "fingerprint":
            continue
        some = row.unit()[molecules]
        found[row.name] = _tsne(some, seed) if method == "tsne" else _pca(some, 2, seed)
    return found


def _pca(features: np.ndarray, components: int, seed: int) -> np.ndarray:
    made: Any = scikit_learn("decomposition").PCA(components, random_state=seed)
    return made.fit_transform(features)


def _tsne(features: np.ndarray, seed: int) -> np.ndarray:
    components = min(COMPONENTS, *features.shape)
    perplexity = min(30.0, (len(features) - 1) / 3)
    made: Any = scikit_learn("manifold").TSNE(perplexity=perplexity, init="pca", random_state=seed)
    return made.fit_transform(_pca(features, components, seed))
