"""The rows of a benchmark: classic models, and each way of using an encoder, untrained and trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from acml_core.artefact import Artefact
from acml_core.components import Choice
from acml_core.property import baselines
from acml_core.property.config import FinetuneConfig
from acml_core.property.member import learn_each, raw
from acml_core.property.scaling import Scaling
from acml_core.property.split import Parts
from acml_core.property.table import PropertyTable
from acml_core.untrained import untrained_encoder

CLASSIC = {
    "ECFP4 + random forest": baselines.forest,
    "RDKit descriptors + gradient boosting": baselines.described,
}

WAYS: dict[str, dict[str, Any]] = {
    "fine-tuned": {"mode": "full"},
    "linear probe": {"mode": "probe"},
    "linear probe with ECFP4": {"mode": "probe", "fingerprint": True},
    "frozen + gradient boosting": {"mode": "boosting"},
}
"""Of using an encoder, with the settings that make them."""

USUAL = (*CLASSIC, "fine-tuned")
"""Rows that are computed unless others are asked for."""

EVERY = "every"
"""Asks for all rows."""

UNTRAINED = "untrained"


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: e.g. ``nmr, fine-tuned``.
        against: the row of the same encoder untrained and used alike; None for other rows.
        config: how the encoder is used; None for classic models.
        encoder: the trained one; None for others.
        fresh: settings of an untrained one.
        weights: hash of the trained model.
    """

    name: str
    against: str | None = None
    config: FinetuneConfig | None = None
    encoder: nn.Module | None = None
    fresh: Choice | None = None
    weights: str | None = None

    @property
    def key(self) -> dict[str, Any]:
        """All that its figures depend on, beside task and seed, as plain data."""
        graph = None if self.fresh is None else self.fresh.model_dump(mode="json")
        if self.config is None:
            settings = baselines.SETTINGS
        else:
            settings = self.config.model_dump(mode="json")
            if self.config.mode != "full":
                settings = {name: settings[name] for name in ("mode", "fingerprint")}
        return {"row": self.name, "weights": self.weights, "graph": graph, "settings": settings}

    @property
    def follows_first(self) -> bool:
        """Whether the other seeds depend on the first one, which chooses how to fine-tune."""
        return self.config is not None and (self.config.mode, self.config.way) == ("full", "chosen")


def rows_of(models: Mapping[str, Artefact], config: FinetuneConfig) -> list[Row]:
    """Every row of the comparison. Models of equal encoder settings share one untrained encoder.

    Args:
        models: by name.
        config: settings of fine-tuning; their mode is each row's own.
    """
    found = [Row(name) for name in CLASSIC]
    label: dict[str, str] = {}
    for name, model in models.items():
        graph = model.model.config.graph
        key = graph.model_dump_json()
        if key not in label:
            label[key] = UNTRAINED if not label else f"{UNTRAINED} like {name}"
            found += [
                Row(f"{label[key]}, {way}", None, _set(config, settings), fresh=graph)
                for way, settings in WAYS.items()
            ]
        found += [
            Row(
                f"{name}, {way}",
                f"{label[key]}, {way}",
                _set(config, settings),
                encoder=model.model.graph_encoder,
                weights=model.hash,
            )
            for way, settings in WAYS.items()
        ]
    return found


def _set(config: FinetuneConfig, settings: dict[str, Any]) -> FinetuneConfig:
    return FinetuneConfig(**{**config.model_dump(), "fingerprint": False, **settings})


def compute(
    row: Row,
    table: PropertyTable,
    parts: Parts,
    seeds: Sequence[int],
    device: torch.device | None = None,
) -> list[np.ndarray]:
    """For each seed, what a row says of the test molecules: ``(len(parts.test), T)``.

    Args:
        seeds: begin with 0 where ``row.follows_first``.
    """
    if row.config is None:
        return CLASSIC[row.name](table, parts, seeds)
    config = row.config

    def encoder(seed: int) -> nn.Module:
        if row.fresh is None:
            assert row.encoder is not None
            return row.encoder
        settle = table.graphs.select(parts.train)
        return untrained_encoder(row.fresh, seed, settle=settle, device=device)

    scaling = Scaling.of(table.task, table.y[parts.train])
    tested = table.graphs.select(parts.test)
    each = ((seed, encoder(seed)) for seed in seeds)
    return [
        scaling.finished(table.task, raw([member], tested, config.fingerprint)[0])
        for member in learn_each(each, table, parts, config, device=device)
    ]
