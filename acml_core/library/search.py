"""From measurements of a sample to a ranked list of molecules.

Each measurement gives every candidate a log likelihood: its score times the scale that was fitted on
validation molecules for that many candidates. Measurements of one sample are taken as independent
evidence, so their log likelihoods add; a measurement that is not there adds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from acml_core.artefact import Artefact
from acml_core.errors import BadInput
from acml_core.library import filters as filtering
from acml_core.library.filters import Filters
from acml_core.library.library import Library
from acml_core.library.rerank import opinions, shared_out, weighed
from acml_core.library.score import log_likelihoods, scores
from acml_core.modality import Modality, Signal
from acml_core.probability import Best, Calibration, Point, log_odds_present, sigmoid

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
    """

    query: dict[str, Any]
    model: str
    candidates: int
    hits: list[Hit]
    filters: dict[str, int] = field(default_factory=dict)
    probability_in_library: float | None = None
    set_size: int = 0
    votes: list[Vote] = field(default_factory=list)

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
        return self.artefact.info.modalities[self.modality].calibration


def search(
    artefact: Artefact,
    modality: str,
    signals: Sequence[Signal],
    library: Library,
    *,
    top: int = 10,
    filters: Filters | None = None,
    rerank: int = 0,
) -> list[Answer]:
    """Rank the library's molecules for each measurement by itself.

    Args:
        filters: what a candidate must be.
        rerank: ask the plugin's second opinion of this many of the best candidates.

    Raises:
        BadInput: a signal in which nothing was measured, no candidate left by the filters, or a
            plugin without a second opinion.
    """
    _check(signals)
    kept, steps = filtering.candidates(library.graphs, filters or Filters())
    vectors = _chosen(library.vectors[modality], kept, len(library))
    queries = artefact.model.encode_signals(modality, signals)
    answers = []
    for rows, block in scores(queries, vectors):
        for signal, row in zip(signals[rows], block, strict=True):
            one = Measurement(modality, [signal], artefact, library)
            answers.append(_answer([one], [row], kept, steps, top, filters, rerank))
    return answers


def search_sample(
    measurements: Sequence[Measurement],
    *,
    top: int = 10,
    filters: Filters | None = None,
    rerank: int = 0,
) -> Answer:
    """One ranking from several measurements of one sample.

    Candidates are the molecules that every library holds, and the first library's numbering counts.

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
    kept, steps = filtering.candidates(first.graphs, filters or Filters())
    places, kept = _together([one.library for one in measurements], kept)
    rows = []
    for one, place in zip(measurements, places, strict=True):
        vectors = _chosen(one.library.vectors[one.modality], place, len(one.library))
        queries = one.artefact.model.encode_signals(one.modality, one.signals)
        rows.append(torch.cat([block for _, block in scores(queries, vectors)]).mean(0))
    return _answer(measurements, rows, kept, steps, top, filters, rerank)


def _check(signals: Sequence[Signal]) -> None:
    for signal in signals:
        if signal.missing:
            raise BadInput("the query holds no measurement", source=signal.origin or None)


def _chosen(vectors: Tensor, kept: np.ndarray, size: int) -> Tensor:
    return vectors if len(kept) == size else vectors[torch.from_numpy(kept)]


def _together(
    libraries: Sequence[Library], kept: np.ndarray
) -> tuple[list[np.ndarray], np.ndarray]:
    """The kept molecules of the first library in every library's own numbers."""
    first = libraries[0]
    keys = first.graphs.keys
    places = [kept]
    shared = np.ones(len(kept), dtype=bool)
    for other in libraries[1:]:
        if other is first or np.array_equal(other.graphs.keys, keys):
            places.append(kept)
            continue
        number = {key: i for i, key in enumerate(other.graphs.keys)}
        place = np.array([number.get(keys[i], -1) for i in kept], dtype=np.int64)
        places.append(place)
        shared &= place >= 0
    if not shared.any():
        raise BadInput(
            "the libraries have no candidate in common",
            remedy="Build them from one file, or give the file itself with --library.",
        )
    return [place[shared] for place in places], kept[shared]


