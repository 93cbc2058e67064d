"""Fits on validation molecules what ``acml_core.probability`` holds.

The scales are those under which the validation queries' true molecules are likeliest (temperature
scaling; Guo et al., arXiv 1706.04599; here a mixture of two temperatures), fitted anew for each number
of candidates. Whether an answer
is among the candidates at all is learnt from the same queries with and without their molecule.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.optimize import minimize, minimize_scalar
from torch import Tensor

from acml_core.evaluation.ranking import Side
from acml_core.library.score import log_likelihoods, scores
from acml_core.probability import COVERAGE, Best, Calibration, Point

SCALE_RANGE = (1e-3, 1e4)
MAX_QUERIES = 1000
"""More than this many queries change the fits by nothing that shows."""

MAX_SCORES = 60_000_000
"""Scores held at a time (240 MB). For large galleries fewer queries ask, but ``FEWEST``; and what is
still too large is sampled."""

FEWEST = 400
SIZES = (100, 1_000, 10_000, 100_000)
"""Numbers of candidates that are fitted, beside all of the data set."""

MIN_ISOMER_QUERIES = 30
"""Fewer validation molecules with isomers than this fit nothing."""

FACTORS = (0.05, 0.1, 0.2, 0.3, 0.45, 0.65, 0.8, 1.0, 1.2, 1.45, 1.75, 2.1, 2.6, 3.2, 4.0, 5.0)
"""Scales of the grid, over the best single one."""

EM_STEPS = 60

RIDGE = 1e-3
"""Of the logistic regression: separable data would have no finite answer."""


def fit(queries: Side, gallery: Side, seed: int = 0) -> Calibration:
    """Fit everything but the second opinion.

    Args:
        queries: validation measurements.
        gallery: candidate molecules, each once, every query's own among them.
    """
    rng = np.random.default_rng(seed)
    most = min(MAX_QUERIES, max(FEWEST, MAX_SCORES // len(gallery)))
    if len(queries) > most:
        queries = queries.take(np.sort(rng.permutation(len(queries))[:most]))
    largest = MAX_SCORES // len(queries)
    if len(gallery) > largest:
        own = np.isin(gallery.molecule, queries.molecule)
        others = rng.permutation(np.flatnonzero(~own))[: largest - int(own.sum())]
        gallery = gallery.take(np.sort(np.concatenate([np.flatnonzero(own), others])))
    column = {int(molecule): i for i, molecule in enumerate(gallery.molecule)}
    true = torch.tensor([column[int(molecule)] for molecule in queries.molecule])
    every = torch.cat([block for _, block in scores(queries.vectors, gallery.vectors)])
    points = []
    for size in [*(n for n in SIZES if n < len(gallery)), len(gallery)]:
        chosen = torch.from_numpy(np.sort(rng.permutation(len(gallery))[:size]))
        points.append(_point(_with_true_first(every[:, chosen], chosen, every, true), size))
    return Calibration(points=tuple(points), isomers=_isomers(queries, gallery, every, true))


def _with_true_first(block: Tensor, chosen: Tensor, every: Tensor, true: Tensor) -> Tensor:
    """Scores with the true molecule in column 0 and nowhere else."""
    rivals = block.masked_fill(chosen[None, :] == true[:, None], -torch.inf)
    return torch.cat([every.gather(1, true[:, None]), rivals], dim=1)


def _isomers(queries: Side, gallery: Side, every: Tensor, true: Tensor) -> Point | None:
    """The same among candidates of the query's formula, for queries that have a rival there."""
    order = np.argsort(gallery.formula, kind="stable")
    first = np.searchsorted(gallery.formula[order], queries.formula, side="left")
    last = np.searchsorted(gallery.formula[order], queries.formula, side="right")
    asking = np.flatnonzero(last - first > 1)
    if len(np.unique(queries.molecule[asking])) < MIN_ISOMER_QUERIES:
        return None
    width = int((last - first)[asking].max())
    matrix = torch.full((len(asking), width + 1), -torch.inf)
    for row, q in enumerate(asking):
        others = [i for i in order[first[q] : last[q]] if i != int(true[q])]
        matrix[row, 0] = every[q, true[q]]
        matrix[row, 1 : len(others) + 1] = every[q, torch.tensor(others)]
    return _point(matrix, round(float((last - first)[asking].mean())))


def _point(matrix: Tensor, candidates: int) -> Point:
    """Fit on scores ``(Q, n)`` whose column 0 is the true molecule; -inf marks no candidate."""
    point = _mixture(matrix, max(1, candidates))
    p = log_likelihoods(point, matrix).exp()
    before = (p * (matrix > matrix[:, :1])).sum(1).numpy()
    level = min(1.0, math.ceil((len(before) + 1) * COVERAGE) / len(before))
    return point.model_copy(
        update={
            "set_mass": float(np.quantile(before, level, method="higher")),
            "present": _present(matrix.double() * point.scale),
        }
    )


def _mixture(matrix: Tensor, candidates: int) -> Point:
    """The likeliest mixture of a sharp and a flat softmax, over a grid of scales about the best one.

    The share of the flat one is found by expectation maximisation for each pair. A mixture has two
    numbers more than one softmax, and must be likelier by what the Bayesian information criterion asks
    for these (Schwarz 1978, doi:10.1214/aos/1176344136).
    """
    centre = _scale(matrix)
    grid = [0.0, *(centre * factor for factor in FACTORS)]
    rows = []
    for scale in grid:
        scaled = (matrix * scale).masked_fill(torch.isneginf(matrix), -torch.inf)
        rows.append((scaled[:, 0] - torch.logsumexp(scaled, 1)).double().numpy())
    log_p = np.stack(rows)
    single = int(log_p.mean(1)[1:].argmax()) + 1
    asked = math.log(len(matrix)) / len(matrix)
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


def _scale(matrix: Tensor) -> float:
    def loss(log_scale: float) -> float:
        scaled = matrix * float(np.exp(log_scale))
        return float((torch.logsumexp(scaled, 1) - scaled[:, 0]).mean())

    low, high = np.log(SCALE_RANGE)
    found = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 0.02})
    return float(np.exp(found.x))


def best_two(log_likelihood: Tensor) -> Best:
    """The best two values of each row ``(Q, n)``."""
    top = torch.topk(log_likelihood, min(2, log_likelihood.shape[1]), dim=1).values.numpy()
    second = top[:, 1] if top.shape[1] > 1 else np.full(len(top), -np.inf)
    return Best.of(top[:, 0], second)


def _present(log_likelihood: Tensor) -> tuple[float, float, float] | None:
    """Logistic regression of "the true molecule is there" on the best two of each row."""
    absent = log_likelihood[:, 1:]
    usable = torch.isfinite(absent).any(1)
    if int(usable.sum()) < MIN_ISOMER_QUERIES:
        return None
    rows, labels = [], []
    for label, values in ((1.0, log_likelihood[usable]), (0.0, absent[usable])):
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
