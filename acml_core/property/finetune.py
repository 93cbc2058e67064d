"""Fine-tuning a graph encoder on measured properties."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from acml_core.config import Settings
from acml_core.property.metrics import METRIC, better, figures
from acml_core.property.network import PropertyNetwork, outputs
from acml_core.property.split import Parts
from acml_core.property.table import PropertyTable, Task
from acml_core.training.schedule import factor


class FinetuneConfig(Settings):
    """Settings of fine-tuning."""

    freeze: bool = Field(False, description="the graph encoder stays as it is: a probe")
    epochs: int = Field(40, ge=1, description="passes over the training molecules, at most")
    max_samples: int = Field(
        100_000,
        ge=1,
        description="molecules looked at in all, at most: large tables get fewer epochs",
    )
    batch_size: int = Field(64, ge=2, description="molecules a step")
    lr: float = Field(1e-3, gt=0, description="highest learning rate of the head")
    encoder_lr: float = Field(3e-4, gt=0, description="highest learning rate of the graph encoder")
    weight_decay: float = Field(0.01, ge=0, description="AdamW's, on matrices only")
    dropout: float = Field(0.2, ge=0, lt=1, description="before each layer of the head")
    warmup: float = Field(0.1, ge=0, lt=1, description="share of the run that warms up")
    clip: float = Field(1.0, gt=0, description="largest gradient norm")
    patience: int = Field(12, ge=1, description="epochs without a better validation before the end")
    average: float = Field(
        0.9,
        ge=0,
        lt=1,
        description="of the moving average of weights, per epoch's tenth; 0 for none",
    )
    max_class_weight: float = Field(
        10.0, ge=1, description="largest weight of the rare class against the frequent one"
    )


@dataclass(frozen=True)
class Scaling:
    """Regression targets are learnt with mean 0 and deviation 1 of the training molecules."""

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, task: Task, y: np.ndarray) -> Scaling:
        """From ``(n, T)`` training targets; classes are left as they are."""
        width = y.shape[1]
        if task == "classification":
            return cls(np.zeros(width), np.ones(width))
        known = np.isfinite(y)
        count = np.maximum(known.sum(0), 1)
        mean = np.where(known, y, 0).sum(0) / count
        spread = np.sqrt(np.where(known, (y - mean) ** 2, 0).sum(0) / count)
        return cls(mean, np.where(spread > 1e-8, spread, 1.0))


def finetune(
    encoder: nn.Module,
    table: PropertyTable,
    parts: Parts,
    config: FinetuneConfig,
    *,
    seed: int = 0,
    device: torch.device | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> tuple[PropertyNetwork, Scaling]:
    """Train a head, and the encoder with it unless it is frozen; the best validation epoch is kept.

    Args:
        encoder: not changed.
        parts: the test molecules are not looked at.

    Returns:
        the network in eval mode, and how its outputs are scaled.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    device = device or torch.device("cpu")
    network = PropertyNetwork(encoder, len(table.targets), config.dropout).to(device)
    scaling = Scaling.of(table.task, table.y[parts.train])
    y = torch.from_numpy(((table.y - scaling.mean) / scaling.deviation).astype(np.float32))
    loss = _loss(table, parts.train, config, device)
    groups = _groups(network, config)
    optimiser = torch.optim.AdamW(groups)
    highest = [float(group["lr"]) for group in groups]
    steps = max(1, -(-len(parts.train) // config.batch_size))
    epochs = max(1, min(config.epochs, config.max_samples // max(1, len(parts.train))))
    averaged = {name: value.detach().clone() for name, value in network.state_dict().items()}
    decay = config.average ** (10 / steps) if config.average else 0.0
    best: dict[str, Tensor] = {}
    best_figure, since = float("nan"), 0
    name = METRIC[table.task]
    for epoch in range(epochs):
        network.train()
        if config.freeze:
            network.encoder.eval()
        order = rng.permutation(parts.train)
        for step in range(steps):
            index = order[step * config.batch_size : (step + 1) * config.batch_size]
            if len(index) < 2:  # batch norm needs two
                continue
            now = factor((epoch * steps + step + 1) / (epochs * steps), config.warmup)
            for group, lr in zip(optimiser.param_groups, highest, strict=True):
                group["lr"] = lr * now
            out = network(table.graphs.batch(index).to(device))
            value = loss(out, y[torch.from_numpy(index)].to(device))
            optimiser.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(network.parameters(), config.clip)
            optimiser.step()
            _follow(averaged, network, decay)
        current = {key: value.detach().clone() for key, value in network.state_dict().items()}
        network.load_state_dict(averaged)
        found = figures(
            table.task,
            table.y[parts.validation],
            predict(network, table, parts.validation, scaling),
        )[name]
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
    return network.eval(), scaling


def predict(
    network: PropertyNetwork, table: PropertyTable, index: np.ndarray, scaling: Scaling
) -> np.ndarray:
    """``(n, T)``: probabilities of class 1, or values in the targets' units."""
    return finished(table.task, outputs(network, table.graphs, index), scaling)


def finished(task: Task, raw: np.ndarray, scaling: Scaling) -> np.ndarray:
    """Probabilities, or values in the targets' units, from raw outputs ``(n, T)``."""
    if task == "classification":
        return np.asarray(1 / (1 + np.exp(-raw.astype(np.float64))))
    return np.asarray(raw * scaling.deviation + scaling.mean)


def _loss(
    table: PropertyTable, train: np.ndarray, config: FinetuneConfig, device: torch.device
) -> Callable[[Tensor, Tensor], Tensor]:
    """Mean over what was measured; a rare class weighs more, as its share of the training asks."""
    y = table.y[train]
    ones, zeros = (y == 1).sum(0), (y == 0).sum(0)
    ratio = np.sqrt(np.maximum(zeros, 1) / np.maximum(ones, 1))  # the root: no tail wags the dog
    weight = np.clip(ratio, 1 / config.max_class_weight, config.max_class_weight)
    positive = torch.from_numpy(weight.astype(np.float32)).to(device)

    def loss(out: Tensor, target: Tensor) -> Tensor:
        known = torch.isfinite(target)
        safe = torch.where(known, target, torch.zeros_like(target))
        if table.task == "classification":
            each = nn.functional.binary_cross_entropy_with_logits(
                out, safe, pos_weight=positive, reduction="none"
            )
        else:
            each = nn.functional.smooth_l1_loss(out, safe, reduction="none")
        return (each * known).sum() / known.sum().clamp(min=1)

    return loss


def _groups(network: PropertyNetwork, config: FinetuneConfig) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = []
    for part, lr in ((network.encoder, config.encoder_lr), (network.head, config.lr)):
        if part is network.encoder and config.freeze:
            for parameter in part.parameters():
                parameter.requires_grad_(False)
            continue
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
