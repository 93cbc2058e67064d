"""Several measurements of one sample: what each finds, what they find together, and their weights."""

from __future__ import annotations

import json
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
from acml_core.data import molecules as molecule_files
from acml_core.data.dataset import Dataset, load
from acml_core.data.split import SPLITS, SplitConfig, assign
from acml_core.errors import BadInput
from acml_core.evaluation import metrics
from acml_core.evaluation.confidence import bins, calibration_error
from acml_core.evaluation.ranking import Ranks
from acml_core.files import write_text
from acml_core.graphs.build import cached
from acml_core.graphs.packed import PackedGraphs
from acml_core.library.score import log_likelihoods, scores

LEAST = 20
"""Fewer test molecules with every measurement than this say nothing."""

MAX_SCORES = 60_000_000
"""Log likelihoods held at a time for the fit, over all modalities (240 MB)."""

WEIGHT_RANGE = (0.0, 3.0)
WEIGHTS_FILE = "fusion.json"


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
        ``weights`` by modality, the number of candidates and queries, and a row for each
        combination with recall and the calibration error of its probabilities.
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
    weights = _fit({n: _likely(n, p, fitting, seed) for n, p in parts.items()}, place, fitting)
    likely = {name: _likely(name, part, testing, seed) for name, part in parts.items()}
    true = np.array([place[key] for key in testing])
    rows = []
    for size in range(1, len(parts) + 1):
        for names in combinations(parts, size):
            chosen = {n: 1.0 if size == 1 else weights[n] for n in names}
            rows.append(_row(chosen, likely, true, seed))
    return {
        "weights": weights,
        "queries": len(testing),
        "validation_molecules": len(fitting),
        "candidates": len(gallery),
        "split": "test molecules by InChIKey-14, unseen by every model",
        "rows": rows,
    }


def write_weights(path: Path, weights: Mapping[str, float]) -> None:
    """For ``acml search --weights``."""
    write_text(path, json.dumps({"weights": dict(weights)}, indent=1))


def read_weights(path: Path) -> dict[str, float]:
    """What ``write_weights`` wrote.

    Raises:
        BadInput: another file.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["weights"]
        return {str(name): float(value) for name, value in found.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise BadInput(
            "no weights can be read", source=path, remedy="Give what 'acml eval fusion' wrote."
        ) from None


def _gallery(parts: Sequence[PackedGraphs], library: Path | None) -> PackedGraphs:
    found = list(parts)
    if library is not None:
        graphs, rows, _ = cached(molecule_files.read(library))
        found.append(graphs.select(np.unique(rows[rows >= 0])))
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


def _fit(
    likely: Mapping[str, Tensor], place: Mapping[str, int], keys: Sequence[str]
) -> dict[str, float]:
    """Weights under which the validation molecules are likeliest."""
    true = torch.tensor([place[key] for key in keys])
    names = list(likely)
    rows = torch.arange(len(keys))

    def loss(w: np.ndarray) -> float:
        total = torch.stack([float(x) * likely[n] for x, n in zip(w, names, strict=True)]).sum(0)
        return float((torch.logsumexp(total, 1) - total[rows, true]).mean())

    found = minimize(
        loss,
        np.full(len(names), 0.8),
        method="Nelder-Mead",
        bounds=[WEIGHT_RANGE] * len(names),
        options={"xatol": 0.02, "fatol": 1e-4, "maxfev": 60 * len(names)},
    )
    return {name: round(float(x), 3) for name, x in zip(names, found.x, strict=True)}


def _row(
    weights: Mapping[str, float], likely: Mapping[str, Tensor], true: np.ndarray, seed: int
) -> dict[str, Any]:
    total = torch.stack([w * likely[name] for name, w in weights.items()]).sum(0)
    own = total[torch.arange(len(true)), torch.from_numpy(true)]
    rank = (total >= own[:, None]).sum(1).numpy()  # itself included: ties count against it
    p = torch.softmax(total, 1).amax(1).numpy()
    found = metrics.of_ranks(Ranks(rank, np.full(len(rank), total.shape[1])))
    return {
        "modalities": list(weights),
        **metrics.summarise(found, true, seed),
        "ece": calibration_error(bins(p, rank == 1)),
    }
