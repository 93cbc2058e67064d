"""From measurements of a sample to a ranked list of molecules.

Each measurement gives every candidate a log likelihood: its score times the scale that was fitted on
validation molecules for that many candidates. Measurements of one sample are taken as independent
evidence, so their log likelihoods add; a measurement that is not there adds nothing.

One measurement, with no filter, is looked up in the library's index where that has one
(``acml_core.library.nearest``): then the best candidates are those that the index finds, with exact
scores, and their probabilities rest on an estimate of what all other candidates hold. Filtered
candidates and several measurements are scored one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from acml_core import arrow
from acml_core.artefact import Artefact
from acml_core.errors import BadInput
from acml_core.library import filters as filtering
from acml_core.library.evidence import Evidence
from acml_core.library.filters import Filters
from acml_core.library.library import Library
from acml_core.library.rerank import opinions, shared_out, weighed
from acml_core.library.score import scores
from acml_core.library.vectors import Vectors
from acml_core.modality import Modality, Signal
from acml_core.probability import Calibration, Point, Rerank, set_right, sigmoid

GATHERED_SHARE = 8
"""Of fewer candidates than one in so many, the vectors are picked out; else all are scored."""

SHOWN = ("smiles", "inchikey", "formula")
"""What a hit tells of its molecule."""

CONTRADICTS = 0.99
"""A measurement contradicts the answer where its own ranking puts this much probability before it."""


@dataclass(frozen=True)
class Hit:
    """A candidate in the answer.

    Attributes:
        rank: 1 is the best.
        score: dot product of the two vectors, a cosine for most models; of several measurements,
            the sum of their log likelihoods.
        probability: that this candidate is the molecule, if one of the candidates is.
        in_set: whether it belongs to the set that holds the molecule in 90 % of cases, if one of
            the candidates is.
        rerank: by modality, the plugin's second opinion, where it was asked.
        matches: by modality, which part of the measurement is which part of the molecule, where the
            plugin can say.
    """

    rank: int
    smiles: str
    inchikey: str
    formula: str
    score: float
    probability: float
    in_set: bool = False
    rerank: dict[str, float] = field(default_factory=dict)
    matches: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Vote:
    """What one of several measurements says of the first hit by itself.

    Attributes:
        rank, probability: of the first hit in this measurement's own ranking.
        contradicts: its own ranking puts nearly all probability before that hit: perhaps it was
            measured on another sample.
    """

    modality: str
    rank: int
    probability: float
    contradicts: bool


@dataclass(frozen=True)
class Answer:
    """What one sample got: ``as_dict`` is the form of ``acml search --json``.

    Attributes:
        candidates: molecules that passed the filters.
        filters: what each filter left.
        probability_in_library: that the molecule is among the candidates at all, if that is as
            likely as not beforehand; None where nothing was fitted for it.
        set_size: candidates in the 90 % set.
        votes: of several measurements, what each says by itself.
        index: ``exact``, or ``faiss``: candidates that it missed are not among the hits, and
            probabilities are estimates.
    """

    query: dict[str, Any]
    model: str
    candidates: int
    hits: list[Hit]
    filters: dict[str, int] = field(default_factory=dict)
    probability_in_library: float | None = None
    set_size: int = 0
    votes: list[Vote] = field(default_factory=list)
    index: str = "exact"

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Measurement:
    """One measurement of the sample, with the model that reads it and that model's library.

    Attributes:
        signals: usually one; several spectra of one kind (collision energies, say) count as one
            measurement, with their mean.
        weight: of its log likelihood beside those of other measurements, fitted on validation
            molecules (``acml eval fusion``).
    """

    modality: str
    signals: Sequence[Signal]
    artefact: Artefact
    library: Library
    weight: float = 1.0

    @property
    def plugin(self) -> Modality:
        return self.artefact.model.modalities[self.modality]

    @property
    def calibration(self) -> Calibration:
        return self.artefact.calibration(self.modality, self.signals[0])

    def opinion(self, narrow: bool) -> Rerank | None:
        """How the plugin's second opinion is weighed; ``narrow``: among candidates of one mass.

        None where it has none, or none was fitted.
        """
        if not self.plugin.supports("rerank"):
            return None
        general = self.artefact.info.modalities[self.modality].calibration
        return general.opinion(self.signals[0].filled, filtered=narrow)


def search(
    artefact: Artefact,
    modality: str,
    signals: Sequence[Signal],
    library: Library,
    *,
    top: int = 10,
    filters: Filters | None = None,
    rerank: int | None = None,
) -> list[Answer]:
    """Rank the library's molecules for each measurement by itself.

    Args:
        filters: what a candidate must be.
        rerank: ask the plugin's second opinion of this many of the best candidates, 0 for none; by
            default of as many as its weight was fitted with, where it was.

    Raises:
        BadInput: a signal in which nothing was measured, no candidate left by the filters, or a
            plugin without a second opinion of which one is asked.
    """
    _check(signals)
    kept, steps = filtering.candidates(library.molecules, filters or Filters())
    queries = artefact.model.encode_signals(modality, signals)
    narrow = filters is not None and filters.narrow
    points = [artefact.calibration(modality, one).at(len(kept), filtered=narrow) for one in signals]
    ones = [Measurement(modality, [signal], artefact, library) for signal in signals]
    if rerank is None:
        fits = [one.opinion(narrow) for one in ones]
        asked = [0 if fit is None else fit.candidates for fit in fits]
    else:
        asked = [rerank] * len(ones)
    k = max(top, *asked, 2)
    index = library.nearest.get(modality) if len(kept) == len(library) else None
    found: Iterator[Evidence]
    if index is not None:
        found = (
            index.evidence(point, query, k) for point, query in zip(points, queries, strict=True)
        )
    else:
        rows = _scores(queries, library.vectors[modality], kept)
        found = (Evidence.of(point, row, k) for point, row in zip(points, rows, strict=True))
    return [
        _answer(
            [one],
            _Ranking.of_one(evidence),
            kept,
            steps,
            top,
            number,
            narrow,
            "exact" if index is None else "faiss",
        )
        for one, number, evidence in zip(ones, asked, found, strict=True)
    ]


def search_sample(
    measurements: Sequence[Measurement],
    *,
    top: int = 10,
    filters: Filters | None = None,
    rerank: int = 0,
    sure: tuple[float, float] | None = None,
) -> Answer:
    """One ranking from several measurements of one sample.

    Candidates are the molecules that every library holds, and the first library's numbering counts.

    Args:
        rerank: as in ``search``, but none by default: measurements are weighed against each other
            without it.
        sure: of a ``Fusion``, for these measurements.

    Raises:
        BadInput: as ``search``; two measurements of one modality; or libraries with nothing in common.
    """
    names = [one.modality for one in measurements]
    if len(set(names)) < len(names):
        raise BadInput(
            "two measurements of one modality", remedy="Put the spectra of one kind in one file."
        )
    for one in measurements:
        _check(one.signals)
    first = measurements[0].library
    kept, steps = filtering.candidates(first.molecules, filters or Filters())
    places, kept = _together([one.library for one in measurements], kept)
    rows = []
    for one, place in zip(measurements, places, strict=True):
        queries = one.artefact.model.encode_signals(one.modality, one.signals)
        every = list(_scores(queries, one.library.vectors[one.modality], place))
        rows.append(torch.stack(every).mean(0))
    narrow = filters is not None and filters.narrow
    ranking = _ranked(measurements, rows, max(top, rerank, 2), narrow, sure)
    return _answer(measurements, ranking, kept, steps, top, rerank, narrow)


def _check(signals: Sequence[Signal]) -> None:
    for signal in signals:
        if signal.missing:
            raise BadInput("the query holds no measurement", source=signal.origin or None)


def _scores(queries: Tensor, vectors: Vectors, kept: np.ndarray) -> Iterator[Tensor]:
    """The scores ``(n,)`` of the candidates ``kept``, in that order, for each query."""
    if len(kept) * GATHERED_SHARE < len(vectors):
        for _, block in scores(queries, vectors.take(kept)):
            yield from block
        return
    # as many as there are may still be in another order, that of another library
    everything = len(kept) == len(vectors) and bool((kept[1:] > kept[:-1]).all())
    columns = None if everything else torch.from_numpy(kept)
    for _, block in scores(queries, vectors):
        for row in block:
            yield row if columns is None else row[columns]


def _together(
    libraries: Sequence[Library], kept: np.ndarray
) -> tuple[list[np.ndarray], np.ndarray]:
    """The kept molecules of the first library in every library's own numbers."""
    first = libraries[0].molecules
    places = [kept]
    shared = np.ones(len(kept), dtype=bool)
    for other in (library.molecules for library in libraries[1:]):
        if other is first or other.keys.equals(first.keys):
            places.append(kept)
            continue
        place = other.places(first.keys.take(arrow.numbers(kept)))
        places.append(place)
        shared &= place >= 0
    if not shared.any():
        raise BadInput(
            "the libraries have no candidate in common",
            remedy="Build them from one file, or give the file itself with --library.",
        )
    return [place[shared] for place in places], kept[shared]


