"""The same model with fresh weights: what architecture alone gives, to compare a trained one with."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from acml_core.components import Choice, graph_encoders, make
from acml_core.graphs.packed import PackedGraphs
from acml_core.model import INFERENCE_BATCH, AcmlModel

SETTLING_BATCHES = 8
"""Batches that the statistics of batch norms are taken from, at most."""


def untrained(model: AcmlModel, seed: int = 0) -> AcmlModel:
    """A model of the same settings with weights drawn anew, in eval mode, on the same device.

    Args:
        seed: of the weights; the caller's random numbers are not touched.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = AcmlModel(model.config, model.modalities).to(model.device)
    return fresh.eval()


def untrained_encoder(
    graph: Choice,
    seed: int = 0,
    *,
    settle: PackedGraphs | None = None,
    device: torch.device | None = None,
) -> nn.Module:
    """A graph encoder of these settings with fresh weights, in eval mode.

    Args:
        seed: of the weights; the caller's random numbers are not touched.
        settle: molecules that its batch norms take their statistics from, as they would have in
            training. Without it they are those of a new network, mean 0 and variance 1, with which
            deep untrained layers grow out of proportion.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh: nn.Module = make(graph_encoders, graph)
    fresh = fresh.to(device or torch.device("cpu"))
    if settle is not None and len(settle):
        _settle(fresh, settle, seed)
    return fresh.eval()


@torch.no_grad()
def _settle(encoder: nn.Module, graphs: PackedGraphs, seed: int) -> None:
    """Batch norm statistics as the mean over some random batches."""
    device = next(encoder.parameters()).device
    norms = [one for one in encoder.modules() if isinstance(one, nn.BatchNorm1d)]
    usual = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean
    encoder.eval()
    for norm in norms:
        norm.train()
    order = np.random.default_rng(seed).permutation(len(graphs))
    last = min(len(graphs), SETTLING_BATCHES * INFERENCE_BATCH)
    for start in range(0, last, INFERENCE_BATCH):
        encoder(graphs.batch(order[start : start + INFERENCE_BATCH]).to(device))
    for norm, momentum in zip(norms, usual, strict=True):
        norm.momentum = momentum
