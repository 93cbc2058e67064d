"""Fits on validation molecules what ``acml_core.probability`` holds.

The scales are those under which the validation queries' true molecules are likeliest (temperature
scaling; Guo et al., arXiv 1706.04599; here a mixture of two temperatures), fitted anew for each number
of candidates; then how often the best candidate is right, given what the softmax says of it (Platt
1999). Whether an answer is among the candidates at all is learnt from the same queries with and without
their molecule.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import minimize, minimize_scalar
from torch import Tensor
from torch.nn import functional

from acml_core.evaluation.ranking import Side
from acml_core.library.score import mixture, scores
from acml_core.library.vectors import Vectors
from acml_core.probability import COVERAGE, Best, Calibration, Point, log_odds

SCALE_RANGE = (1e-3, 1e4)
MAX_QUERIES = 2000
"""More than this many queries change the fits by nothing that shows."""

EXACT = 512
"""Best rivals of each query that are looked at one by one; the others are counted by their score."""

BANDS = 256
"""Bands of score in which the others are counted."""

SIZES = (100, 1_000, 3_000, 10_000, 30_000, 100_000)
"""Numbers of candidates that are fitted, beside all of the data set."""

MIN_ISOMER_QUERIES = 30
"""Fewer validation molecules with isomers than this fit nothing."""

FACTORS = (0.05, 0.1, 0.2, 0.3, 0.45, 0.65, 0.8, 1.0, 1.2, 1.45, 1.75, 2.1, 2.6, 3.2, 4.0, 5.0)
"""Scales of the grid, over the best single one."""

EM_STEPS = 60

RIDGE = 1e-3
"""Of the logistic regression: separable data would have no finite answer."""


@dataclass(frozen=True)
class Rivals:
    """What a calibration needs of all scores of some queries; a softmax needs no more.

    Attributes:
        true: (Q, 1) score of each query's own molecule.
        score: (Q, K) scores of the others, the best first: one by one, then the means of bands; -inf
            where there is none.
        log_count: (Q, K) logarithm of how many each stands for.
    """

    true: Tensor
    score: Tensor
    log_count: Tensor

    @classmethod
    def of(cls, true: Tensor, others: Tensor) -> Rivals:
        """From the scores ``(Q, n)`` of the others; -inf marks no candidate."""
        if others.shape[1] <= EXACT + BANDS:
            score = torch.sort(others, dim=1, descending=True).values
            return cls(true, score, torch.zeros_like(score))
        best = torch.topk(others, EXACT, dim=1)
        rest = others.scatter(1, best.indices, -torch.inf)
        high = best.values[:, -1:]
        low = torch.where(torch.isneginf(others), torch.inf, others).amin(1, keepdim=True)
        width = ((high - low) / BANDS).clamp(min=1e-9)
        band = ((high - rest) / width).nan_to_num(posinf=0).long().clamp_(0, BANDS - 1)
        there = torch.isfinite(rest).to(rest.dtype)
        count = torch.zeros(len(rest), BANDS).scatter_add_(1, band, there)
        total = torch.zeros(len(rest), BANDS).scatter_add_(1, band, rest.nan_to_num(neginf=0.0))
        mean = torch.where(count > 0, total / count.clamp(min=1), -torch.inf)
        return cls(
            true,
            torch.cat([best.values, mean], dim=1),
            torch.cat([torch.zeros_like(best.values), count.log()], dim=1),
        )

    @classmethod
    def joined(cls, parts: Sequence[Rivals]) -> Rivals:
        """Of all queries; parts may differ in width."""
        width = max(part.score.shape[1] for part in parts)

        def wide(values: Tensor) -> Tensor:
            return functional.pad(values, (0, width - values.shape[1]), value=-torch.inf)

        return cls(
            torch.cat([part.true for part in parts]),
            torch.cat([wide(part.score) for part in parts]),
            torch.cat([wide(part.log_count) for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.true)

    def log_sum(self, scale: float) -> Tensor:
        """``log sum exp(scale * score)`` over all candidates, (Q, 1) float64."""
        scaled = (self.score * scale).masked_fill(torch.isneginf(self.score), -torch.inf)
        every = torch.cat([self.true * scale, scaled + self.log_count], dim=1).double()
        return torch.logsumexp(every, dim=1, keepdim=True)

    def best_two(self) -> Tensor:
        """(Q, 2) best scores of all, the best first; -inf where there is one only."""
        return torch.topk(torch.cat([self.true, self.score[:, :2]], dim=1), 2, dim=1).values


@dataclass(frozen=True)
class Crowd:
    """Candidates among which queries look for their molecules, whether these are there or not.

    Attributes:
        vectors: (N, p).
        column: (m,) int64, where a molecule of the queries' numbering stands; -1 if nowhere.
        smiles: of some columns.
    """

    vectors: Vectors | Tensor
    column: np.ndarray
    smiles: Callable[[np.ndarray], list[str]]

    def __len__(self) -> int:
        return len(self.vectors)


def fit(queries: Side, gallery: Side, seed: int = 0, *, larger: Crowd | None = None) -> Calibration:
    """Fit everything but the second opinion.

    Args:
        queries: validation measurements.
        gallery: candidate molecules, each once, every query's own among them.
        larger: what is fitted too, if it is larger than the gallery.
    """
    rng = np.random.default_rng(seed)
    if len(queries) > MAX_QUERIES:
        queries = queries.take(np.sort(rng.permutation(len(queries))[:MAX_QUERIES]))
    column = {int(molecule): i for i, molecule in enumerate(gallery.molecule)}
    true = torch.tensor([column[int(molecule)] for molecule in queries.molecule])
    sizes = [*(n for n in SIZES if n < len(gallery)), len(gallery)]
    chosen = [torch.from_numpy(np.sort(rng.permutation(len(gallery))[:n])) for n in sizes]
    rivals: list[list[Rivals]] = [[] for _ in sizes]
    isomers = _Isomers(queries, gallery)
    for rows, block in scores(queries.vectors, gallery.vectors):
        own = true[rows, None]
        found = block.gather(1, own)
        isomers.add(rows, block, found)
        block.scatter_(1, own, -torch.inf)
        for parts, columns in zip(rivals, chosen, strict=True):
            parts.append(Rivals.of(found, block[:, columns]))
    if larger is not None and len(larger) > len(gallery):
        sizes.append(len(larger))
        rivals.append(_of_larger(queries, torch.cat([part.true for part in rivals[-1]]), larger))
    points = [_point(Rivals.joined(parts), size) for parts, size in zip(rivals, sizes, strict=True)]
    return Calibration(points=tuple(points), isomers=isomers.point())


def _of_larger(queries: Side, true: Tensor, larger: Crowd) -> list[Rivals]:
    """Rivals in a larger library of queries whose own molecules have the scores ``true``, (Q, 1)."""
    parts = []
    for rows, block in scores(queries.vectors, larger.vectors):
        own = torch.from_numpy(larger.column[queries.molecule[rows]])
        held = torch.nonzero(own >= 0).squeeze(1)
        block[held, own[held]] = -torch.inf
        parts.append(Rivals.of(true[rows], block))
    return parts


class _Isomers:
    """The same among candidates of the query's formula, for queries that have a rival there."""

    def __init__(self, queries: Side, gallery: Side) -> None:
        self.gallery = gallery
        self.queries = queries
        self.order = np.argsort(gallery.formula, kind="stable")
        known = gallery.formula[self.order]
        self.first = np.searchsorted(known, queries.formula, side="left")
        self.last = np.searchsorted(known, queries.formula, side="right")
        self.parts: list[Rivals] = []
        self.asking: list[int] = []

    def add(self, rows: slice, block: Tensor, found: Tensor) -> None:
        """Take some queries' scores."""
        for r, q in enumerate(range(*rows.indices(len(self.queries)))):
            alike = self.order[self.first[q] : self.last[q]]
            others = alike[self.gallery.molecule[alike] != self.queries.molecule[q]]
            if len(others):
                score = block[r, torch.from_numpy(others)][None]
                self.parts.append(Rivals.of(found[r : r + 1], score))
                self.asking.append(q)

    def point(self) -> Point | None:
        """None where too few molecules have isomers."""
        if len(np.unique(self.queries.molecule[self.asking])) < MIN_ISOMER_QUERIES:
            return None
        candidates = (self.last - self.first)[self.asking].mean()
        return _point(Rivals.joined(self.parts), round(float(candidates)))


