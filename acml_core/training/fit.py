"""The training loop. It reads no modality's name for what it means, and knows no file formats."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from acml_core.components import complete, graph_encoders, losses, make, projectors
from acml_core.data.dataset import Dataset
from acml_core.errors import AcmlError, BadInput, ConfigError
from acml_core.evaluation.validation import validation_mrr
from acml_core.files import write_text
from acml_core.modality import Modality
from acml_core.model import AcmlModel, ModelConfig
from acml_core.training import checkpoint
from acml_core.training.bank import Bank
from acml_core.training.config import TrainConfig
from acml_core.training.feed import FEWEST, Job, collated, plan
from acml_core.training.groups import groups
from acml_core.training.neighbours import Neighbours
from acml_core.training.precision import autocast
from acml_core.training.pretrain import pretrain
from acml_core.training.sampler import SignalsOf
from acml_core.training.schedule import Clock, factor
from acml_core.training.towers import Tower

HISTORY = "history.jsonl"
Report = Callable[[str], None]


@dataclass
class Run:
    """The state of a run between epochs."""

    epoch: int = 0
    step: int = 0
    best_mrr: float = -1.0
    best_epoch: int = -1
    since_best: int = 0
    elapsed: float = 0.0
    before: float = 0.0
    best: dict[str, Tensor] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """Everything but the best weights, for JSON."""
        return {key: value for key, value in vars(self).items() if key != "best"}


def new_model(config: TrainConfig, modalities: Mapping[str, Modality]) -> AcmlModel:
    """An untrained model for a run's settings; seeded by ``config.seed``."""
    torch.manual_seed(config.seed)
    loss_class = losses.get(config.loss.name)
    return AcmlModel(
        ModelConfig(
            graph=complete(graph_encoders, config.graph),
            projector=complete(projectors, config.projector),
            similarity="cosine" if loss_class.unit_norm else "dot",
        ),
        modalities,
    )


def fit(
    model: AcmlModel,
    dataset: Dataset,
    config: TrainConfig,
    out: Path,
    *,
    device: torch.device,
    resume: bool = False,
    pretrained: bool = False,
    report: Report = print,
) -> AcmlModel:
    """Train ``model`` in place and leave it with its best weights by validation MRR.

    Args:
        out: folder for the checkpoint and ``history.jsonl``.
        resume: go on from the checkpoint in ``out``.
        pretrained: the towers already hold pretrained weights.
        report: receives a line of progress now and then.

    Raises:
        BadInput: too few molecules to train or to validate on.
    """
    train = dataset.molecules("train")
    samplers = {name: SignalsOf(m, len(dataset.graphs)) for name, m in dataset.measured.items()}
    measured = np.any([sampler.has(train) for sampler in samplers.values()], axis=0)
    train = train[measured]
    validation = dataset.molecules("validation")
    for name, found in dataset.measured.items():
        _enough(name, int(samplers[name].has(train).sum()), len(found.of(validation)))

    model.to(device)
    towers = {
        name: Tower(
            model.modalities[name],
            dataset.measured[name],
            model.head(name).encoder,
            config.unlock,
            config.augments,
            device,
        )
        for name in dataset.measured
    }
    max_seconds = None if config.max_minutes is None else config.max_minutes * 60
    start = time.monotonic()
    if not pretrained and not resume and config.tower_share > 0:
        share = None if max_seconds is None else max_seconds * config.tower_share
        for tower in towers.values():
            limit = None if share is None else share / len(towers)
            pretrain(tower, dataset, config, limit, report)
    for tower in towers.values():
        tower.make_ready()
    items = {name: t.ready_items for name, t in towers.items() if t.ready_items is not None}
    spent = time.monotonic() - start

    criteria = nn.ModuleDict({name: make(losses, config.loss) for name in towers}).to(device)
    learning = _groups(model, criteria, towers, config)
    optimiser = torch.optim.AdamW(learning, lr=config.lr, fused=True)
    modules = {"model": model, "loss": criteria}
    formula = None
    if config.hard.isomers:
        formula = np.unique(dataset.graphs.formula.astype(str), return_inverse=True)[1]
    neighbours = Neighbours(len(dataset.graphs), config.hard.group, config.hard.from_epoch, formula)
    banks = _banks(towers, config)
    run = Run(elapsed=spent, before=spent)
    if resume:
        state, tensors = checkpoint.load(out, modules, optimiser)
        run = Run(**state, best=tensors.get("best", {}))
        neighbours.memory = tensors.get("neighbours", {}).get("memory")
        for name, bank in banks.items():
            if held := tensors.get(f"bank of {name}"):
                bank.restore(held, device)
    _forget_after(out, run.epoch)
    steps = max(1, -(-len(train) // config.batch_size))
    clock = Clock(steps * config.epochs, max_seconds, run.elapsed, run.before)
    saved = time.monotonic()

    def over() -> bool:
        late = run.epoch >= config.epochs or clock.progress(run.step) >= 1
        return late or run.since_best >= config.patience

    while not over():
        rng = np.random.default_rng([config.seed, run.epoch])
        torch.manual_seed(config.seed * 100_003 + run.epoch)
        model.train()
        for tower in towers.values():
            tower.train()
        total, count = 0.0, 0
        order = neighbours.order(train, run.epoch, rng)
        jobs = plan(order, config.batch_size, samplers, config.views, rng)
        for job in collated(jobs, towers, config.workers, seed=config.seed + run.step):
            if clock.progress(run.step) >= 1:
                break
            rate = config.lr * factor(clock.progress(run.step), config.warmup)
            for group in optimiser.param_groups:
                group["lr"] = rate * group["ratio"]
            loss, graph = _step(model, dataset, towers, criteria, banks, job, config, device)
            neighbours.remember(job.molecules, graph)
            if loss is None:
                continue
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), config.clip)
            optimiser.step()
            run.step += 1
            value = float(loss.detach())
            if not math.isfinite(value):
                raise AcmlError(
                    f"the loss is no longer finite (epoch {run.epoch + 1}, step {run.step})",
                    remedy="Lower 'lr', or raise 'warmup'.",
                )
            total, count = total + value, count + 1
        run.epoch += 1
        if run.epoch % config.validate_every == 0 or over():
            mrr = validation_mrr(model, dataset, validation, items)
            run.elapsed = clock.elapsed
            _keep_best(run, model, mrr)
            learnt: Any = {name: one.learnt for name, one in criteria.items()}
            _log(out, run, total / max(count, 1), mrr, learnt, clock.progress(run.step), report)
            if run.since_best >= config.patience:
                report(f"stopped: no better validation MRR in {config.patience} validations")
        # At the end too: what follows takes minutes, and may be killed.
        if over() or time.monotonic() - saved >= config.checkpoint_minutes * 60:
            run.elapsed = clock.elapsed
            tensors = {"best": run.best}
            if neighbours.memory is not None:
                tensors["neighbours"] = {"memory": neighbours.memory}
            tensors |= {f"bank of {name}": bank.state() for name, bank in banks.items()}
            checkpoint.save(out, modules, tensors, optimiser, run.plain())
            saved = time.monotonic()

    if run.best:  # else the time was up before the first step
        model.load_state_dict(run.best)
    return model.eval()


