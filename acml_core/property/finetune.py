"""Fine-tuning a graph encoder on measured properties: the mode ``full``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from acml_core.property.config import FinetuneConfig
from acml_core.property.metrics import METRIC, better, figures
from acml_core.property.network import Head, PropertyNetwork, outputs
from acml_core.property.readout import POOLS, read_out
from acml_core.property.scaling import Scaling
from acml_core.property.split import Parts
from acml_core.property.table import PropertyTable
from acml_core.training.schedule import factor

Loss = Callable[[Tensor, Tensor], Tensor]


def finetune(
    encoder: nn.Module,
    table: PropertyTable,
    parts: Parts,
    config: FinetuneConfig,
    *,
    seed: int = 0,
    device: torch.device | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> PropertyNetwork:
    """Train encoder and head; the weights of the best validation epoch are kept.

    Args:
        encoder: not changed.
        parts: the test molecules are not looked at.

    Returns:
        the network in eval mode, whose outputs ``Scaling.of`` the training targets finishes.
    """
    rng = np.random.default_rng(seed)
    device = device or torch.device("cpu")
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        dim = POOLS * int(encoder.dim)  # type: ignore[arg-type]
        head = Head("mlp", dim, len(table.targets), config.dropout)
        network = PropertyNetwork(encoder, head).to(device)
        return _train(network, table, parts, config, rng, device, report)


def _train(
    network: PropertyNetwork,
    table: PropertyTable,
    parts: Parts,
    config: FinetuneConfig,
    rng: np.random.Generator,
    device: torch.device,
    report: Callable[[str], None],
) -> PropertyNetwork:
    scaling = Scaling.of(table.task, table.y[parts.train])
    y = torch.from_numpy(scaling.scaled(table.y))
    weight = _class_weights(table, parts.train, config)
    loss = _loss(table.task == "classification", weight.to(device))
    if config.head_epochs:
        _warm_head(network, table, parts, config, y, loss, rng)
    optimiser = torch.optim.AdamW(_groups(network, config))
    highest = [float(group["lr"]) for group in optimiser.param_groups]
    steps = max(1, -(-len(parts.train) // config.batch_size))
    epochs = max(1, min(config.epochs, config.max_samples // max(1, len(parts.train))))
    averaged = {name: value.detach().clone() for name, value in network.state_dict().items()}
    decay = config.average ** (10 / steps) if config.average else 0.0
    best: dict[str, Tensor] = {}
    best_figure, since = float("nan"), 0
    name = METRIC[table.task]
    for epoch in range(epochs):
        network.train()
        for step, index in enumerate(_batches(parts.train, config.batch_size, rng)):
            now = factor((epoch * steps + step + 1) / (epochs * steps), config.warmup)
            for group, lr in zip(optimiser.param_groups, highest, strict=True):
                group["lr"] = lr * now
            out = network(table.graphs.batch(index).to(device))
            _step(optimiser, loss(out, y[torch.from_numpy(index)].to(device)), config.clip)
            _follow(averaged, network, decay)
        current = {key: value.detach().clone() for key, value in network.state_dict().items()}
        network.load_state_dict(averaged)
        said = scaling.finished(table.task, outputs(network, table.graphs, parts.validation))
        found = figures(table.task, table.y[parts.validation], said)[name]
        report(f"epoch {epoch + 1:3d}  validation {name} {found:.4f}")
        if better(table.task, found, best_figure) or not best:
            best = {key: value.clone() for key, value in averaged.items()}
            best_figure, since = found, 0
        else:
            since += 1
            if since >= config.patience:
                break
        network.load_state_dict(current)
    network.load_state_dict(best)
    with torch.no_grad():  # classes were weighed while it learnt: probabilities are set back
        network.head.last.bias.sub_(weight.log().to(device))
    return network.eval()


def _warm_head(
    network: PropertyNetwork,
    table: PropertyTable,
    parts: Parts,
    config: FinetuneConfig,
    y: Tensor,
    loss: Loss,
    rng: np.random.Generator,
) -> None:
    """Train the head on the embeddings as they are, so that a head that knows nothing yet does not
    spoil the encoder (Kumar et al. 2022, arXiv 2202.10054)."""
    network.eval()
    device = next(network.parameters()).device
    x = torch.from_numpy(read_out(network.encoder, table.graphs))
    optimiser = torch.optim.AdamW(
        network.head.parameters(), lr=config.lr, weight_decay=config.weight_decay
    )
    network.head.train()
    for _ in range(config.head_epochs):
        for index in _batches(parts.train, config.batch_size, rng):
            rows = torch.from_numpy(index)
            _step(
                optimiser, loss(network.head(x[rows].to(device)), y[rows].to(device)), config.clip
            )


def _batches(train: np.ndarray, size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Molecule numbers in random order; a last one alone is left out: batch norm needs two."""
    order = rng.permutation(train)
    found = [order[start : start + size] for start in range(0, len(order), size)]
    return [index for index in found if len(index) > 1]


def _step(optimiser: torch.optim.Optimizer, loss: Tensor, clip: float) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_([p for g in optimiser.param_groups for p in g["params"]], clip)
    optimiser.step()


def _class_weights(table: PropertyTable, train: np.ndarray, config: FinetuneConfig) -> Tensor:
    """``(T,)`` weight of class 1, as its share of the training molecules asks; 1 for values.

    The root of the ratio: by the ratio itself a handful of molecules would outweigh all others.
    """
    if table.task == "regression":
        return torch.ones(len(table.targets))
    y = table.y[train]
    ones, zeros = (y == 1).sum(0), (y == 0).sum(0)
    ratio = np.sqrt(np.maximum(zeros, 1) / np.maximum(ones, 1))
    weight = np.clip(ratio, 1 / config.max_class_weight, config.max_class_weight)
    return torch.from_numpy(weight.astype(np.float32))


def _loss(classes: bool, weight: Tensor) -> Loss:
    """Mean over what was measured."""

    def loss(out: Tensor, target: Tensor) -> Tensor:
        known = torch.isfinite(target)
        safe = torch.where(known, target, torch.zeros_like(target))
        if classes:
            each = nn.functional.binary_cross_entropy_with_logits(
                out, safe, pos_weight=weight, reduction="none"
            )
        else:
            each = nn.functional.smooth_l1_loss(out, safe, reduction="none")
        return (each * known).sum() / known.sum().clamp(min=1)

    return loss


def _groups(network: PropertyNetwork, config: FinetuneConfig) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = []
    for part, lr in ((network.encoder, config.encoder_lr), (network.head, config.lr)):
        parameters = list(part.parameters())
        for matrices in (True, False):
            chosen = [one for one in parameters if (one.ndim > 1) == matrices]
            decay = config.weight_decay if matrices else 0.0
            if chosen:
                groups.append({"params": chosen, "lr": lr, "weight_decay": decay})
    return groups


@torch.no_grad()
def _follow(averaged: dict[str, Tensor], network: nn.Module, decay: float) -> None:
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            averaged[name].lerp_(value, 1 - decay)
        else:
            averaged[name].copy_(value)
