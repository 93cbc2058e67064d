"""Do the stated probabilities mean what they say? Measured on test queries.

Expected calibration error (Guo et al., arXiv 1706.04599): queries are sorted into bins by the
probability of their best candidate; in each bin the mean probability is compared with how often that
candidate was right. Coverage: how often the 90 % set held the answer. Detection: the same queries are
asked again with their molecule taken out, and the area under the ROC curve says how well the two
cases are told apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor

from acml_core.evaluation.calibration import best_two
from acml_core.evaluation.ranking import Filter, Side, allowed
from acml_core.library.score import log_likelihoods, scores
from acml_core.probability import Calibration, log_odds_present, set_right

BINS = 10
MAX_QUERIES = 1500
NEAR = 1024
"""Most sets are smaller than this; only the rows of others are sorted as a whole."""

DRAWS = 200

DIGITS = 6
"""Decimals of what is reported; more would fill the metrics of every model."""

LEAST = 20
"""Fewer queries than this say nothing about probabilities."""


def confidence(
    queries: Side,
    gallery: Side,
    calibrations: Sequence[Calibration],
    filter: Filter,
    *,
    mass_ppm: float = 10.0,
    seed: int = 0,
) -> dict[str, Any] | None:
    """Calibration of one gallery and filter; None for too few queries.

    Args:
        calibrations: of each query.

    Returns:
        ``queries``; ``ece``; ``ece_by_chance``, see ``chance_error``; ``bins`` of ``probability``,
        ``right`` and ``queries``; ``coverage`` of the 90 % set, its ``set_size_median``;
        ``detection_auc`` (None where single candidates leave nothing to detect).
    """
    if len(queries) > MAX_QUERIES:
        rng = np.random.default_rng(seed)
        drawn = np.sort(rng.permutation(len(queries))[:MAX_QUERIES])
        queries, calibrations = queries.take(drawn), [calibrations[i] for i in drawn]
    if len(queries) < LEAST:
        return None
    found: list[tuple[np.ndarray, ...]] = []
    asked: list[np.ndarray] = []
    alike: dict[int, list[int]] = {}
    for q, one in enumerate(calibrations):
        alike.setdefault(id(one), []).append(q)
    for group in alike.values():
        part, calibration = queries.take(np.array(group)), calibrations[group[0]]
        asked.append(part.molecule)
        for matrix in _rows(part, gallery, filter, mass_ppm):
            found.append(_look(matrix, calibration, filtered=filter != "none"))
    top, right, held, size, present, absent = (np.concatenate(x) for x in zip(*found, strict=True))
    sorted_in = bins(top, right)
    gone = np.isfinite(absent) & np.isfinite(present)
    return {
        "queries": len(top),
        "ece": calibration_error(sorted_in),
        "ece_by_chance": chance_error(top, np.concatenate(asked), seed),
        "bins": sorted_in,
        "coverage": round(float(held.mean()), DIGITS),
        "set_size_median": float(np.median(size)),
        "detection_auc": (
            round(auc(present[gone], absent[gone]), DIGITS) if gone.sum() >= LEAST else None
        ),
    }


def auc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Area under the ROC curve: how often a positive stands above a negative."""
    ranks = rankdata(np.concatenate([positive, negative]))
    own = ranks[: len(positive)].sum() - len(positive) * (len(positive) + 1) / 2
    return float(own / (len(positive) * len(negative)))


def _rows(queries: Side, gallery: Side, filter: Filter, mass_ppm: float) -> Iterator[Tensor]:
    """Scores with the true molecule in column 0; -inf where a column is no candidate."""
    place = {int(molecule): i for i, molecule in enumerate(gallery.molecule)}
    true = torch.tensor([place[int(molecule)] for molecule in queries.molecule])
    for rows, block in scores(queries.vectors, gallery.vectors):
        own = true[rows, None]
        if filter == "none":
            rivals = block.scatter(1, own, -torch.inf)
        else:
            part = queries.take(np.arange(rows.start, rows.stop))
            mask = torch.from_numpy(allowed(part, gallery, filter, mass_ppm))
            rivals = block.masked_fill(~mask, -torch.inf)
            rivals = rivals.scatter(1, own, -torch.inf)
            width = int(torch.isfinite(rivals).sum(1).max())
            rivals = torch.topk(rivals, max(1, width), dim=1).values
        yield torch.cat([block.gather(1, own), rivals], dim=1)


