"""The same model with fresh weights: what architecture alone gives, to compare a trained one with."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from acml_core.graphs.packed import PackedGraphs
from acml_core.model import INFERENCE_BATCH, AcmlModel


def untrained(model: AcmlModel, seed: int = 0, *, settle: PackedGraphs | None = None) -> AcmlModel:
    """A model of the same settings with weights drawn anew, in eval mode, on the same device.

    Args:
        seed: of the weights; the caller's random numbers are not touched.
        settle: molecules that the graph encoder's batch norms take their statistics from, as they
            would have in training. Without it they are those of a new network, mean 0 and variance
            1, with which deep untrained layers grow out of proportion.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = AcmlModel(model.config, model.modalities).to(model.device)
    if settle is not None and len(settle):
        _settle(fresh.graph_encoder, settle, model.device, seed)
    return fresh.eval()


@torch.no_grad()
def _settle(
    encoder: nn.Module, graphs: PackedGraphs, device: torch.device, seed: int, batches: int = 8
) -> None:
    """Batch norm statistics as the mean over some random batches."""
    norms = [one for one in encoder.modules() if isinstance(one, nn.BatchNorm1d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean
    encoder.eval()
    for norm in norms:
        norm.train()
    order = np.random.default_rng(seed).permutation(len(graphs))
    for start in range(0, min(len(graphs), batches * INFERENCE_BATCH), INFERENCE_BATCH):
        encoder(graphs.batch(order[start : start + INFERENCE_BATCH]).to(device))