def _point(rivals: Rivals, candidates: int) -> Point:
    point = _mixture(rivals, max(1, candidates))
    sharp = rivals.log_sum(point.scale)
    flat = rivals.log_sum(point.tail_scale) if point.tail else sharp

    def likely(score: Tensor) -> Tensor:
        return mixture(point, score.double(), sharp, flat).exp()

    each = likely(rivals.score) * rivals.log_count.double().exp()
    before = (each * (rivals.score > rivals.true)).sum(1).numpy()
    level = min(1.0, math.ceil((len(before) + 1) * COVERAGE) / len(before))
    best = rivals.best_two()
    right = (rivals.true > rivals.score[:, :1])[:, 0].numpy()
    asked = torch.isfinite(best[:, 1]).numpy()
    return point.model_copy(
        update={
            "set_mass": float(np.quantile(before, level, method="higher")),
            "sure": fit_sure(likely(best[:, :1])[:, 0].numpy()[asked], right[asked]),
            "present": _present(rivals, point.scale),
        }
    )


def fit_sure(probability: np.ndarray, right: np.ndarray) -> tuple[float, float] | None:
    """Logistic regression of "the best candidate is the molecule" on the log odds it was given."""
    if len(right) < MIN_ISOMER_QUERIES or right.all() or not right.any():
        return None
    x = log_odds(probability)

    def loss(w: np.ndarray) -> float:
        odds = w[0] + w[1] * x
        return float((np.logaddexp(0, odds) - right * odds).mean() + RIDGE * (w[1] - 1) ** 2)

    found = minimize(
        loss, np.array([0.0, 1.0]), method="L-BFGS-B", bounds=[(None, None), (0.0, None)]
    )
    return float(found.x[0]), float(found.x[1])


