"""Cross-modal retrieval: a measurement finds its molecule, and a molecule its measurement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from acml_core.data.dataset import Dataset
from acml_core.evaluation import metrics
from acml_core.evaluation.analogues import Baseline
from acml_core.evaluation.confidence import bins, calibration_error, chance_error, confidence
from acml_core.evaluation.ranking import Filter, Side, ranks
from acml_core.evaluation.reranking import MEASURED_QUERIES, Reranked, reranked
from acml_core.graphs.packed import PackedGraphs
from acml_core.model import AcmlModel
from acml_core.probability import Calibration

FILTERS: tuple[Filter, ...] = ("none", "mass", "formula")

MOST_MEASUREMENTS = 50_000
"""A whole table with more measurements than this is no gallery of measurements: encoding them all
would take longer than the training."""


@dataclass(frozen=True)
class Gallery:
    """A named set of candidate molecules.

    Attributes:
        name: ``test``, ``test+train`` or ``library``.
        graphs: the molecules, each InChIKey-14 once.
        vectors: (n, p), from the model that is evaluated.
        spectra: numbers of the signals that belong to the gallery, or None where the gallery has no
            measurements of its own.
    """

    name: str
    graphs: PackedGraphs
    vectors: torch.Tensor
    spectra: np.ndarray | None


class Codes:
    """Equal numbers for equal strings, across tables."""

    def __init__(self) -> None:
        self._of: dict[str, int] = {}

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """``(n,)`` int64 codes."""
        of = self._of
        return np.array([of.setdefault(text, len(of)) for text in texts], dtype=np.int64)


def evaluate(
    model: AcmlModel,
    modality: str,
    dataset: Dataset,
    queries: np.ndarray,
    galleries: Sequence[Gallery],
    *,
    filters: Sequence[Filter] = FILTERS,
    mass_ppm: float = 10.0,
    baselines: Sequence[Baseline] = (),
    calibration: Calibration | None = None,
    rerank: int = 0,
    seed: int = 0,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Retrieval in both directions over every gallery and filter.

    Args:
        queries: numbers of the signals that ask. Each one's molecule must be in every gallery.
        mass_ppm: half width of the mass filter [ppm].
        baselines: shown beside chance and the spectrum-blind row.
        calibration: whose probabilities are measured too; None to leave that out.
        rerank: best candidates that the plugin's second opinion is asked of, weighed as the
            calibration says; 0 for none.

    Returns:
        the report, in the form of ``acml eval retrieval --json``; and a row a query and gallery for
        the per-query table.
    """
    measured = dataset.measured[modality]
    molecules, formulas = Codes(), Codes()
    graphs = dataset.graphs
    key, formula = molecules(list(graphs.keys)), formulas(list(graphs.formula))
    mass = np.asarray(graphs.mass, dtype=np.float64)

    known: dict[int, torch.Tensor] = {}  # the queries stand among the answers of every gallery

    def spectra(index: np.ndarray) -> Side:
        owner = measured.molecule[index]
        new = [i for i in index.tolist() if i not in known]
        encoded = model.encode_signals(modality, [measured.signals[i] for i in new])
        known.update(zip(new, encoded, strict=True))
        vectors = torch.stack([known[i] for i in index.tolist()])
        return Side(vectors, key[owner], formula[owner], mass[owner])

    asking = spectra(queries)
    blind = Side(
        asking.vectors.mean(0, keepdim=True).expand(len(asking), -1),
        asking.molecule,
        asking.formula,
        asking.mass,
    )
    drawn = np.sort(np.random.default_rng(seed).permutation(len(queries))[:MEASURED_QUERIES])
    place = {int(q): i for i, q in enumerate(drawn)}
    report: dict[str, Any] = {"n_queries": len(queries), "galleries": []}
    per_query: list[dict[str, Any]] = []
    for gallery in galleries:
        side = Side(
            gallery.vectors,
            molecules(list(gallery.graphs.keys)),
            formulas(list(gallery.graphs.formula)),
            np.asarray(gallery.graphs.mass, dtype=np.float64),
        )
        answers = None
        if gallery.spectra is not None:
            answers = spectra(gallery.spectra)
            first = np.unique(asking.molecule, return_index=True)[1]
            wanted = np.isin(side.molecule, asking.molecule[first])
            asked = side.take(np.flatnonzero(wanted))
        forward = ranks(asking, side, filters, mass_ppm=mass_ppm)
        second: dict[Filter, Reranked] = {}
        if rerank and calibration is not None and calibration.rerank is not None:
            second = reranked(
                model.modalities[modality],
                [measured.signals[queries[q]] for q in drawn],
                asking.take(drawn),
                side,
                list(gallery.graphs.smiles),
                filters,
                calibration,
                {one: found.take(drawn) for one, found in forward.items()},
                candidates=rerank,
                mass_ppm=mass_ppm,
                name=gallery.name,
            )
        unsighted = ranks(blind, side, filters, mass_ppm=mass_ppm)
        back = None if answers is None else ranks(asked, answers, filters, mass_ppm=mass_ppm)
        others = {}
        for one in baselines:
            scores = one.score(gallery.graphs)
            if scores is not None:
                matched = asking.take(one.rows)
                blocks = [(slice(0, len(matched)), scores)]
                found = ranks(matched, side, filters, mass_ppm=mass_ppm, blocks=blocks)
                others[one.name] = matched.molecule, found
        for filter in filters:
            ranked, blind_found = forward[filter], unsighted[filter]
            backward = None
            if back is not None:
                backward = metrics.summarise(metrics.of_ranks(back[filter]), asked.molecule, seed)
            name = gallery.name if filter == "none" else f"{gallery.name}+{filter}"
            further: dict[str, Any] = {}
            if filter in second:
                further["reranked_queries"] = len(drawn)
                again = second[filter]
                further["reranked"] = metrics.summarise(
                    metrics.of_ranks(again.ranks), asking.molecule[drawn], seed
                )
                further["reranked_ece"] = calibration_error(bins(again.top, again.right))
                further["reranked_ece_by_chance"] = chance_error(
                    again.top, asking.molecule[drawn], seed
                )
            if calibration is not None:
                own = [calibration.of(measured.signals[i].filled) for i in queries]
                further["confidence"] = confidence(
                    asking, side, own, filter, mass_ppm=mass_ppm, seed=seed
                )
            report["galleries"].append(
                {
                    "name": name,
                    "size": len(side),
                    "candidates_mean": float(ranked.candidates.mean()),
                    "modality_to_graph": metrics.summarise(
                        metrics.of_ranks(ranked), asking.molecule, seed
                    ),
                    "graph_to_modality": backward,
                    "baselines": {
                        "random": metrics.summarise(
                            metrics.of_chance(ranked.candidates), asking.molecule, seed
                        ),
                        "spectrum_blind": metrics.summarise(
                            metrics.of_ranks(blind_found), asking.molecule, seed
                        ),
                        **{
                            name: metrics.summarise(metrics.of_ranks(by[filter]), owner, seed)
                            for name, (owner, by) in others.items()
                        },
                    },
                    **further,
                }
            )
            per_query += [
                {
                    "gallery": name,
                    "origin": measured.signals[q].origin,
                    "smiles": graphs.smiles[measured.molecule[q]],
                    "inchikey14": graphs.keys[measured.molecule[q]],
                    "rank": int(ranked.rank[i]),
                    "candidates": int(ranked.candidates[i]),
                    "blind": int(blind_found.rank[i]),
                    **(
                        {
                            "reranked": int(second[filter].ranks.rank[place[i]])
                            if i in place
                            else None
                        }
                        if filter in second
                        else {}
                    ),
                }
                for i, q in enumerate(queries)
            ]
    return report, per_query