@dataclass(frozen=True)
class _Ranking:
    """What a sample's measurements say together, and each by itself.

    Attributes:
        all: of the sample: of one measurement its own evidence; of several, log likelihoods are the
            scores.
        own: by measurement.
        scores: by measurement, (k,) its own scores of the best of ``all``.
        parts: of several measurements, (n,) each one's log likelihoods with its weight.
    """

    all: Evidence
    own: Sequence[Evidence]
    scores: Sequence[np.ndarray]
    parts: Sequence[Tensor] = ()

    @classmethod
    def of_one(cls, evidence: Evidence) -> _Ranking:
        return cls(evidence, [evidence], [evidence.score])


def _ranked(
    measurements: Sequence[Measurement],
    rows: Sequence[Tensor],
    k: int,
    narrow: bool,
    sure: tuple[float, float] | None = None,
) -> _Ranking:
    """The ranking from each measurement's scores ``(n,)`` of all candidates."""
    n = len(rows[0])
    own = [
        Evidence.of(one.calibration.at(n, filtered=narrow), row, k)
        for one, row in zip(measurements, rows, strict=True)
    ]
    if len(own) == 1 and measurements[0].weight == 1.0:
        return _Ranking.of_one(own[0])
    parts = [
        one.weight * torch.from_numpy(evidence.log_likelihood(row.double().numpy()))
        for one, evidence, row in zip(measurements, own, rows, strict=True)
    ]
    joint = Point(candidates=n, scale=1.0, sure=sure if len(own) > 1 else None)
    total = Evidence.of(joint, torch.stack(parts).sum(0), k)
    best = torch.from_numpy(total.best)
    return _Ranking(total, own, [row[best].double().numpy() for row in rows], parts)


