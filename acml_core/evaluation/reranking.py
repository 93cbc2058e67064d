"""The second opinion of a plugin: its weight, fitted on validation molecules; and ranks with it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import logsumexp
from tqdm import tqdm

from acml_core.evaluation.calibration import Crowd, fit_sure
from acml_core.evaluation.ranking import Filter, Ranks, Side, allowed
from acml_core.library.evidence import Evidence
from acml_core.library.rerank import opinions, shared_out, weighed
from acml_core.library.score import scores
from acml_core.modality import Modality, Signal
from acml_core.probability import Calibration, Rerank, set_right

FIT_QUERIES = 250
"""Validation queries that are reranked for a fit in ``FIT_SECONDS``, at most; in more time, more."""

FIT_SECONDS = 60.0
"""A slow plugin is asked no longer than this for a fit, unless more is allowed."""

FEWER = 3_000
"""Candidates of a small gallery: how sure an answer is, is fitted there too."""

LEAST = 30
"""Fewer queries than this fit nothing."""

MEASURED_QUERIES = 600
"""Test queries that are reranked for a report, drawn by its seed; the report says how many."""

SHOWN_AFTER = 1.0
"""A bar on stderr shows how many queries the plugin was asked of, once that takes so long [s]."""


def fit_rerank(
    plugin: Modality,
    signals: Sequence[Signal],
    queries: Side,
    gallery: Side,
    smiles: Sequence[str],
    calibration: Calibration,
    *,
    isomers: bool = False,
    larger: Crowd | None = None,
    seconds: float = FIT_SECONDS,
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
        larger: where it is fitted too how sure the answer is, if it is larger than the gallery.
        seconds: that the plugin is asked for each of the fits, at most; they use what there is then.
    """
    rng = np.random.default_rng(seed)
    asking = np.arange(len(queries))
    if isomers:
        formula, count = np.unique(gallery.formula, return_counts=True)
        asking = np.flatnonzero(np.isin(queries.formula, formula[count > 1]))
    chosen = rng.permutation(asking)[: round(FIT_QUERIES * seconds / FIT_SECONDS)]
    column = {int(molecule): i for i, molecule in enumerate(gallery.molecule)}
    asked: list[_Asked] = []
    for q in _in_time(chosen, seconds, "fitted among isomers" if isomers else "fitted"):
        one = queries.take(np.array([q]))
        kept = np.arange(len(gallery))
        if isomers:
            kept = np.flatnonzero(gallery.formula == one.formula[0])
        ((_, block),) = scores(one.vectors, gallery.vectors)
        point = calibration.at(len(kept), filtered=isomers)
        found = Evidence.of(point, block[0][torch.from_numpy(kept)], plugin.reranked)
        best = kept[found.best]
        said = opinions(plugin, signals[q], [smiles[i] for i in best])
        asked.append(_Asked.of(found, said, best == column[int(one.molecule[0])]))
    rows = [(one.score, one.said, int(np.argmax(one.true))) for one in asked if one.true.any()]
    if len(rows) < LEAST:
        return None

    def loss(w: np.ndarray) -> float:
        values = [w[0] * score + w[1] * opinion for score, opinion, _ in rows]
        return float(
            np.mean([logsumexp(v) - v[row[2]] for v, row in zip(values, rows, strict=True)])
        )

    start = np.array([10.0, 0.1])
    w = minimize(loss, start, method="L-BFGS-B", bounds=[(0.0, 1e4), (0.0, 1e4)]).x
    fit = Rerank(candidates=plugin.reranked, scale=float(w[0]), weight=float(w[1]))
    among = None if isomers else len(gallery)
    fit = fit.model_copy(update={"sure": _sure(fit, asked), "among": among})
    if isomers:
        return fit
    crowds = [larger] if larger is not None and len(larger) > len(gallery) else []
    if len(gallery) > FEWER:
        crowds.insert(0, _some(gallery, smiles, rng))
    own = [column[int(molecule)] for molecule in queries.molecule[chosen]]
    others: list[tuple[int, float, float]] = []
    for crowd in crowds:
        met = _asked_among(
            crowd, plugin, [signals[q] for q in chosen], queries.take(chosen), gallery.vectors[own],
            [smiles[i] for i in own], calibration, seconds,
        )  # fmt: skip
        sure = _sure(fit, met) if len(met) >= LEAST else None
        others += [] if sure is None else [(len(crowd), *sure)]
    return fit.model_copy(update={"others": tuple(others)})


def _in_time(numbers: Iterable[int], seconds: float, name: str) -> Iterator[int]:
    """Numbers one after the other, and a bar beside them, until the time is up."""
    every = list(numbers)
    until = time.monotonic() + seconds
    with _bar(len(every), name) as bar:
        for number in every:
            if time.monotonic() > until:
                return
            yield number
            bar.update()


