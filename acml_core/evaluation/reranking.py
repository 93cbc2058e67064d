"""The second opinion of a plugin: its weight, fitted on validation molecules; and ranks with it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import logsumexp

from acml_core.evaluation.calibration import fit_sure
from acml_core.evaluation.ranking import Filter, Ranks, Side, allowed
from acml_core.library.evidence import Evidence
from acml_core.library.rerank import opinions, shared_out, weighed
from acml_core.library.score import scores
from acml_core.modality import Modality, Signal
from acml_core.probability import Calibration, Rerank, set_right

FIT_QUERIES = 250
"""Validation queries that are reranked for the fit, at most."""

FIT_CANDIDATES = 50
"""Best candidates of each."""

FIT_SECONDS = 60.0
"""A slow plugin is asked no longer than this; the fit uses what there is then."""

LEAST = 30
"""Fewer queries than this fit nothing."""

MEASURED_QUERIES = 600
"""Test queries that are reranked for a report, drawn by its seed; the report says how many."""


def fit_rerank(
    plugin: Modality,
    signals: Sequence[Signal],
    queries: Side,
    gallery: Side,
    smiles: Sequence[str],
    calibration: Calibration,
    *,
    isomers: bool = False,
    seed: int = 0,
) -> Rerank | None:
    """How much the second opinion counts beside the score, and how sure the answer is then.

    Both weights are those under which the true molecules are likeliest among the best candidates:
    a logistic regression without intercept, over queries whose molecule is among these.

    Args:
        signals: (Q) the queries' measurements.
        smiles: (G) the gallery's molecules.
        calibration: of the scores.
        isomers: candidates are those of the query's formula, for queries that have a rival there.
    """
    rng = np.random.default_rng(seed)
    asking = np.arange(len(queries))
    if isomers:
        formula, count = np.unique(gallery.formula, return_counts=True)
        asking = np.flatnonzero(np.isin(queries.formula, formula[count > 1]))
    chosen = rng.permutation(asking)[:FIT_QUERIES]
    column = {int(molecule): i for i, molecule in enumerate(gallery.molecule)}
    until = time.monotonic() + FIT_SECONDS
    asked: list[_Asked] = []
    for q in chosen:
        if time.monotonic() > until:
            break
        one = queries.take(np.array([q]))
        kept = np.arange(len(gallery))
        if isomers:
            kept = np.flatnonzero(gallery.formula == one.formula[0])
        ((_, block),) = scores(one.vectors, gallery.vectors)
        point = calibration.at(len(kept), filtered=isomers)
        found = Evidence.of(point, block[0][torch.from_numpy(kept)], FIT_CANDIDATES)
        best = kept[found.best]
        said = opinions(plugin, signals[q], [smiles[i] for i in best])
        asked.append(_Asked(found, said, best == column[int(one.molecule[0])]))
    rows = [
        (one.found.score, one.said, int(np.argmax(one.true))) for one in asked if one.true.any()
    ]
    if len(rows) < LEAST:
        return None

    def loss(w: np.ndarray) -> float:
        values = [w[0] * score + w[1] * opinion for score, opinion, _ in rows]
        return float(
            np.mean([logsumexp(v) - v[row[2]] for v, row in zip(values, rows, strict=True)])
        )

    start = np.array([10.0, 0.1])
    w = minimize(loss, start, method="L-BFGS-B", bounds=[(0.0, 1e4), (0.0, 1e4)]).x
    fit = Rerank(candidates=FIT_CANDIDATES, scale=float(w[0]), weight=float(w[1]))
    top, right = zip(*(one.answer(fit)[:2] for one in asked), strict=True)
    return fit.model_copy(update={"sure": fit_sure(np.array(top), np.array(right))})


@dataclass(frozen=True)
class _Asked:
    """A query with its best candidates.

    Attributes:
        found: by the scores.
        said: (m,) the second opinion.
        true: (m,) which of them is the molecule.
    """

    found: Evidence
    said: np.ndarray
    true: np.ndarray

    def answer(self, fit: Rerank) -> tuple[float, bool, int]:
        """Probability of the best candidate, whether it is the molecule, and the molecule's rank.

        Ties count against the model. The rank is 0 where the molecule is not among the candidates.
        """
        value = weighed(self.found.score, self.said, fit)
        mass = float(np.exp(self.found.log_likelihood(self.found.score)).sum())
        p = set_right(fit.sure, np.sort(shared_out(mass, value))[::-1])
        rank = 0
        if self.true.any():
            rank = int((~(value[~self.true] < value[self.true].max())).sum()) + 1
        return float(p[0]), rank == 1, rank


@dataclass(frozen=True)
class Reranked:
    """What reranking made of some queries.

    Attributes:
        ranks: a molecule that was not among the best keeps its rank.
        top, right: (Q,) probability of the best candidate, and whether it is the molecule.
    """

    ranks: Ranks
    top: np.ndarray
    right: np.ndarray


def reranked(
    plugin: Modality,
    signals: Sequence[Signal],
    queries: Side,
    gallery: Side,
    smiles: Sequence[str],
    filters: Sequence[Filter],
    calibration: Calibration,
    first: dict[Filter, Ranks],
    *,
    candidates: int,
    mass_ppm: float = 10.0,
) -> dict[Filter, Reranked]:
    """What becomes of the ranking when the best ``candidates`` of each query are reranked.

    Args:
        first: ranks by the scores alone.
    """
    n = len(queries)
    result = {
        one: Reranked(
            Ranks(first[one].rank.copy(), first[one].candidates),
            np.ones(n),
            np.zeros(n, dtype=bool),
        )
        for one in filters
    }
    for rows, block in scores(queries.vectors, gallery.vectors):
        part = queries.take(np.arange(rows.start, rows.stop))
        masks = {
            one: None if one == "none" else allowed(part, gallery, one, mass_ppm) for one in filters
        }
        for r, row in enumerate(block):
            q = rows.start + r
            own = gallery.molecule == part.molecule[r]
            signal = signals[q]
            best: dict[Filter, tuple[Evidence, np.ndarray]] = {}
            for one, mask in masks.items():
                kept = np.arange(len(row)) if mask is None else np.flatnonzero(mask[r] | own)
                point = calibration.of(signal.filled).at(len(kept), filtered=mask is not None)
                found = Evidence.of(point, row[torch.from_numpy(kept)], candidates)
                best[one] = found, kept[found.best]
            several = [index for _, index in best.values() if len(index) > 1]
            asked = np.unique(np.concatenate(several)) if several else np.empty(0, dtype=int)
            opinion = np.empty(0)
            if len(asked):  # once for all filters
                opinion = opinions(plugin, signal, [smiles[i] for i in asked])
            for one, (found, index) in best.items():
                if len(index) < 2:
                    result[one].right[q] = own[index].all()
                    continue
                said = opinion[np.searchsorted(asked, index)]
                fit = calibration.opinion(signal.filled, filtered=masks[one] is not None)
                assert fit is not None
                top, right, rank = _Asked(found, said, own[index]).answer(fit)
                result[one].top[q], result[one].right[q] = top, right
                if rank:
                    result[one].ranks.rank[q] = rank
    return result