def _step(
    model: AcmlModel,
    dataset: Dataset,
    towers: Mapping[str, Tower],
    criteria: nn.ModuleDict,
    banks: Mapping[str, Bank],
    job: Job,
    config: TrainConfig,
    device: torch.device,
) -> tuple[Tensor | None, Tensor]:
    """The loss of one batch, and its graph embeddings.

    The loss is the mean over the modalities that at least two of the molecules were measured in.
    """
    with autocast(config.precision, device):
        _, graph = model.graph_embeddings(dataset.graphs.batch(job.molecules).to(device))
        terms = []
        for name, part in job.parts.items():
            tower = towers[name]
            rows = torch.from_numpy(part.rows).to(device)
            z_graph = model.project_graphs(name, graph[rows]).float()
            ids = torch.from_numpy(job.molecules[part.rows]).to(device)
            bank = banks.get(name)
            more = {"more": (bank.z, bank.molecules)} if bank else {}
            views = []
            for drawn, batch in zip_longest(part.views, part.collated):
                features = tower.features(drawn, batch)
                z_modality = model.project_features(name, features).float()
                with torch.autocast(device.type, enabled=False):  # logits need all their digits
                    views.append(criteria[name](z_graph, z_modality, ids, **more)["loss"])
            terms.append(torch.stack(views).mean())
            if bank is not None:
                bank.remember(ids, z_graph)
    return (torch.stack(terms).mean() if terms else None), graph


def _banks(names: Iterable[str], config: TrainConfig) -> dict[str, Bank]:
    """By modality; empty where none is asked for."""
    if not config.hard.bank:
        return {}
    if not losses.get(config.loss.name).takes_more:
        raise ConfigError(
            f"the loss {config.loss.name!r} takes no negatives beyond the batch",
            remedy='Set hard.bank = 0, or loss.name = "infonce".',
        )
    return {name: Bank(config.hard.bank) for name in names}


def _groups(
    model: AcmlModel,
    criteria: nn.ModuleDict,
    towers: Mapping[str, Tower],
    config: TrainConfig,
) -> list[dict[str, Any]]:
    in_towers = [p for tower in towers.values() for p in tower.encoder.parameters()]
    known = {id(one) for one in in_towers}
    others = [p for p in (*model.parameters(), *criteria.parameters()) if id(p) not in known]
    parts = [(others, {"ratio": 1.0}), (in_towers, {"ratio": config.tower.lr_ratio})]
    return groups(parts, config.weight_decay)


def _keep_best(run: Run, model: AcmlModel, mrr: float) -> None:
    if mrr > run.best_mrr:
        run.best_mrr, run.best_epoch, run.since_best = mrr, run.epoch, 0
        run.best = {k: v.detach().cpu().clone() for k, v in model.state_dict().items()}
    else:
        run.since_best += 1


def _log(
    out: Path,
    run: Run,
    loss: float,
    mrr: float,
    learnt: Mapping[str, Mapping[str, float]],
    progress: float,
    report: Report,
) -> None:
    row = {
        "epoch": run.epoch,
        "step": run.step,
        "seconds": round(run.elapsed, 1),
        "loss": loss,
        "validation_mrr": mrr,
        "learnt": learnt,
    }
    with (out / HISTORY).open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    report(
        f"epoch {run.epoch:3d}  {progress:4.0%}  {run.elapsed:6.0f} s"
        f"  loss {loss:.4f}  validation MRR {mrr:.4f}"
    )


def _forget_after(out: Path, epoch: int) -> None:
    """Leave only the epochs up to ``epoch`` in the history: the later ones are made again."""
    path = out / HISTORY
    if path.exists():
        rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [row for row in rows if row.endswith("\n") and json.loads(row)["epoch"] <= epoch]
        write_text(path, "".join(kept))


def _enough(name: str, n_train: int, n_validation: int) -> None:
    if n_train < FEWEST or n_validation < 1:
        raise BadInput(
            f"{n_train} training and {n_validation} validation measurements of {name!r}"
            " are too few",
            remedy="Give a larger table, or larger shares in 'split'.",
        )