def _look(matrix: Tensor, calibration: Calibration, *, filtered: bool) -> tuple[np.ndarray, ...]:
    """Per query: top probability, whether right, in the set, its size, and both log odds."""
    count = torch.isfinite(matrix).sum(1)
    # one calibration a number of candidates; unfiltered they are all the same
    out = [np.empty(len(matrix)) for _ in range(6)]
    for n in torch.unique(count).tolist():
        here = torch.nonzero(count == n).squeeze(1)
        part = matrix[here]
        point = calibration.at(int(n), filtered=filtered)
        p = log_likelihoods(point, part).exp()
        before = (p * (part > part[:, :1])).sum(1)
        top = set_right(point.sure, torch.topk(p, min(2, int(n)), dim=1).values.double().numpy())
        scaled = (part * point.scale).double()
        odds = np.full((2, len(part)), np.nan)
        if n > 1 and point.present is not None:
            for which, values in enumerate((scaled, scaled[:, 1:])):
                found = log_odds_present(point, best_two(values))
                assert found is not None
                odds[which] = found
        rivals = part[:, 1:].amax(1) if part.shape[1] > 1 else torch.full((len(part),), -torch.inf)
        for target, values in zip(
            out,
            (
                top[:, 0],
                (part[:, 0] > rivals).numpy(),
                (before <= point.set_mass).numpy(),
                _set_sizes(p, point.set_mass).numpy(),
                odds[0],
                odds[1],
            ),
            strict=True,
        ):
            target[here.numpy()] = values
    return tuple(out)


def _set_sizes(p: Tensor, mass: float) -> Tensor:
    """How many candidates have no more than ``mass`` of the probability before them, (Q,)."""
    near = _inside(torch.topk(p, min(NEAR, p.shape[1]), dim=1).values, mass)
    larger = torch.nonzero(near == NEAR).squeeze(1)
    if p.shape[1] > NEAR and len(larger):
        near[larger] = _inside(torch.sort(p[larger], dim=1, descending=True).values, mass)
    return near


def _inside(ordered: Tensor, mass: float) -> Tensor:
    before = ordered.cumsum(1) - ordered
    return (before <= mass).logical_and(ordered > 0).sum(1)


def calibration_error(sorted_in: Sequence[Mapping[str, float]]) -> float:
    """Expected calibration error of ``bins``."""
    total = sum(one["queries"] for one in sorted_in)
    gap = sum(abs(one["probability"] - one["right"]) * one["queries"] for one in sorted_in)
    return round(gap / total, DIGITS)


def chance_error(top: np.ndarray, molecule: np.ndarray, seed: int = 0) -> float:
    """Expected calibration error that probabilities would show if they were true.

    Few queries fill the bins, and those of one molecule are no independent ones: they are taken to be
    right together, as far as their probabilities allow. Mean over ``DRAWS`` draws.

    Args:
        top: (Q,) probability of each query's best candidate.
        molecule: (Q,) equal numbers for equal molecules.
    """
    rng = np.random.default_rng(seed)
    each, own = np.unique(molecule, return_inverse=True)
    drawn = rng.random((DRAWS, len(each)))
    each_draw = [calibration_error(bins(top, one[own] < top)) for one in drawn]
    return round(float(np.mean(each_draw)), DIGITS)


def bins(top: np.ndarray, right: np.ndarray) -> list[dict[str, float]]:
    """Queries by the probability of their best candidate, in ``BINS`` equal steps, none empty."""
    number = np.minimum((top * BINS).astype(int), BINS - 1)
    return [
        {
            "probability": round(float(top[number == b].mean()), DIGITS),
            "right": round(float(right[number == b].mean()), DIGITS),
            "queries": int((number == b).sum()),
        }
        for b in range(BINS)
        if (number == b).any()
    ]
