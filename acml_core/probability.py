"""What turns scores into probabilities: numbers fitted on validation molecules, kept in the artefact.

``p = (1 - tail) softmax(scale * score) + tail softmax(tail_scale * score)`` over the candidates: most
measurements rank their molecule sharply, and a few, damaged or unlike anything learnt, hardly at all.
One softmax for both would have to be too modest about the former. What that says of the best candidate
is then set right by a logistic regression (Platt scaling): the likeliest mixture gives heed to the
measurements that went wrong, and is still too modest where it is sure. More candidates, or candidates
of one formula alone, ask for other numbers, so there are some for each of several gallery sizes and
some for isomers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from pydantic import Field

from acml_core.config import Settings

COVERAGE = 0.9
"""Share of answers that a conformal set shall hold."""

LEAST_DOUBT = 1e-5
"""Probabilities are taken for this at least, and for this less than one at most, to have log odds."""

FURTHEST = math.log(10.0)
"""Below the numbers of candidates that were fitted, a scale changes by no more than this factor."""

MARGIN_CAP = 12.0
"""Margins in log likelihood above this tell no more; also the margin of a single candidate."""


class Point(Settings):
    """Calibration at one number of candidates.

    Attributes:
        candidates: the number.
        scale: from score to log likelihood.
        tail, tail_scale: share of measurements that tell little, and their scale.
        set_mass: candidates belong to the 90 % set while those before them hold no more than this
            probability (split conformal prediction; Romano et al., arXiv 2006.02544, without the
            randomisation), as the softmax has them.
        sure: logistic regression for "the best candidate is the molecule": intercept, and weight of
            the log odds that the softmax gives it.
        present: logistic regression for "the molecule is among the candidates", at even odds:
            intercept, weight of the best candidate's ``scale * score``, weight of its margin.
    """

    candidates: int = Field(ge=1)
    scale: float = Field(gt=0)
    tail: float = Field(0.0, ge=0, le=1)
    tail_scale: float = Field(0.0, ge=0)
    set_mass: float = Field(1.0, ge=0)
    sure: tuple[float, float] | None = None
    present: tuple[float, float, float] | None = None


def _between(
    place: float, known: np.ndarray, columns: Iterable[Sequence[float]]
) -> tuple[float, ...]:
    """Each column's value at ``place``, interpolated between those at the ``known`` ones."""
    return tuple(float(np.interp(place, known, column)) for column in columns)


class Rerank(Settings):
    """How a plugin's second opinion is weighed.

    Attributes:
        candidates: best candidates that were looked at when this was fitted.
        scale: of the contrastive score among them.
        weight: of the plugin's score.
        sure: as of a ``Point``, for the best candidate after reranking.
        among: candidates in all when ``sure`` was fitted.
        others: the same among other numbers of them: the number, and both of the regression.
    """

    candidates: int = Field(ge=2)
    scale: float = Field(ge=0)
    weight: float = Field(ge=0)
    sure: tuple[float, float] | None = None
    among: int | None = None
    others: tuple[tuple[int, float, float], ...] = ()

    def sure_among(self, candidates: int) -> tuple[float, float] | None:
        """``sure`` for a number of candidates: interpolated in its logarithm, as of a ``Point``."""
        if self.sure is None or self.among is None or not self.others:
            return self.sure
        number, *sures = zip(*sorted([(self.among, *self.sure), *self.others]), strict=True)
        a, b = _between(math.log(max(1, candidates)), np.log(number), sures)
        return a, b


