"""Several measurements of one sample: what each finds, what they find together, and their weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from acml_core.artefact import Artefact
from acml_core.data.dataset import Dataset, load
from acml_core.data.split import SPLITS, SplitConfig, assign
from acml_core.errors import BadInput
from acml_core.evaluation import metrics
from acml_core.evaluation.calibration import fit_sure
from acml_core.evaluation.confidence import bins, calibration_error
from acml_core.evaluation.further import further
from acml_core.evaluation.ranking import Ranks
from acml_core.graphs.packed import PackedGraphs
from acml_core.library.fusion import Fusion, combination
from acml_core.library.score import log_likelihoods, scores
from acml_core.probability import set_right

LEAST = 20
"""Fewer test molecules with every measurement than this say nothing."""

MAX_SCORES = 60_000_000
"""Log likelihoods held at a time for the fit, over all modalities (240 MB)."""

WEIGHT_RANGE = (0.0, 3.0)
WEIGHTS_FILE = "fusion.json"
"""In the folder of the report: what ``acml search --weights`` takes."""


@dataclass(frozen=True)
class Part:
    """One modality's model, table and candidate vectors."""

    artefact: Artefact
    dataset: Dataset
    vectors: Tensor


def evaluate_fusion(
    models: Mapping[str, Artefact],
    tables: Mapping[str, Sequence[Path]],
    *,
    library: Path | None = None,
    seed: int = 0,
    report: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Fit the modalities' weights on validation molecules and test every combination.

    The test molecules have every measurement, are in the test part of the split, and no model has
    seen them. Of several measurements of a molecule one is drawn.

    Args:
        library: further candidates; without it, the molecules of all tables.

    Returns:
        ``weights`` and ``sure`` of a ``Fusion``, the number of candidates and queries, and a row for
        each combination with recall and the calibration error of its probabilities.
    """
    split = SplitConfig()
    sets = {
        name: load(list(tables[name]), [models[name].model.modalities[name]], split, seed=seed)
        for name in models
    }
    gallery = _gallery([one.graphs for one in sets.values()], library)
    report(f"encoding {len(gallery)} candidates for {len(models)} models")
    parts = {
        name: Part(models[name], sets[name], models[name].model.encode_molecules(gallery, name))
        for name in models
    }
    place = {key: i for i, key in enumerate(gallery.keys)}
    common = sorted(set.intersection(*(_measured(name, one) for name, one in sets.items())))
    sides = assign(common, split)
    unseen = ~np.any([one.has_seen(common) for one in models.values()], axis=0)
    fitting = [k for k, s in zip(common, sides, strict=True) if SPLITS[s] == "validation"]
    testing = [
        k for k, s, u in zip(common, sides, unseen, strict=True) if SPLITS[s] == "test" and u
    ]
    if len(testing) < LEAST or len(fitting) < LEAST:
        raise BadInput(
            f"{len(testing)} test and {len(fitting)} validation molecules have every measurement",
            remedy=f"At least {LEAST} of each are needed; give larger tables.",
        )
    fitting = fitting[: max(LEAST, MAX_SCORES // (len(gallery) * len(parts)))]
    known = {name: _likely(name, part, fitting, seed) for name, part in parts.items()}
    own = np.array([place[key] for key in fitting])
    weights = _fit(known, own)
    likely = {name: _likely(name, part, testing, seed) for name, part in parts.items()}
    true = np.array([place[key] for key in testing])
    rows = []
    fusion = Fusion(weights=weights)
    for size in range(1, len(parts) + 1):
        for names in combinations(parts, size):
            chosen = {n: 1.0 if size == 1 else weights[n] for n in names}
            sure = fit_sure(*_first(_together(chosen, known), own))
            if sure is not None:
                fusion.sure[combination(names)] = sure
            rows.append(_row(chosen, likely, true, sure, seed))
    return {
        **fusion.model_dump(mode="json"),
        "queries": len(testing),
        "validation_molecules": len(fitting),
        "candidates": len(gallery),
        "split": "test molecules by InChIKey-14, unseen by every model",
        "rows": rows,
    }


def _gallery(parts: Sequence[PackedGraphs], library: Path | None) -> PackedGraphs:
    found = list(parts)
    if library is not None:
        found.append(further(library)[0])
    joined = PackedGraphs.concatenate(found)
    return joined.select(np.sort(np.unique(joined.keys.astype(str), return_index=True)[1]))


def _measured(name: str, dataset: Dataset) -> set[str]:
    return {str(dataset.graphs.keys[i]) for i in np.unique(dataset.measured[name].molecule)}


def _likely(name: str, part: Part, keys: Sequence[str], seed: int) -> Tensor:
    """Log likelihoods of every candidate: ``(len(keys), G)`` float32."""
    rng = np.random.default_rng(seed)
    measured = part.dataset.measured[name]
    number = {key: i for i, key in enumerate(part.dataset.graphs.keys)}
    signals = [
        measured.signals[int(rng.choice(np.flatnonzero(measured.molecule == number[key])))]
        for key in keys
    ]
    queries = part.artefact.model.encode_signals(name, signals)
    points = [part.artefact.calibration(name, one).at(len(part.vectors)) for one in signals]
    likely = torch.empty(len(signals), len(part.vectors))
    for rows, block in scores(queries, part.vectors):
        for row, scored in zip(range(*rows.indices(len(signals))), block, strict=True):
            likely[row] = log_likelihoods(points[row], scored).float()
    return likely


def _fit(likely: Mapping[str, Tensor], true: np.ndarray) -> dict[str, float]:
    """Weights under which the validation molecules, candidates ``true`` (Q,), are likeliest."""
    own = torch.from_numpy(true)
    names = list(likely)
    rows = torch.arange(len(true))

    def loss(w: np.ndarray) -> float:
        total = _together({n: float(x) for x, n in zip(w, names, strict=True)}, likely)
        return float((torch.logsumexp(total, 1) - total[rows, own]).mean())

    found = minimize(
        loss,
        np.full(len(names), 0.8),
        method="Nelder-Mead",
        bounds=[WEIGHT_RANGE] * len(names),
        options={"xatol": 0.02, "fatol": 1e-4, "maxfev": 60 * len(names)},
    )
    return {name: round(float(x), 3) for name, x in zip(names, found.x, strict=True)}


def _together(weights: Mapping[str, float], likely: Mapping[str, Tensor]) -> Tensor:
    """Log likelihoods of some modalities, added up: (Q, G)."""
    return torch.stack([w * likely[name] for name, w in weights.items()]).sum(0)


def _ranks(total: Tensor, true: np.ndarray) -> np.ndarray:
    own = total[torch.arange(len(true)), torch.from_numpy(true)]
    return (total >= own[:, None]).sum(1).numpy()  # itself included: ties count against it


def _first(total: Tensor, true: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probability of the best candidate, (Q,), and whether it is the molecule."""
    return torch.softmax(total, 1).amax(1).numpy(), _ranks(total, true) == 1


def _row(
    weights: Mapping[str, float],
    likely: Mapping[str, Tensor],
    true: np.ndarray,
    sure: tuple[float, float] | None,
    seed: int,
) -> dict[str, Any]:
    total = _together(weights, likely)
    rank = _ranks(total, true)
    best = torch.topk(torch.softmax(total.double(), 1), min(2, total.shape[1]), dim=1)
    p = set_right(sure, best.values.numpy())[:, 0]
    found = metrics.of_ranks(Ranks(rank, np.full(len(rank), total.shape[1])))
    return {
        "modalities": list(weights),
        **metrics.summarise(found, true, seed),
        "ece": calibration_error(bins(p, rank == 1)),
    }