def _answer(
    measurements: Sequence[Measurement],
    ranking: _Ranking,
    kept: np.ndarray,
    steps: filtering.Steps,
    top: int,
    rerank: int,
    narrow: bool = False,
    index: str = "exact",
) -> Answer:
    best, score = ranking.all.best, ranking.all.score
    log_likelihood = ranking.all.log_likelihood(score)
    probability = np.exp(log_likelihood)
    shown = score if len(measurements) > 1 else ranking.scores[0]
    molecules = measurements[0].library.molecules
    said: dict[str, np.ndarray] = {}
    sure = ranking.all.point.sure if len(kept) > 1 else None
    if rerank:
        m = min(rerank, len(best))
        smiles = molecules.smiles(kept[best[:m]])
        said, change = _second_opinions(measurements, ranking, smiles, narrow)
        fit = measurements[0].opinion(narrow)
        alone = len(measurements) == 1 and len(kept) > 1
        sure = fit.sure_among(len(kept)) if fit and alone else None
        shared = shared_out(float(probability[:m].sum()), log_likelihood[:m] + change)
        order = np.argsort(-shared, kind="stable")
        said = {name: values[order] for name, values in said.items()}
        order = np.concatenate([order, np.arange(m, len(best))])
        probability = np.concatenate([shared, probability[m:]])[order]
        best, shown = best[order], shown[order]
    before = np.concatenate([[0.0], np.cumsum(probability)[:-1]])
    mass = max(one.point.set_mass for one in ranking.own)
    shown_p = set_right(sure, probability)
    hits = []
    for place, i in enumerate(best[:top]):
        molecule = molecules.row(int(kept[i]), SHOWN)
        hits.append(
            Hit(
                rank=place + 1,
                smiles=molecule["smiles"],
                inchikey=molecule["inchikey"],
                formula=molecule["formula"],
                score=float(shown[place]),
                probability=float(shown_p[place]),
                in_set=bool(before[place] <= mass),
                rerank={k: float(v[place]) for k, v in said.items() if place < len(v)},
            )
        )
    if rerank:
        hits = [replace(hit, matches=dict(_matches(measurements, hit))) for hit in hits]
    return Answer(
        query=_query(measurements),
        model=" + ".join(dict.fromkeys(str(one.artefact.path) for one in measurements)),
        candidates=len(kept),
        hits=hits,
        filters=dict(steps),
        probability_in_library=_present(ranking.own),
        set_size=ranking.all.set_size(probability, mass),
        votes=[] if len(measurements) == 1 else _votes(measurements, ranking.parts, int(best[0])),
        index=index,
    )