class Calibration(Settings):
    """One modality's calibration.

    Attributes:
        points: by number of candidates, ascending.
        isomers: where all candidates have one formula, or nearly one mass.
        rerank: None where the plugin has no second opinion.
        rerank_isomers: where all candidates have one formula, or nearly one mass: there the second
            opinion may know more, and the score less.
        kinds: for measurements of which certain fields are known, by these fields' names with
            commas: a bare list of shifts tells less than one with multiplicities. They have no
            kinds of their own.
    """

    points: tuple[Point, ...] = Field(min_length=1)
    isomers: Point | None = None
    rerank: Rerank | None = None
    rerank_isomers: Rerank | None = None
    kinds: dict[str, Calibration] = Field(default_factory=dict)

    @classmethod
    def constant(cls, scale: float) -> Calibration:
        """One scale for everything."""
        return cls(points=(Point(candidates=1, scale=scale),))

    def of(self, filled: Sequence[str]) -> Calibration:
        """The calibration for measurements of which these fields are known (``Signal.filled``).

        It is that of the kind that shares most of its fields with them, or the general one where no
        kind shares at least half. Fields that no kind names do not count: no encoder sees them.
        """
        alike, best = 0.5, self
        known = set(filled) & {name for key in self.kinds for name in key.split(",")}
        for key, kind in self.kinds.items():
            fields = set(key.split(","))
            share = len(fields & known) / max(len(fields | known), 1)
            if share > alike or (share == alike and best is self):
                alike, best = share, kind
        return best

    def opinion(self, filled: Sequence[str], *, filtered: bool = False) -> Rerank | None:
        """How the second opinion on such measurements is weighed: the general way where their kind
        has none of its own."""
        kind = self.of(filled)
        if filtered:
            found = kind.rerank_isomers or self.rerank_isomers
            if found is not None:
                return found
        return kind.rerank or self.rerank

    def at(self, candidates: int, *, filtered: bool = False) -> Point:
        """The calibration for a number of candidates.

        Between two points everything is interpolated in the logarithm of the number. Above the last
        one all stays as it is: more candidates enter the sum of the softmax, and that is all they do.
        Below the first one the scale goes on along the line through all points' logarithms, no
        further than by a factor of ten.
        """
        if filtered and self.isomers is not None:
            return self.isomers.model_copy(update={"candidates": max(1, candidates)})
        known = np.log([point.candidates for point in self.points])
        place = math.log(max(1, candidates))
        logs = np.log([point.scale for point in self.points])
        if len(known) > 1 and place < known[0]:
            below = float(np.polyfit(known, logs, 1)[0]) * (place - float(known[0]))
            scale = math.exp(float(logs[0]) + max(-FURTHEST, min(FURTHEST, below)))
        else:
            scale = math.exp(float(np.interp(place, known, logs)))

        def between(fits: Sequence[tuple[float, ...] | None]) -> tuple[float, ...] | None:
            if any(fit is None for fit in fits):
                return None
            return _between(place, known, np.array(fits, dtype=float).T)

        tail, ratio, mass = _between(
            place,
            known,
            [
                [point.tail for point in self.points],
                [point.tail_scale / point.scale for point in self.points],
                [point.set_mass for point in self.points],
            ],
        )
        return Point(
            candidates=max(1, candidates),
            scale=scale,
            tail=tail,
            tail_scale=ratio * scale,
            set_mass=mass,
            sure=between([point.sure for point in self.points]),
            present=between([point.present for point in self.points]),
        )


class Best(NamedTuple):
    """The log likelihoods that tell whether an answer is among the candidates.

    Attributes:
        first: of the best candidate.
        margin: to the second, at most ``MARGIN_CAP``.
    """

    first: np.ndarray
    margin: np.ndarray

    @classmethod
    def of(cls, first: np.ndarray, second: np.ndarray) -> Best:
        """From the best two values; ``second`` is -inf where there is one candidate only."""
        return cls(first, np.minimum(first - second, MARGIN_CAP))


def log_odds_present(point: Point, best: Best) -> np.ndarray | None:
    """Log odds that the molecule is among the candidates, if that is as likely as not beforehand."""
    if point.present is None:
        return None
    a, b, c = point.present
    return np.asarray(a + b * best.first + c * best.margin)


def log_odds(probability: np.ndarray) -> np.ndarray:
    """``log(p / (1 - p))``, finite also where p is 0 or 1."""
    p = np.clip(probability, LEAST_DOUBT, 1 - LEAST_DOUBT)
    return np.asarray(np.log(p) - np.log1p(-p))


def set_right(sure: tuple[float, float] | None, probability: np.ndarray) -> np.ndarray:
    """Probabilities of the best candidates with the first one's set right.

    The others share what it leaves as they did before, and the first stays the likeliest.

    Args:
        sure: see ``Point``; None changes nothing.
        probability: ``(..., k)``, the best first, from a softmax over all candidates.
    """
    if sure is None or probability.shape[-1] < 2:
        return probability
    first, second = probability[..., :1], probability[..., 1:2]
    rest = np.maximum(1 - first, second)  # no less than that by rounding
    p = 1 / (1 + np.exp(-(sure[0] + sure[1] * log_odds(first))))
    # as likely as the second at least: p >= second * (1 - p) / rest
    p = np.maximum(p, second / np.where(rest > 0, rest + second, 1.0))
    shared = probability[..., 1:] * (1 - p) / np.where(rest > 0, rest, 1.0)
    return np.concatenate([p, shared], axis=-1)


def sigmoid(value: float) -> float:
    """``1 / (1 + exp(-value))``."""
    return 1.0 / (1.0 + math.exp(-max(-700.0, min(700.0, value))))