def _some(gallery: Side, smiles: Sequence[str], rng: np.random.Generator) -> Crowd:
    """``FEWER`` of the candidates, drawn at random."""
    drawn = rng.permutation(len(gallery))[:FEWER]
    column = np.full(int(gallery.molecule.max()) + 1, -1)
    column[gallery.molecule[drawn]] = np.arange(FEWER)
    vectors = gallery.vectors[torch.from_numpy(drawn)]
    return Crowd(vectors, column, lambda index: [smiles[drawn[i]] for i in index])


def _sure(fit: Rerank, asked: Sequence[_Asked]) -> tuple[float, float] | None:
    bare = fit.model_copy(update={"sure": None})
    top, right = zip(*(one.answer(bare)[:2] for one in asked), strict=True)
    return fit_sure(np.array(top), np.array(right))


def _asked_among(
    crowd: Crowd,
    plugin: Modality,
    signals: Sequence[Signal],
    queries: Side,
    own: torch.Tensor,
    smiles: Sequence[str],
    calibration: Calibration,
    seconds: float,
) -> list[_Asked]:
    """Queries with their best candidates in a crowd, their own molecules among them.

    Args:
        own: (Q, p) vectors of the queries' molecules, as the gallery has them.
        smiles: (Q) these molecules.
    """
    point = calibration.at(len(crowd))
    asked: list[_Asked] = []
    for q in _in_time(range(len(signals)), seconds, f"fitted among {len(crowd):,}"):
        vector = queries.vectors[q : q + 1]
        ((_, block),) = scores(vector, crowd.vectors)
        column = int(crowd.column[queries.molecule[q]])
        if column >= 0:
            block[0, column] = -torch.inf  # it stands at the end, in full precision
        row = torch.cat([block[0], (vector * own[q]).sum(1)])
        found = Evidence.of(point, row, plugin.reranked)
        true = found.best == len(crowd)
        texts = crowd.smiles(found.best[~true])
        if true.any():
            texts.insert(int(np.argmax(true)), smiles[q])
        asked.append(_Asked.of(found, opinions(plugin, signals[q], texts), true))
    return asked


@dataclass(frozen=True)
class _Asked:
    """A query with its best candidates.

    Attributes:
        score: (m,) of them.
        mass: probability that they hold together by the scores.
        candidates: how many there are in all.
        said: (m,) the second opinion.
        true: (m,) which of them is the molecule.
    """

    score: np.ndarray
    mass: float
    candidates: int
    said: np.ndarray
    true: np.ndarray

    @classmethod
    def of(cls, found: Evidence, said: np.ndarray, true: np.ndarray) -> _Asked:
        """Without the scores of all candidates, which ``found`` holds on to."""
        mass = float(np.exp(found.log_likelihood(found.score)).sum())
        return cls(found.score, mass, found.point.candidates, said, true)

    def answer(self, fit: Rerank) -> tuple[float, bool, int]:
        """Probability of the best candidate, whether it is the molecule, and the molecule's rank.

        Ties count against the model. The rank is 0 where the molecule is not among the candidates.
        """
        value = weighed(self.score, self.said, fit)
        sure = fit.sure_among(self.candidates)
        p = set_right(sure, np.sort(shared_out(self.mass, value))[::-1])
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
    name: str = "asked",
) -> dict[Filter, Reranked]:
    """What becomes of the ranking when the best ``candidates`` of each query are reranked.

    Args:
        first: ranks by the scores alone.
        name: of the gallery, for the bar that shows how far it is.
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
    with _bar(n, name) as bar:
        for rows, block in scores(queries.vectors, gallery.vectors):
            part = queries.take(np.arange(rows.start, rows.stop))
            masks = {
                one: None if one == "none" else allowed(part, gallery, one, mass_ppm)
                for one in filters
            }
            for r, row in enumerate(block):
                q = rows.start + r
                own = gallery.molecule == part.molecule[r]
                signal = signals[q]
                known: dict[bytes, np.ndarray] = {}  # filters often leave the same candidates
                for one, mask in masks.items():
                    kept = np.arange(len(row)) if mask is None else np.flatnonzero(mask[r] | own)
                    point = calibration.of(signal.filled).at(len(kept), filtered=mask is not None)
                    found = Evidence.of(point, row[torch.from_numpy(kept)], candidates)
                    index = kept[found.best]
                    if len(index) < 2:
                        result[one].right[q] = own[index].all()
                        continue
                    asked = index.tobytes()
                    if asked not in known:
                        known[asked] = opinions(plugin, signal, [smiles[i] for i in index])
                    fit = calibration.opinion(signal.filled, filtered=mask is not None)
                    assert fit is not None
                    top, right, rank = _Asked.of(found, known[asked], own[index]).answer(fit)
                    result[one].top[q], result[one].right[q] = top, right
                    if rank:
                        result[one].ranks.rank[q] = rank
                bar.update()
    return result


def _bar(queries: int, name: str) -> tqdm:
    return tqdm(
        total=queries,
        unit=" queries",
        desc=f"second opinion, {name}",
        file=sys.stderr,
        leave=False,
        delay=SHOWN_AFTER,
    )
