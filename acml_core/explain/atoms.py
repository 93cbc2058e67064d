"""A molecule's vector with some of its atoms left out.

Two ways. ``pooled``: every atom sees its neighbours as they are, but the vectors of those left out do
not enter the sum over atoms that makes the molecule's embedding; what is lost is what the molecule's
vector holds of *these atoms in their surroundings*. It needs an encoder with a module ``pool``, as all
of the core's have. ``removed``: the atoms and their bonds are cut out of the graph; that works with
any encoder, but what is left is a fragment such as the encoder never saw, and neighbours change too.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from acml_core.errors import BadInput
from acml_core.graphs.packed import GraphBatch, PackedGraphs
from acml_core.model import AcmlModel

Method = Literal["pooled", "removed"]
METHODS: tuple[Method, ...] = ("pooled", "removed")

ATOMS_AT_ONCE = 8192
"""Atoms of the copies of a molecule that are encoded together."""


def method_of(model: AcmlModel, wanted: str | None = None) -> Method:
    """The way that is asked for, or the best that the model's encoder allows.

    Raises:
        BadInput: no such way, or the encoder does not allow it.
    """
    able = isinstance(getattr(model.graph_encoder, "pool", None), nn.Module)
    if wanted is None:
        return "pooled" if able else "removed"
    if wanted not in METHODS:
        raise BadInput(
            f"no method is called {wanted!r}", remedy=f"Known methods: {', '.join(METHODS)}."
        )
    if wanted == "pooled" and not able:
        raise BadInput(
            "the model's graph encoder has no module 'pool' to leave atoms out of",
            remedy="Use the method 'removed'.",
        )
    return "removed" if wanted == "removed" else "pooled"


@torch.inference_mode()
def vectors(
    model: AcmlModel, modality: str, graph: PackedGraphs, keep: np.ndarray, method: Method
) -> Tensor:
    """The molecule in a modality's space, once for each choice of atoms: ``(K, p)`` on the CPU.

    Args:
        graph: one molecule of ``V`` atoms.
        keep: ``(K, V)`` bool, the atoms that count.
    """
    size = keep.shape[1]
    at_once = max(1, ATOMS_AT_ONCE // max(size, 1))
    encode = _pooled if method == "pooled" else _removed
    found = [torch.zeros(0, model.head(modality).graph_projector.out_dim)]
    for start in range(0, len(keep), at_once):
        embedding = encode(model, graph, torch.from_numpy(keep[start : start + at_once]))
        found.append(model.project_graphs(modality, embedding).float().cpu())
    return torch.cat(found)


def _pooled(model: AcmlModel, graph: PackedGraphs, keep: Tensor) -> Tensor:
    batch = graph.batch(np.zeros(len(keep), dtype=np.int64)).to(model.device)
    mask = keep.to(model.device).view(-1, 1)

    def leave_out(module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        return (args[0] * mask, *args[1:])

    pool: Any = model.graph_encoder.pool
    hook = pool.register_forward_pre_hook(leave_out)
    try:
        return model.graph_embeddings(batch)[1]
    finally:
        hook.remove()


def _removed(model: AcmlModel, graph: PackedGraphs, keep: Tensor) -> Tensor:
    copies = graph.batch(np.zeros(len(keep), dtype=np.int64))
    kept = keep.reshape(-1)
    number = torch.cumsum(kept, 0) - 1
    source, target = copies.edge_index
    edges = kept[source] & kept[target]
    counts = keep.sum(1)
    smaller = GraphBatch(
        x=copies.x[kept],
        edge_index=number[copies.edge_index[:, edges]],
        edge_attr=copies.edge_attr[edges],
        batch=copies.batch[kept],
        ptr=torch.cat([counts.new_zeros(1), counts.cumsum(0)]),
        mass=copies.mass,
    )
    return model.graph_embeddings(smaller.to(model.device))[1]
