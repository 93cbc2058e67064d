"""From one measurement to a ranked list of molecules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from acml_core.artefact import Artefact
from acml_core.errors import BadInput
from acml_core.library import filters
from acml_core.library.library import Library
from acml_core.library.score import probabilities, scores
from acml_core.modality import Signal


@dataclass(frozen=True)
class Hit:
    """A candidate in the answer.

    Attributes:
        rank: 1 is the best.
        score: dot product of the two vectors; a cosine for most models.
        probability: that this candidate is the molecule, if one of the candidates is.
    """

    rank: int
    smiles: str
    inchikey: str
    formula: str
    score: float
    probability: float


@dataclass(frozen=True)
class Answer:
    """What one measurement got: ``as_dict`` is the form of ``acml search --json``."""

    query: dict[str, Any]
    model: str
    candidates: int
    hits: list[Hit]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def search(
    artefact: Artefact,
    modality: str,
    signals: Sequence[Signal],
    library: Library,
    *,
    top: int = 10,
    formula: str | None = None,
    mass: float | None = None,
    ppm: float = 10.0,
) -> list[Answer]:
    """Rank the library's molecules for each measurement.

    Args:
        formula: keep candidates of this formula only.
        mass: keep candidates of this exact (monoisotopic, neutral) mass [Da] within ``ppm``.

    Raises:
        BadInput: a signal in which nothing was measured, or no candidate left by the filters.
    """
    for signal in signals:
        if signal.missing:
            raise BadInput("the query holds no measurement", source=signal.origin or None)
    kept = filters.candidates(library.graphs, formula=formula, mass=mass, ppm=ppm)
    index = torch.from_numpy(kept)
    vectors = library.vectors[modality]
    if len(kept) < len(library):
        vectors = vectors[index]
    queries = artefact.model.encode_signals(modality, signals)
    scale = artefact.info.modalities[modality].scale
    answers = []
    for rows, block in scores(queries, vectors):
        for signal, row in zip(signals[rows], block, strict=True):
            answers.append(_answer(artefact, modality, signal, row, scale, library, kept, top))
    return answers


def _answer(
    artefact: Artefact,
    modality: str,
    signal: Signal,
    row: torch.Tensor,
    scale: float,
    library: Library,
    kept: np.ndarray,
    top: int,
) -> Answer:
    probability = probabilities(row, scale)
    best = torch.topk(row, min(top, len(row))).indices.tolist()
    graphs = library.graphs
    hits = [
        Hit(
            rank=place,
            smiles=graphs.smiles[kept[i]],
            inchikey=graphs.inchikeys[kept[i]],
            formula=graphs.formula[kept[i]],
            score=float(row[i]),
            probability=float(probability[i]),
        )
        for place, i in enumerate(best, start=1)
    ]
    measured = {
        name: value
        for name, value in signal.model_dump(mode="json", exclude={"smiles", "origin"}).items()
        if value not in ((), [], "", None)
    }
    query = {"modality": modality, "origin": signal.origin, **measured}
    return Answer(query, str(artefact.path), len(kept), hits)