def _answer(
    measurements: Sequence[Measurement],
    rows: Sequence[Tensor],
    kept: np.ndarray,
    steps: filtering.Steps,
    top: int,
    filters: Filters | None,
    rerank: int,
) -> Answer:
    narrow = filters is not None and filters.narrow
    points = [one.calibration.at(len(kept), filtered=narrow) for one in measurements]
    parts = [
        one.weight * log_likelihoods(point, row.double())
        for one, point, row in zip(measurements, points, rows, strict=True)
    ]
    total = torch.stack(parts).sum(0)
    p = torch.softmax(total, dim=0)
    n = min(max(top, rerank), len(total))
    best = torch.topk(total, n).indices.numpy()
    probability = p[best].numpy().copy()
    said: dict[str, np.ndarray] = {}
    if rerank:
        m = min(rerank, len(best))
        said, change = _second_opinions(measurements, rows, parts, kept, best[:m])
        log_likelihood = total[best[:m]].numpy() + change
        shared = shared_out(float(probability[:m].sum()), log_likelihood)
        order = np.argsort(-shared, kind="stable")
        best[:m], probability[:m] = best[:m][order], shared[order]
        said = {name: values[order] for name, values in said.items()}
    before = np.concatenate([[0.0], np.cumsum(probability)[:-1]])
    mass = max(point.set_mass for point in points)
    single = len(measurements) == 1
    graphs = measurements[0].library.graphs
    hits = [
        Hit(
            rank=place + 1,
            smiles=graphs.smiles[kept[i]],
            inchikey=graphs.inchikeys[kept[i]],
            formula=graphs.formula[kept[i]],
            score=float(rows[0][i] if single else total[i]),
            probability=float(probability[place]),
            in_set=bool(before[place] <= mass),
            rerank={k: float(v[place]) for k, v in said.items() if place < len(v)},
        )
        for place, i in enumerate(best[:top])
    ]
    if rerank:
        hits = [replace(hit, matches=dict(_matches(measurements, hit))) for hit in hits]
    return Answer(
        query=_query(measurements),
        model=" + ".join(dict.fromkeys(str(one.artefact.path) for one in measurements)),
        candidates=len(kept),
        hits=hits,
        filters=dict(steps),
        probability_in_library=_present(rows, points),
        set_size=_set_size(p, probability, mass),
        votes=[] if single else _votes(measurements, parts, int(best[0])),
    )


def _second_opinions(
    measurements: Sequence[Measurement],
    rows: Sequence[Tensor],
    parts: Sequence[Tensor],
    kept: np.ndarray,
    best: np.ndarray,
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """What each plugin says of the best, and how that changes their log likelihoods."""
    said: dict[str, np.ndarray] = {}
    change = np.zeros(len(best))
    smiles = [measurements[0].library.graphs.smiles[kept[i]] for i in best]
    for one, row, part in zip(measurements, rows, parts, strict=True):
        fit = one.calibration.rerank
        if fit is None or not one.plugin.supports("rerank"):
            continue
        found = np.mean([opinions(one.plugin, signal, smiles) for signal in one.signals], axis=0)
        said[one.modality] = found
        score = row[best].double().numpy()
        change += one.weight * weighed(score, found, fit) - part[best].numpy()
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


def _present(rows: Sequence[Tensor], points: Sequence[Point]) -> float | None:
    """Independent evidence: the log odds of the measurements add."""
    total = 0.0
    for row, point in zip(rows, points, strict=True):
        two = torch.topk(row.double() * point.scale, min(2, len(row))).values.numpy()
        second = two[1:] if len(two) > 1 else np.array([-np.inf])
        odds = log_odds_present(point, Best.of(two[:1], second))
        if odds is None:
            return None
        total += float(odds[0])
    return sigmoid(total)


def _set_size(p: Tensor, first: np.ndarray, mass: float) -> int:
    """Candidates whose predecessors hold no more than ``mass``; ``first`` are the shown ones."""
    rest = torch.sort(p, descending=True).values.numpy()
    rest[: len(first)] = first
    before = np.concatenate([[0.0], np.cumsum(rest)[:-1]])
    return int((before <= mass).sum())


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
