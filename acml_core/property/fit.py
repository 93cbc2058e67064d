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
from acml_core.property.finetune import FinetuneConfig, finetune, predict
from acml_core.property.metrics import METRIC, figures
from acml_core.property.network import embeddings
from acml_core.property.predictor import FAR_QUANTILE, PropertyInfo, distances, save, unit
from acml_core.property.split import digest, split
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
    """Fine-tune one member a seed, test the ensemble, and write it.

    Args:
        path: where ``table`` was read from.
        how: see ``acml_core.property.split.split``; the first seed is that of a random split.

    Raises:
        BadInput: too few molecules, or a part of the split is empty.
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
    metric = METRIC[table.task]
    networks, tested, validated = [], [], []
    for seed in seeds:
        network, scaling = finetune(
            model.model.graph_encoder, table, parts, settings, seed=seed, device=device,
            report=report if len(seeds) == 1 else lambda _: None,
        )  # fmt: skip
        networks.append(network)
        validated.append(predict(network, table, parts.validation, scaling))
        tested.append(predict(network, table, parts.test, scaling))
        if len(parts.test):
            value = figures(table.task, table.y[parts.test], tested[-1])[metric]
            report(f"seed {seed}: test {metric} {value:.4f}")
    own = unit(embeddings(networks[0].encoder, table.graphs)).astype(np.float16).astype(np.float32)
    away = distances(own[parts.validation], own[parts.train])
    metrics: dict[str, Any] = {
        "validation": figures(table.task, table.y[parts.validation], np.mean(validated, axis=0)),
        "test": figures(table.task, table.y[parts.test], np.mean(tested, axis=0))
        if len(parts.test)
        else None,
    }
    return save(
        out,
        [network.cpu() for network in networks],
        own[parts.train],
        task=table.task,
        targets=table.targets,
        graph=model.model.config.graph,
        dropout=settings.dropout,
        mean=tuple(float(one) for one in scaling.mean),
        deviation=tuple(float(one) for one in scaling.deviation),
        far=float(np.quantile(away, FAR_QUANTILE)),
        began_with=model.hash,
        data={
            "file": path.name,
            "sha256": sha256(path),
            "molecules": len(smiles),
            "split": parts.name,
            "sizes": [len(parts.train), len(parts.validation), len(parts.test)],
            "test_sha256": digest([smiles[i] for i in parts.test]),
        },
        settings=settings.model_dump(),
        metrics=metrics,
        command=command,
    )