def _mixture(rivals: Rivals, candidates: int) -> Point:
    """The likeliest mixture of a sharp and a flat softmax, over a grid of scales about the best one.

    The share of the flat one is found by expectation maximisation for each pair. A mixture has two
    numbers more than one softmax, and must be likelier by what the Bayesian information criterion asks
    for these (Schwarz 1978, doi:10.1214/aos/1176344136).
    """
    centre = _scale(rivals)
    grid = [0.0, *(centre * factor for factor in FACTORS)]
    log_p = np.stack([_log_p(rivals, scale) for scale in grid])
    single = int(log_p.mean(1)[1:].argmax()) + 1
    asked = math.log(len(rivals)) / len(rivals)
    best = float(log_p[single].mean()) + asked, grid[single], 0.0, 0.0
    for sharp in range(1, len(grid)):
        for flat in range(sharp):
            p, q = np.exp(log_p[sharp]), np.exp(log_p[flat])
            tail = 0.1
            for _ in range(EM_STEPS):
                both = (1 - tail) * p + tail * q
                tail = float(np.mean(tail * q / np.maximum(both, 1e-300)))
            value = float(np.log(np.maximum((1 - tail) * p + tail * q, 1e-300)).mean())
            if value > best[0]:
                best = value, grid[sharp], tail, grid[flat]
    return Point(candidates=candidates, scale=best[1], tail=best[2], tail_scale=best[3])


def _log_p(rivals: Rivals, scale: float) -> np.ndarray:
    """Log probabilities (Q,) of the true molecules."""
    return (rivals.true * scale - rivals.log_sum(scale))[:, 0].numpy()


def _scale(rivals: Rivals) -> float:
    def loss(log_scale: float) -> float:
        return -float(_log_p(rivals, float(np.exp(log_scale))).mean())

    low, high = np.log(SCALE_RANGE)
    found = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 0.02})
    return float(np.exp(found.x))


def best_two(log_likelihood: Tensor) -> Best:
    """The best two values of each row ``(Q, n)``."""
    top = torch.topk(log_likelihood, min(2, log_likelihood.shape[1]), dim=1).values.numpy()
    second = top[:, 1] if top.shape[1] > 1 else np.full(len(top), -np.inf)
    return Best.of(top[:, 0], second)


def _present(rivals: Rivals, scale: float) -> tuple[float, float, float] | None:
    """Logistic regression of "the true molecule is there" on the best two of each row."""
    usable = torch.isfinite(rivals.score[:, 0])
    if int(usable.sum()) < MIN_ISOMER_QUERIES:
        return None
    there = rivals.best_two()[usable].double() * scale
    absent = rivals.score[usable, :2].double() * scale
    rows, labels = [], []
    for label, values in ((1.0, there), (0.0, absent)):
        best = best_two(values)
        rows.append(np.stack([np.ones(len(best.first)), best.first, best.margin], axis=1))
        labels.append(np.full(len(best.first), label))
    x, y = np.concatenate(rows), np.concatenate(labels)
    centre, spread = x[:, 1:].mean(0), x[:, 1:].std(0) + 1e-9
    z = np.concatenate([x[:, :1], (x[:, 1:] - centre) / spread], axis=1)

    def loss(w: np.ndarray) -> float:
        odds = z @ w
        return float((np.logaddexp(0, odds) - y * odds).mean() + RIDGE * (w[1:] ** 2).sum())

    w = minimize(loss, np.zeros(3), method="BFGS").x
    slopes = w[1:] / spread
    return (float(w[0] - (slopes * centre).sum()), float(slopes[0]), float(slopes[1]))
