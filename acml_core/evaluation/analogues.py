"""Library match as a baseline: what the molecules of the most similar measured signals suggest.

A molecule that no training signal was measured of cannot be found in a library of measured signals.
What a chemist does then is an analogue search: take the best matches, and prefer candidates whose
structure resembles theirs. Here: the ``NEIGHBOURS`` molecules with the most similar signals, each
weighted by its similarity to the power of ``SHARPNESS``; a candidate's score is the weighted mean of
its Tanimoto coefficients (Morgan fingerprints) with them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from acml_core.data.dataset import Dataset
from acml_core.fingerprints import fingerprints
from acml_core.graphs.packed import PackedGraphs
from acml_core.modality import Modality

QUERIES = 500
"""Queries that are matched, drawn by seed: each is compared with every reference."""

NEIGHBOURS = 10
SHARPNESS = 8.0
"""Both were chosen on validation molecules of a spectral library, among 1 to 100 and 1 to 16."""

BITS = 2048

MOST_CANDIDATES = 200_000
"""A larger gallery gets no such baseline: its fingerprints alone would take minutes."""

CANDIDATES_AT_ONCE = 8192


@dataclass(frozen=True)
class Baseline:
    """Scores of some of the queries with all molecules of a gallery, from something other than the
    model.

    Attributes:
        name: what the report calls it.
        rows: (n,) which of the queries, as places in their list, rising.
        score: a gallery's (n, G) float32 scores, or None where the gallery is not for it.
    """

    name: str
    rows: np.ndarray
    score: Callable[[PackedGraphs], Tensor | None]


@dataclass
class Matches:
    """For n queries the molecules with the most similar signals.

    Attributes:
        molecule: (n, k) int64 numbers of molecules.
        weight: (n, k) float64, 0 where fewer than k molecules have anything in common.
    """

    molecule: np.ndarray
    weight: np.ndarray


def library_match(
    plugin: Modality,
    dataset: Dataset,
    queries: np.ndarray,
    references: np.ndarray,
    *,
    most: int = QUERIES,
    seed: int = 0,
) -> list[Baseline]:
    """A baseline for each similarity that the plugin knows; none where there is no reference.

    Args:
        queries: numbers of the signals that ask; ``most`` of them are drawn by ``seed``.
        references: numbers of the library's signals. None may be of a query's molecule, else the
            baseline would know what the model does not.
    """
    measured = dataset.measured[plugin.name]
    if not len(references) or not len(queries) or most < 1:
        return []
    if np.isin(measured.molecule[references], measured.molecule[queries]).any():
        raise ValueError("a reference is of a query's molecule")
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(queries))[:most])
    found = matches(
        plugin,
        [measured.signals[i] for i in queries[rows]],
        [measured.signals[i] for i in references],
        measured.molecule[references],
    )
    known = _Fingerprints()

    def of(one: Matches) -> Callable[[PackedGraphs], Tensor | None]:
        return lambda gallery: analogue_scores(one, dataset.graphs, gallery, known)

    return [Baseline(name, rows, of(one)) for name, one in found.items()]


def matches(
    plugin: Modality, queries: Sequence[object], references: Sequence[object], owner: np.ndarray
) -> dict[str, Matches]:
    """The nearest molecules by each similarity. ``owner``: (R,) molecule of each reference."""
    order = np.argsort(owner, kind="stable")
    molecules, first = np.unique(owner[order], return_index=True)
    k = min(NEIGHBOURS, len(molecules))
    found: dict[str, tuple[list[np.ndarray], list[np.ndarray]]] = {}
    for named in plugin.similarity(queries, references):  # type: ignore[arg-type]
        for name, values in named.items():
            best = np.maximum.reduceat(np.asarray(values, dtype=np.float64)[order], first)
            top = np.argpartition(-best, k - 1)[:k]
            places, weights = found.setdefault(name, ([], []))
            places.append(molecules[top])
            weights.append(np.maximum(best[top], 0.0) ** SHARPNESS)
    return {name: Matches(np.stack(p), np.stack(w)) for name, (p, w) in found.items()}


def analogue_scores(
    found: Matches, graphs: PackedGraphs, gallery: PackedGraphs, known: _Fingerprints
) -> Tensor | None:
    """(n, G) weighted mean Tanimoto coefficient of each candidate with a query's matches.

    Args:
        graphs: molecules that ``found`` counts.
    """
    if len(gallery) > MOST_CANDIDATES:
        return None
    used, place = np.unique(found.molecule, return_inverse=True)
    weight = found.weight / np.maximum(found.weight.sum(1, keepdims=True), 1e-300)
    spread = np.zeros((len(weight), len(used)), dtype=np.float32)
    np.add.at(spread, (np.arange(len(weight))[:, None], place.reshape(weight.shape)), weight)
    matched = _unpacked(known([graphs.smiles[i] for i in used]))
    candidates = known(list(gallery.smiles))
    blocks = []
    for start in range(0, len(candidates), CANDIDATES_AT_ONCE):
        block = _unpacked(candidates[start : start + CANDIDATES_AT_ONCE])
        blocks.append(torch.from_numpy(spread) @ tanimoto(matched, block))
    return torch.cat(blocks, dim=1)


def tanimoto(a: Tensor, b: Tensor) -> Tensor:
    """(n, m) shared bits over all bits of each pair, for (n, bits) and (m, bits) of 0 and 1."""
    both = a @ b.T
    either = a.sum(1)[:, None] + b.sum(1)[None, :] - both
    return both / either.clamp(min=1.0)


class _Fingerprints:
    """Packed fingerprints by SMILES: galleries share most of their molecules."""

    def __init__(self) -> None:
        self._of: dict[str, np.ndarray] = {}

    def __call__(self, smiles: list[str]) -> np.ndarray:
        """(n, BITS / 8) uint8."""
        new = [one for one in dict.fromkeys(smiles) if one not in self._of]
        if new:
            self._of.update(zip(new, fingerprints(new, BITS), strict=True))
        return np.stack([self._of[one] for one in smiles])


def _unpacked(packed: np.ndarray) -> Tensor:
    return torch.from_numpy(np.unpackbits(packed, axis=1)[:, :BITS].astype(np.float32))
