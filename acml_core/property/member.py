"""One member of a predictor: an encoder and what was learnt on top of it, by one of three modes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from acml_core.graphs.packed import PackedGraphs
from acml_core.property.config import FinetuneConfig, Way
from acml_core.property.finetune import finetune
from acml_core.property.network import Head
from acml_core.property.probe import probe
from acml_core.property.readout import read_out
from acml_core.property.scaling import Scaling
from acml_core.property.split import Parts
from acml_core.property.table import PropertyTable
from acml_core.property.trees import BoostedTrees, boost
from acml_core.semantics.embeddings import ecfp4


class Member(NamedTuple):
    """What predicts.

    Attributes:
        encoder: graph encoder in eval mode.
        head: on its readouts, with ECFP4 bits beside them where the mode asks for them.
        way: of fine-tuning; None for what keeps the encoder frozen.
    """

    encoder: nn.Module
    head: Head | BoostedTrees
    way: Way | None = None


def learn_each(
    encoders: Iterable[tuple[int, nn.Module]],
    table: PropertyTable,
    parts: Parts,
    config: FinetuneConfig,
    *,
    resample: bool = False,
    device: torch.device | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> list[Member]:
    """``learn`` from each seed and its encoder; how to fine-tune is chosen with the first one."""
    members: list[Member] = []
    for seed, encoder in encoders:
        report(f"seed {seed}: {config.mode}")
        chosen = members[0].way if members else None
        if chosen is not None:
            config = config.model_copy(update={"way": chosen})
        members.append(
            learn(
                encoder, table, parts, config, seed=seed,
                resample=resample, device=device, report=report,
            )
        )  # fmt: skip
    return members


def learn(
    encoder: nn.Module,
    table: PropertyTable,
    parts: Parts,
    config: FinetuneConfig,
    *,
    seed: int = 0,
    resample: bool = False,
    device: torch.device | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Member:
    """Learn a table's targets from its training molecules.

    Args:
        encoder: not changed; frozen, it computes where it is.
        parts: validation stops or tunes; the test molecules are not looked at.
        resample: fit probes and trees to a bootstrap draw of the training molecules; without it
            those of several members would be one and the same.

    Raises:
        Unsupported: trees are asked for, and scikit-learn is not installed.
    """
    if config.mode == "full":
        network, way = finetune(
            encoder,
            table,
            parts,
            config,
            seed=seed,
            resample=resample,
            device=device,
            report=report,
        )
        return Member(network.encoder, network.head, way)
    scaling = Scaling.of(table.task, table.y[parts.train])
    x = features(encoder.eval(), table.graphs, config.fingerprint)
    y = scaling.scaled(table.y)
    train, validation = parts.train, parts.validation
    if resample:
        train = np.random.default_rng(seed).choice(train, len(train))
    if config.mode == "boosting":
        return Member(encoder, boost(table.task, x[train], y[train], seed))
    return Member(encoder, probe(table.task, x[train], y[train], x[validation], y[validation]))


def features(encoder: nn.Module, graphs: PackedGraphs, fingerprint: bool) -> np.ndarray:
    """What a head takes: readouts ``(n, d)``, and ECFP4 bits beside them where asked."""
    x = read_out(encoder, graphs)
    if not fingerprint:
        return x
    return np.concatenate([x, ecfp4([str(one) for one in graphs.smiles])], axis=1)


def raw(members: Sequence[Member], graphs: PackedGraphs, fingerprint: bool = False) -> np.ndarray:
    """Raw outputs of each member: ``(M, n, T)``. A shared encoder is used once."""
    known: dict[int, np.ndarray] = {}
    found = []
    for member in members:
        key = id(member.encoder)
        if key not in known:
            known[key] = features(member.encoder, graphs, fingerprint)
        found.append(member.head.raw(known[key]))
    return np.stack(found)
