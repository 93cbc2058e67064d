"""One graph encoder for several trained models: it learns the vectors that theirs give.

A model is trained for each measurement, on whatever molecules have it. To have all in one, a new graph
encoder learns to give every molecule the vectors that each model's own graph encoder gives it, while
the measurements' encoders and projectors are taken over as they are, locked. That needs structures and
no measurements, so every molecule teaches it what all measurements know::

    loss = mean over models of  |z - t|^2 / 2 + KL(p(t) || p(z)),   p_ij = softmax_j(z_i . t_j / T)

with z the new vectors and t the models' (the teachers'). The second term keeps the order among the
batch's molecules (similarity distillation, Fang et al. 2021, arXiv 2101.04731).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import log_softmax, normalize, softmax
from tqdm import tqdm

from acml_core import artefact
from acml_core.artefact import Artefact
from acml_core.components import Choice
from acml_core.config import Settings
from acml_core.data import molecules as molecule_files
from acml_core.data.split import SPLITS, SplitConfig, assign
from acml_core.errors import AcmlError, BadInput
from acml_core.files import sha256
from acml_core.graphs.build import cached
from acml_core.graphs.packed import PackedGraphs
from acml_core.model import AcmlModel
from acml_core.rejects import write_csv
from acml_core.training import checkpoint
from acml_core.training.feed import FEWEST
from acml_core.training.fit import Run
from acml_core.training.groups import groups
from acml_core.training.run import begin_with_graph, named
from acml_core.training.schedule import Clock, factor

Report = Callable[[str], None]
Vectors = dict[str, Tensor]
"""By modality, ``(N, p)`` float16 unit vectors of the teachers."""


class JoinConfig(Settings):
    """Settings of ``acml models join``."""

    seed: int = Field(0, ge=0, description="of new weights and of the order of molecules")
    split: SplitConfig = SplitConfig()
    epochs: int = Field(10, ge=1, description="passes over the training molecules")
    max_minutes: float | None = Field(None, gt=0, description="training time, at most [min]")
    batch_size: int = Field(256, ge=FEWEST, description="molecules a step")
    lr: float = Field(1e-3, gt=0, description="highest learning rate")
    weight_decay: float = Field(0.01, ge=0, description="AdamW's, on matrices only")
    warmup: float = Field(0.05, ge=0, lt=1, description="share of the run that warms up")
    clip: float = Field(1.0, gt=0, description="largest gradient norm")
    temperature: float = Field(0.05, gt=0, description="T of the order among a batch's molecules")
    order: float = Field(
        1.0, ge=0, description="weight of that order beside the vectors themselves"
    )
    checkpoint_minutes: float = Field(3.0, gt=0, description="between two checkpoints [min]")


def join(
    teachers: Mapping[str, Artefact],
    data: Sequence[Path],
    out: Path,
    *,
    config: JoinConfig | None = None,
    graph: Artefact | None = None,
    device: torch.device | None = None,
    command: str = "",
    report: Report = print,
) -> Path:
    """Train the joint model and write it. Returns its folder.

    A killed run goes on from its last checkpoint when it is started again in the same way. The scores
    are made into probabilities as the teachers' are, whose vectors these nearly are: a little too sure
    of themselves, until ``acml models calibrate`` fits them anew.

    Args:
        teachers: trained models of one modality each, by modality.
        data: files of molecules; only training molecules of the split are learnt from.
        graph: the model whose graph encoder to begin with, and whose settings to take (exact masses
            are added if a teacher has them); by default the first teacher.

    Raises:
        BadInput: fewer than two models, models of other projectors, or too few molecules.
    """
    settings = config or JoinConfig()
    device = device or torch.device("cpu")
    if (out / artefact.INFO).exists():
        raise BadInput("the folder holds a model already", source=out, remedy="Give another --out.")
    model, before = _new_model(teachers, graph or next(iter(teachers.values())), settings)
    graphs, _, rejects = cached([one for path in data for one in molecule_files.read(path)])
    side = assign([str(key) for key in graphs.keys], settings.split)
    train = np.flatnonzero(side == SPLITS.index("train"))
    validation = np.flatnonzero(side == SPLITS.index("validation"))
    if min(len(train), len(validation)) < FEWEST:
        raise BadInput(
            f"{len(train)} training and {len(validation)} validation molecules are too few",
            source=data[0], remedy="Give more molecules.",
        )  # fmt: skip
    report(f"{len(train)} training molecules, {len(validation)} for validation")
    out.mkdir(parents=True, exist_ok=True)
    if rejects:
        write_csv(rejects, out / "rejects.csv")
        report(f"{len(rejects)} rows left out; reasons in {out / 'rejects.csv'}")
    targets = _targets(teachers, graphs, np.concatenate([train, validation]), device, report)
    _fit(model, graphs, train, targets, settings, out, device, report)
    metrics = agreement(model, graphs, validation, targets)
    for name, one in metrics.items():
        report(f"{name}: cosine {one['cosine']:.3f}, finds itself {one['recall@1']:.3f}")
    known = [one.seen for one in teachers.values()]
    artefact.save(
        out,
        model,
        calibrations={
            name: one.info.modalities[name].calibration for name, one in teachers.items()
        },
        examples={
            name: one.info.modalities[name].signal(one.model.modalities[name].signal)
            for name, one in teachers.items()
        },
        seen=[graphs.keys[i] for i in np.concatenate([train, validation])],
        seen_before=np.unique(np.concatenate([*known, before])),
        metrics={},
        training={**settings.model_dump(mode="json"), "joined": _joined(teachers)},
        data={
            "sources": named({str(path): sha256(path) for path in data}),
            "molecules": {"train": len(train), "validation": len(validation)},
            "agreement": {"candidates": len(validation), **metrics},
        },
        command=command,
    )
    (out / checkpoint.FILE).unlink(missing_ok=True)
    return out


def agreement(
    model: AcmlModel, graphs: PackedGraphs, index: np.ndarray, targets: Vectors
) -> dict[str, dict[str, float]]:
    """How near the new vectors of some molecules are to the teachers'.

    Returns:
        by modality, the mean ``cosine``, and ``recall@1``: the share of molecules whose teacher's
        vector is nearest to their own new vector, among these molecules.
    """
    found = {}
    for name, own in model.encode_for(graphs, list(targets), index).items():
        given = normalize(targets[name][torch.from_numpy(index)].float(), dim=-1)
        own = normalize(own, dim=-1)
        first = torch.cat([(part @ own.T).argmax(1) for part in given.split(1024)])
        found[name] = {
            "cosine": round(float((own * given).sum(1).mean()), 4),
            "recall@1": round(float((first == torch.arange(len(index))).float().mean()), 4),
        }
    return found


def _joined(teachers: Mapping[str, Artefact]) -> dict[str, Any]:
    return {
        name: {"weights": one.hash, "training": one.info.training, "data": one.info.data}
        for name, one in teachers.items()
    }


def _new_model(
    teachers: Mapping[str, Artefact], graph: Artefact, settings: JoinConfig
) -> tuple[AcmlModel, np.ndarray]:
    """The joint model with all that is taken over, and what its first weights have seen."""
    if len(teachers) < 2:
        raise BadInput("one model alone has nothing to be joined with", remedy="Name two or more.")
    first = next(iter(teachers.values()))
    for name, one in teachers.items():
        if list(one.info.modalities) != [name]:
            raise BadInput(
                f"the model of {', '.join(one.info.modalities)} is joint already",
                source=one.path, remedy="Give models of one modality each.",
            )  # fmt: skip
        for what in ("projector", "similarity"):
            if getattr(one.info.model, what) != getattr(first.info.model, what):
                raise BadInput(
                    f"its {what} is not that of {first.path}", source=one.path,
                    remedy=f"Train them with one 'projector' and losses of one kind, such as"
                    f" {getattr(first.info.model, what)}.",
                )  # fmt: skip
    chosen = graph.info.model.graph.model_dump()
    if "mass_waves" in chosen:
        every = [one.info.model.graph.model_dump() for one in (graph, *teachers.values())]
        chosen["mass_waves"] = max(one.get("mass_waves", 0) for one in every)
    torch.manual_seed(settings.seed)
    model = AcmlModel(
        first.info.model.model_copy(update={"graph": Choice(**chosen)}),
        {name: one.model.modalities[name] for name, one in teachers.items()},
    )
    for name, one in teachers.items():
        own, given = model.head(name), one.model.head(name)
        own.encoder.load_state_dict(given.encoder.state_dict())
        own.projector.load_state_dict(given.projector.state_dict())
        own.graph_projector.load_state_dict(given.graph_projector.state_dict())
        for part in (own.encoder, own.projector):
            part.requires_grad_(False)
    return model, begin_with_graph(model, graph.path)


@torch.inference_mode()
def _targets(
    teachers: Mapping[str, Artefact],
    graphs: PackedGraphs,
    index: np.ndarray,
    device: torch.device,
    report: Report,
) -> Vectors:
    """Vectors of all molecules, zeros but for those of ``index``."""
    found: Vectors = {}
    for name, one in teachers.items():
        report(f"vectors of {name}")
        vectors = one.model.to(device).encode_molecules(graphs, name, index)
        found[name] = torch.zeros(len(graphs), vectors.shape[1], dtype=torch.float16)
        found[name][torch.from_numpy(index)] = vectors.half()
        one.model.to("cpu")
    return found


def _fit(
    model: AcmlModel,
    graphs: PackedGraphs,
    train: np.ndarray,
    targets: Vectors,
    config: JoinConfig,
    out: Path,
    device: torch.device,
    report: Report,
) -> None:
    model.to(device).train()
    for head in model.heads.values():
        head.encoder.eval()  # type: ignore[union-attr, operator]
        head.projector.eval()  # type: ignore[union-attr, operator]
    learning = [one for one in model.parameters() if one.requires_grad]
    optimiser = torch.optim.AdamW(groups([(learning, {})], config.weight_decay), lr=config.lr)
    run = Run()
    modules: dict[str, nn.Module] = {"model": model}
    if (out / checkpoint.FILE).exists():
        state, _ = checkpoint.load(out, modules, optimiser)
        run = Run(**state)
        report(f"going on after epoch {run.epoch}")
    steps = -(-len(train) // config.batch_size)
    seconds = None if config.max_minutes is None else 60 * config.max_minutes
    clock = Clock(steps * config.epochs, seconds, run.elapsed)
    saved = clock.elapsed
    while run.epoch < config.epochs and clock.progress(run.step) < 1:
        rng = np.random.default_rng([config.seed, run.epoch])
        torch.manual_seed(config.seed * 100_003 + run.epoch)  # dropout
        order = rng.permutation(train)
        losses: list[float] = []
        starts = tqdm(range(0, len(order), config.batch_size), desc="join", leave=False)
        for start in starts:
            index = order[start : start + config.batch_size]
            progress = clock.progress(run.step)
            if len(index) < FEWEST or progress >= 1:
                break
            for group in optimiser.param_groups:
                group["lr"] = config.lr * factor(progress, config.warmup)
            loss = _loss(model, graphs, index, targets, config, device)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(learning, config.clip)
            optimiser.step()
            run.step += 1
            losses.append(float(loss.detach()))
            if not math.isfinite(losses[-1]):
                raise AcmlError("the loss is no longer finite", remedy="Lower 'lr'.")
        run.epoch += 1
        run.elapsed = clock.elapsed
        report(
            f"epoch {run.epoch:3d}  {clock.elapsed:6.0f} s"
            f"  loss {np.mean(losses) if losses else float('nan'):.4f}"
        )
        if clock.elapsed - saved >= 60 * config.checkpoint_minutes:
            checkpoint.save(out, modules, {}, optimiser, run.plain())
            saved = clock.elapsed
    model.to("cpu").eval().requires_grad_(True)


def _loss(
    model: AcmlModel,
    graphs: PackedGraphs,
    index: np.ndarray,
    targets: Vectors,
    config: JoinConfig,
    device: torch.device,
) -> Tensor:
    _, graph = model.graph_embeddings(graphs.batch(index).to(device))
    rows = torch.from_numpy(index)
    terms = []
    for name, every in targets.items():
        own = model.project_graphs(name, graph)
        given = every[rows].to(device).float()
        near = (own - given).square().sum(1).mean() / 2
        wanted = softmax(given @ given.T / config.temperature, dim=-1)
        said = log_softmax(own @ given.T / config.temperature, dim=-1)
        far = (wanted * (wanted.clamp_min(1e-12).log() - said)).sum(1).mean()
        terms.append(near + config.order * far)
    return torch.stack(terms).mean()
