"""A plugin's second opinion on the best candidates, weighed against the scores."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from rdkit import Chem

from acml_core.modality import Modality, Signal
from acml_core.molecule import parse_smiles
from acml_core.probability import Rerank

KEPT_MOLECULES = 50_000
"""Parsed molecules that are kept: the same candidates come up again and again."""


@lru_cache(maxsize=KEPT_MOLECULES)
def _molecule(smiles: str) -> Chem.Mol:
    return parse_smiles(smiles)


def opinions(plugin: Modality, signal: Signal, smiles: Sequence[str]) -> np.ndarray:
    """``plugin.rerank`` of candidates by their SMILES: ``(n,)`` float64, finite, higher is better.

    What a plugin cannot judge (nan, infinite) gets its lowest finite score.
    """
    found = np.asarray(
        plugin.rerank(signal, [_molecule(text) for text in smiles]), dtype=np.float64
    )
    if found.shape != (len(smiles),):
        raise ValueError(f"{plugin.name}: rerank gave {found.shape} scores for {len(smiles)}")
    finite = np.isfinite(found)
    if not finite.all():
        found = np.where(finite, found, found[finite].min() if finite.any() else 0.0)
    return found


def weighed(score: np.ndarray, opinion: np.ndarray, fit: Rerank) -> np.ndarray:
    """Log likelihoods ``(n,)`` of reranked candidates, up to a constant."""
    return fit.scale * score + fit.weight * opinion


def shared_out(mass: float, log_likelihood: np.ndarray) -> np.ndarray:
    """Probabilities of reranked candidates.

    The second opinion moves probability among the candidates that it was asked of; what they hold
    together stays what the scores gave them, so that it cannot promote them over the rest.
    """
    weights = np.exp(log_likelihood - log_likelihood.max())
    return np.asarray(min(mass, 1.0) * weights / weights.sum())  # sums of float32 may exceed 1