def _second_opinions(
    measurements: Sequence[Measurement], ranking: _Ranking, smiles: Sequence[str], narrow: bool
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """What each plugin says of the best, and how that changes their log likelihoods."""
    said: dict[str, np.ndarray] = {}
    change = np.zeros(len(smiles))
    for one, own, scored in zip(measurements, ranking.own, ranking.scores, strict=True):
        fit = one.opinion(narrow)
        if fit is None:
            continue
        found = np.mean([opinions(one.plugin, signal, smiles) for signal in one.signals], axis=0)
        said[one.modality] = found
        score = scored[: len(smiles)]
        change += one.weight * (weighed(score, found, fit) - own.log_likelihood(score))
    if not said:
        names = ", ".join(repr(one.modality) for one in measurements)
        raise BadInput(
            f"no second opinion was fitted for {names}",
            remedy="Leave --rerank out; or fit one: acml models calibrate MODEL --data T.",
        )
    return said, change


def _matches(
    measurements: Sequence[Measurement], hit: Hit
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    from acml_core.molecule import parse_smiles

    for one in measurements:
        if one.modality in hit.rerank and one.plugin.supports("assign"):
            yield one.modality, one.plugin.assign(one.signals[0], parse_smiles(hit.smiles))


def _present(own: Sequence[Evidence]) -> float | None:
    """Independent evidence: the log odds of the measurements add."""
    odds = [one.log_odds_present() for one in own]
    return None if None in odds else sigmoid(sum(odds))  # type: ignore[arg-type]


def _votes(measurements: Sequence[Measurement], parts: Sequence[Tensor], first: int) -> list[Vote]:
    votes = []
    for one, part in zip(measurements, parts, strict=True):
        p = torch.softmax(part, dim=0)
        above = part > part[first]
        votes.append(
            Vote(
                modality=one.modality,
                rank=1 + int(above.sum()),
                probability=float(p[first]),
                contradicts=float(p[above].sum()) > CONTRADICTS,
            )
        )
    return votes


def _query(measurements: Sequence[Measurement]) -> dict[str, Any]:
    told = [_measured(one.modality, signal) for one in measurements for signal in one.signals]
    return told[0] if len(told) == 1 else {"measurements": told}


def _measured(modality: str, signal: Signal) -> dict[str, Any]:
    values = signal.model_dump(mode="json", exclude={"smiles", "origin"})
    given = {name: value for name, value in values.items() if value not in ((), [], "", None)}
    return {"modality": modality, "origin": signal.origin, **given}