def galleries_of(
    model: AcmlModel,
    modality: str,
    dataset: Dataset,
    unseen: np.ndarray,
    library: PackedGraphs | None = None,
) -> list[Gallery]:
    """The usual galleries: ``test``; ``test+train`` where the table has seen molecules; ``library``.

    Args:
        unseen: numbers of the data set's molecules that the model was not trained or tuned on.
        library: candidate molecules; those of the test that it lacks are added.
    """
    measured = dataset.measured[modality]
    everything = np.arange(len(dataset.graphs))
    vectors = model.encode_molecules(dataset.graphs, modality)
    chosen = torch.from_numpy(unseen)
    galleries = [
        Gallery("test", dataset.graphs.select(unseen), vectors[chosen], measured.of(unseen))
    ]
    if len(unseen) < len(everything):
        spectra = measured.of(everything)
        asked = spectra if len(spectra) <= MOST_MEASUREMENTS else None
        galleries.append(Gallery("test+train", dataset.graphs, vectors, asked))
    if library is not None:
        known = set(library.keys)
        extra = np.array([i for i in unseen if dataset.graphs.keys[i] not in known], dtype=np.int64)
        joined = PackedGraphs.concatenate([library, dataset.graphs.select(extra)])
        both = torch.cat(
            [model.encode_molecules(library, modality), vectors[torch.from_numpy(extra)]]
        )
        galleries.append(Gallery("library", joined, both, None))
    return galleries
