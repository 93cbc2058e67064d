"""Fine-tuning a graph encoder on measured properties: the mode ``full``.

There are two ways, and validation molecules choose between them, once for all seeds. One lets a new
head and the encoder learn freely, which an encoder needs that knows little. The other begins with the
best linear model on the frozen encoder and changes both a little: what the encoder knows already is
kept, also where the molecules to be predicted are unlike those of the table (Kumar et al. 2022,
arXiv 2202.10054).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from acml_core.property.config import FinetuneConfig, Way
from acml_core.property.metrics import METRIC, better, figures
from acml_core.property.network import Head, PropertyNetwork, outputs
from acml_core.property.probe import probe
from acml_core.property.readout import POOLS, read_out
from acml_core.property.scaling import Scaling
from acml_core.property.split import Parts
from acml_core.property.table import PropertyTable
from acml_core.training.groups import groups
from acml_core.training.schedule import factor

Loss = Callable[[Tensor, Tensor], Tensor]


class Tuned(NamedTuple):
    """A fine-tuned network in eval mode, and the way that made it."""

    network: PropertyNetwork
    way: Way


def finetune(
    encoder: nn.Module,
    table: PropertyTable,
    parts: Parts,
    config: FinetuneConfig,
    *,
    seed: int = 0,
    resample: bool = False,
    device: torch.device | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Tuned:
    """Train encoder and head; the weights of the best validation epoch are kept.

    Args:
        encoder: not changed.
        parts: the test molecules are not looked at.
        resample: begin the careful way with a bootstrap draw of the training molecules, so that the
            members of an ensemble differ.

    Returns:
        the network, whose outputs ``Scaling.of`` the training targets finishes, and its way.
    """
    rng = np.random.default_rng(seed)
    device = device or torch.device("cpu")
    scaling = Scaling.of(table.task, table.y[parts.train])
    job = _Job(table, parts, scaling, _class_weights(table, parts.train, config), device)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        tried: dict[Way, tuple[PropertyNetwork, float]] = {}
        if config.way != "careful":
            tried["free"] = _freely(encoder, job, config, rng, report)
        if config.way != "free":
            tried["careful"] = _carefully(encoder, job, config, rng, resample, report)
    way, *others = tried
    if others and better(table.task, tried[others[0]][1], tried[way][1]):
        way = others[0]
    network = tried[way][0]
    with torch.no_grad():  # classes were weighed while it learnt: probabilities are set back
        network.head.last.bias.sub_(job.weight.log().to(device))
    return Tuned(network.eval(), way)


@dataclass(frozen=True)
class _Job:
    """What both ways learn from.

    Attributes:
        weight: (T,) of class 1, see ``_class_weights``.
    """

    table: PropertyTable
    parts: Parts
    scaling: Scaling
    weight: Tensor
    device: torch.device

    @cached_property
    def y(self) -> Tensor:
        """(N, T) scaled targets."""
        return torch.from_numpy(self.scaling.scaled(self.table.y))

    @cached_property
    def loss(self) -> Loss:
        return _loss(self.table.task == "classification", self.weight.to(self.device))


@dataclass(frozen=True)
class _Rates:
    """How a network learns.

    Attributes:
        encoder_lr, lr: highest learning rates of encoder and head.
        epochs: at most.
        settled: the encoder's batch statistics stay, and the network may be best as it begins.
    """

    encoder_lr: float
    lr: float
    epochs: int
    settled: bool


def _freely(
    encoder: nn.Module,
    job: _Job,
    config: FinetuneConfig,
    rng: np.random.Generator,
    report: Callable[[str], None],
) -> tuple[PropertyNetwork, float]:
    dim = POOLS * int(encoder.dim)  # type: ignore[arg-type]
    head = Head("mlp", dim, len(job.table.targets), config.dropout)
    network = PropertyNetwork(encoder, head).to(job.device)
    if config.head_epochs:
        _warm_head(network, job, config, rng)
    epochs = max(1, min(config.epochs, config.max_samples // max(1, len(job.parts.train))))
    rates = _Rates(config.encoder_lr, config.lr, epochs, settled=False)
    return _train(network, job, config, rates, rng, report)


def _carefully(
    encoder: nn.Module,
    job: _Job,
    config: FinetuneConfig,
    rng: np.random.Generator,
    resample: bool,
    report: Callable[[str], None],
) -> tuple[PropertyNetwork, float]:
    x, y = read_out(encoder.eval(), job.table.graphs), job.y.numpy()
    train, validation = job.parts.train, job.parts.validation
    if resample:
        train = rng.choice(train, len(train))
    head = probe(job.table.task, x[train], y[train], x[validation], y[validation])
    with torch.no_grad():
        head.last.bias.add_(job.weight.log())  # as the loss will weigh the classes
    network = PropertyNetwork(encoder, head).to(job.device)
    epochs = min(config.careful_epochs, config.max_samples // (2 * max(1, len(train))))
    rates = _Rates(config.careful_lr, config.careful_lr, max(1, epochs), settled=True)
    return _train(network, job, config, rates, rng, report)


def _train(
    network: PropertyNetwork,
    job: _Job,
    config: FinetuneConfig,
    rates: _Rates,
    rng: np.random.Generator,
    report: Callable[[str], None],
) -> tuple[PropertyNetwork, float]:
    """Train in place. Returns the network with its best weights by validation, and their figure."""
    train, task = job.parts.train, job.table.task
    parts: list[tuple[Any, dict[str, Any]]] = [
        (network.encoder.parameters(), {"lr": rates.encoder_lr}),
        (network.head.parameters(), {"lr": rates.lr}),
    ]
    optimiser = torch.optim.AdamW(groups(parts, config.weight_decay), fused=True)
    highest = [float(group["lr"]) for group in optimiser.param_groups]
    steps = max(1, -(-len(train) // config.batch_size))
    averaged = {name: value.detach().clone() for name, value in network.state_dict().items()}
    decay = config.average ** (10 / steps) if config.average else 0.0
    best: dict[str, Tensor] = {}
    best_figure, since = float("nan"), 0
    if rates.settled:
        best = {name: value.clone() for name, value in averaged.items()}
        best_figure = _figure(network, job)
        report(f"epoch   0  validation {METRIC[task]} {best_figure:.4f}")
    for epoch in range(rates.epochs):
        network.train()
        if rates.settled:
            network.encoder.eval()
        for step, index in enumerate(_batches(train, config.batch_size, rng)):
            now = factor((epoch * steps + step + 1) / (rates.epochs * steps), config.warmup)
            for group, lr in zip(optimiser.param_groups, highest, strict=True):
                group["lr"] = lr * now
            out = network(job.table.graphs.batch(index).to(job.device))
            target = job.y[torch.from_numpy(index)].to(job.device)
            _step(optimiser, job.loss(out, target), config.clip)
            _follow(averaged, network, decay)
        current = {key: value.detach().clone() for key, value in network.state_dict().items()}
        network.load_state_dict(averaged)
        found = _figure(network, job)
        report(f"epoch {epoch + 1:3d}  validation {METRIC[task]} {found:.4f}")
        if better(task, found, best_figure) or not best:
            best = {key: value.clone() for key, value in averaged.items()}
            best_figure, since = found, 0
        else:
            since += 1
            if since >= config.patience:
                break
        network.load_state_dict(current)
    network.load_state_dict(best)
    return network, best_figure


def _figure(network: PropertyNetwork, job: _Job) -> float:
    """Of the validation molecules."""
    index, task = job.parts.validation, job.table.task
    said = job.scaling.finished(task, outputs(network, job.table.graphs, index))
    return float(figures(task, job.table.y[index], said)[METRIC[task]])


def _warm_head(
    network: PropertyNetwork, job: _Job, config: FinetuneConfig, rng: np.random.Generator
) -> None:
    """Train the head on the embeddings as they are, so that a head that knows nothing yet does not
    spoil the encoder."""
    network.eval()
    x = torch.from_numpy(read_out(network.encoder, job.table.graphs))
    optimiser = torch.optim.AdamW(
        network.head.parameters(), lr=config.lr, weight_decay=config.weight_decay
    )
    network.head.train()
    for _ in range(config.head_epochs):
        for index in _batches(job.parts.train, config.batch_size, rng):
            rows = torch.from_numpy(index)
            out = network.head(x[rows].to(job.device))
            _step(optimiser, job.loss(out, job.y[rows].to(job.device)), config.clip)


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


@torch.no_grad()
def _follow(averaged: dict[str, Tensor], network: nn.Module, decay: float) -> None:
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            averaged[name].lerp_(value, 1 - decay)
        else:
            averaged[name].copy_(value)
