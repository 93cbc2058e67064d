"""``acml finetune``: from a trained model and a table to a predictor in a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from acml_core.artefact import Artefact
from acml_core.errors import BadInput
from acml_core.files import sha256
from acml_core.property.applicability import FAR_QUANTILE, Domain
from acml_core.property.config import FinetuneConfig
from acml_core.property.intervals import coverage, half_widths
from acml_core.property.member import learn_each, raw
from acml_core.property.metrics import METRIC, figures
from acml_core.property.predictor import PropertyInfo, save
from acml_core.property.readout import read_out
from acml_core.property.scaling import Scaling
from acml_core.property.split import Parts, digest, split
from acml_core.property.table import PropertyTable

LEAST = 10
"""Fewer molecules than this cannot be divided into training, validation and test."""


def fit(
    model: Artefact,
    table: PropertyTable,
    path: Path,
    out: Path,
    *,
    how: str = "scaffold",
    seeds: Sequence[int] = (0,),
    config: FinetuneConfig | None = None,
    device: torch.device | None = None,
    command: str = "",
    report: Callable[[str], None] = print,
) -> PropertyInfo:
    """Learn one member a seed, test the ensemble, and write it.

    Args:
        path: where ``table`` was read from.
        how: see ``acml_core.property.split.split``; the first seed is that of a random split.

    Raises:
        BadInput: too few molecules, or a part of the split is empty.
        Unsupported: trees are asked for, and scikit-learn is not installed.
    """
    settings = config or FinetuneConfig()
    smiles = [str(one) for one in table.graphs.smiles]
    if len(smiles) < LEAST:
        raise BadInput(f"{len(smiles)} molecules are too few", source=path, remedy="Add some.")
    parts = split(smiles, how, seed=seeds[0])
    for name, part in (("training", parts.train), ("validation", parts.validation)):
        if not len(part):
            raise BadInput(
                f"the {name} part of the split is empty", source=path,
                remedy="Use --split random, or a file.",
            )  # fmt: skip
    report(
        f"{len(smiles)} molecules, {len(table.targets)} targets; {parts.name}: "
        f"{len(parts.train)} train, {len(parts.validation)} validation, {len(parts.test)} test"
    )
    members = learn_each(
        [(seed, model.model.graph_encoder) for seed in seeds], table, parts, settings,
        resample=len(seeds) > 1, device=device, report=report,
    )  # fmt: skip
    scaling = Scaling.of(table.task, table.y[parts.train])
    each = scaling.finished(table.task, raw(members, table.graphs, settings.fingerprint))
    own = read_out(members[0].encoder, table.graphs)
    domain = Domain.around(own[parts.train])
    distance = domain.distances(own)
    far = float(np.quantile(distance[parts.validation], FAR_QUANTILE))
    half = (
        half_widths(table.y[parts.validation], each.mean(0)[parts.validation])
        if table.task == "regression"
        else np.zeros(0)
    )
    metrics = _metrics(table, parts, each, half, distance <= far)
    return save(
        out,
        members,
        domain,
        task=table.task,
        targets=table.targets,
        graph=model.model.config.graph,
        mean=tuple(scaling.mean.tolist()),
        deviation=tuple(scaling.deviation.tolist()),
        half_width=tuple(None if np.isnan(one) else float(one) for one in half),
        far=far,
        began_with=model.hash,
        data={
            "file": path.name,
            "sha256": sha256(path),
            "molecules": len(smiles),
            "split": parts.name,
            "sizes": [len(parts.train), len(parts.validation), len(parts.test)],
            "test_sha256": digest([smiles[i] for i in parts.test]),
        },
        settings=settings,
        metrics=metrics,
        command=command,
    )


def _metrics(
    table: PropertyTable, parts: Parts, each: np.ndarray, half: np.ndarray, inside: np.ndarray
) -> dict[str, Any]:
    """Figures of the ensemble on validation and test, and on the test inside and outside.

    Args:
        each: (M, N, T) what the members say of all molecules.
        half: (T,) half widths of the intervals; none for classes.
        inside: (N,) whether a molecule is like those learnt.
    """
    value, test = each.mean(0), parts.test

    def judged(part: np.ndarray) -> dict[str, Any] | None:
        return figures(table.task, table.y[part], value[part]) if len(part) else None

    def judged_by(said: np.ndarray) -> float:
        return float(figures(table.task, table.y[test], said[test])[METRIC[table.task]])

    found: dict[str, Any] = {
        "validation": judged(parts.validation),
        "test": judged(test),
        "test_inside": judged(test[inside[test]]),
        "test_outside": judged(test[~inside[test]]),
        "members_test": [judged_by(one) for one in each] if len(test) else None,
    }
    if len(half):
        found["test_interval_coverage"] = coverage(table.y[test], value[test], half)
    return found
