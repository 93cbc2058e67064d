"""A whole training run: tables in, artefact out."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from acml_core import artefact, plugins
from acml_core.config import merge, parse
from acml_core.data.dataset import Dataset, load
from acml_core.data.simulating import first_signals
from acml_core.errors import AcmlError, ArtefactError, BadInput
from acml_core.evaluation.assess import assess
from acml_core.files import write_text
from acml_core.hub.pretrained import load as load_published
from acml_core.memory import give_back_free_memory
from acml_core.modality import Modality
from acml_core.model import AcmlModel
from acml_core.probability import Calibration
from acml_core.rejects import write_csv
from acml_core.training import checkpoint
from acml_core.training.config import TrainConfig, from_recipe
from acml_core.training.fit import HISTORY, fit, new_model
from acml_core.training.precision import faster

RUN = "run.json"
EXAMPLES_TRIED = 8
"""Rows of a starter from which the golden example is taken: the first that can be drawn."""
NOT_FITTED = 1e-6
"""Scale of a model's scores that nothing was fitted for: every candidate is about as probable."""
Report = Callable[[str], None]


def start_run(
    modalities: Sequence[str],
    data: Sequence[Path],
    out: Path | None,
    *,
    recipe: str | None = None,
    settings: Sequence[dict[str, Any]] = (),
    only: Sequence[str] | None = None,
    tower: Path | Sequence[Path] | None = None,
    init: str | None = None,
    graph: str | None = None,
    command: str = "",
    device: torch.device,
    report: Report = print,
) -> Path:
    """Train, evaluate and save. Returns the artefact's folder.

    Args:
        data: tables; empty for each plugin's starter.
        recipe: of the first modality's plugin, or a TOML file.
        settings: laid over the recipe, later ones win.
        tower: pretrained tower weights: a model's folder, or a safetensors file of one encoder; of
            several modalities, a folder for each, and later ones win.
        init: a trained model (folder, registry's name, or Hub repository) whose weights to begin
            with; the settings must give the same shapes. What it has seen counts as seen.
        graph: a trained model, of whatever modalities, whose graph encoder to begin with.
    """
    if not modalities:
        raise BadInput("no modality was named", remedy="Give --modality, e.g. --modality nmr.")
    if init and graph:
        raise BadInput(
            "--init and --graph both give the graph encoder's first weights",
            remedy="Give one of them.",
        )
    classes = {name: plugins.get(name) for name in modalities}
    first = classes[modalities[0]]
    others = [classes[name] for name in modalities[1:]]
    config = from_recipe(first, recipe, merge({}, *settings), others=others)
    if only and len(modalities) > 1:
        raise BadInput(
            "--only names the columns of one modality, and several are trained",
            remedy="Train on a table that has the wanted columns alone.",
        )
    if config.precision == "auto":  # measured once, so that a resumed run computes the same
        config = config.model_copy(update={"precision": faster(device.type)})
    out = out or Path("runs") / "-".join(modalities)
    if (out / artefact.INFO).exists() or (out / RUN).exists():
        raise BadInput(
            "the folder holds a run already",
            source=out,
            remedy=f"Give another --out, or: acml train --resume {out}",
        )
    out.mkdir(parents=True, exist_ok=True)
    run = {
        "modalities": list(modalities),
        "data": [str(path.resolve()) for path in data],  # a run may resume elsewhere
        "config": config.model_dump(mode="json"),
        "only": list(only) if only else None,
        "tower": [
            str(path.resolve()) for path in ([tower] if isinstance(tower, Path) else tower or [])
        ],
        "init": _folder_of(init),
        "graph": _folder_of(graph),
        "command": command,
    }
    write_text(out / RUN, json.dumps(run, indent=1))
    try:
        return _run(out, resume=False, device=device, report=report)
    except AcmlError:
        if not (out / HISTORY).exists():  # nothing was trained: leave no half run behind
            (out / RUN).unlink()
            if not any(out.iterdir()):
                out.rmdir()
        raise


def resume_run(out: Path, *, device: torch.device, report: Report = print) -> Path:
    """Go on with a run from its last checkpoint, or finish what follows training."""
    if (out / artefact.INFO).exists():
        raise BadInput("this run is finished", source=out, remedy="Use it with --model.")
    if not (out / RUN).exists():
        raise BadInput("there is no run to resume", source=out, remedy="Check the folder.")
    return _run(out, resume=True, device=device, report=report)


def _run(out: Path, *, resume: bool, device: torch.device, report: Report) -> Path:
    give_back_free_memory()
    saved = json.loads((out / RUN).read_text(encoding="utf-8"))
    config = parse(TrainConfig, saved["config"], source=out / RUN)
    modalities = _modalities(saved["modalities"], config)
    data = [Path(path) for path in saved["data"]]
    if not data:
        data = [modality.starter() for modality in modalities.values()]
        report(f"no --data: training on the starter tables ({', '.join(p.name for p in data)})")
    dataset = load(
        data,
        list(modalities.values()),
        config.split,
        only=saved["only"],
        training=True,
        seed=config.seed,
    )
    if dataset.rejects:
        write_csv(dataset.rejects, out / "rejects.csv")
        report(f"{len(dataset.rejects)} rows left out; reasons in {out / 'rejects.csv'}")
    if saved.setdefault("sources", dataset.sources) != dataset.sources:
        raise BadInput(
            "the tables have changed since this run began",
            source=out,
            remedy="Put them back as they were, or start anew with another --out.",
        )
    write_text(out / RUN, json.dumps(saved, indent=1))
    model = new_model(config, modalities)
    seen_before = None
    if saved.get("init") is not None:
        seen_before = begin_with(model, Path(saved["init"]))
    if saved.get("graph") is not None:
        seen_before = begin_with_graph(model, Path(saved["graph"]))
    for path in saved["tower"] or []:
        load_towers(model, Path(path))
    _describe(model, dataset, report)
    fit(
        model,
        dataset,
        config,
        out,
        device=device,
        resume=resume and (out / checkpoint.FILE).exists(),
        pretrained=bool(saved["tower"]) or saved.get("init") is not None,
        report=report,
    )
    model.to("cpu")
    _finish(out, model, dataset, config, saved["command"], seen_before, report)
    for name in (checkpoint.FILE, RUN):  # last: a run killed while it is evaluated resumes
        (out / name).unlink(missing_ok=True)
    return out


def _finish(
    out: Path,
    model: AcmlModel,
    dataset: Dataset,
    config: TrainConfig,
    command: str,
    seen_before: np.ndarray | None,
    report: Report,
) -> None:
    calibrations = {name: Calibration.constant(NOT_FITTED) for name in dataset.measured}
    metrics: dict[str, Any] = {}
    if config.assess:
        report("evaluating on test molecules")
        calibrations, metrics = assess(model, dataset, seed=config.seed)
    test = dataset.molecules("test")
    examples = {}
    for name in dataset.measured:
        examples[name] = _example(model.modalities[name], dataset)
    seen = np.setdiff1d(np.arange(len(dataset.graphs)), test)
    counts = np.bincount(dataset.split, minlength=3).tolist()
    artefact.save(
        out,
        model,
        calibrations=calibrations,
        examples=examples,
        seen=[dataset.graphs.keys[i] for i in seen],
        seen_before=seen_before,
        metrics=metrics,
        training=config.model_dump(mode="json"),
        data={
            **dataset.metadata,  # first: a table must not rename what is counted here
            "sources": named(dataset.sources),
            "rejects": len(dataset.rejects),
            "molecules": dict(zip(("train", "validation", "test"), counts, strict=True)),
        },
        command=command,
    )


def _example(modality: Modality, dataset: Dataset) -> Any:
    """The golden example: the starter's first signal, or the first training signal without one."""
    if modality.supports("starter"):
        return first_signals(modality.starter(), modality, EXAMPLES_TRIED)[0]
    measured = dataset.measured[modality.name]
    return measured.signals[int(measured.of(dataset.molecules("train"))[0])]


def named(sources: dict[str, str]) -> dict[str, str]:
    """Hashes by file name; with the folder's where two files have the same."""
    names = [Path(path).name for path in sources]
    return {
        name if names.count(name) == 1 else str(Path(*Path(path).parts[-2:])): digest
        for name, (path, digest) in zip(names, sources.items(), strict=True)
    }


def begin_with(model: AcmlModel, path: Path) -> np.ndarray:
    """Give a new model the weights of a trained one, and say what that has seen.

    Returns:
        (n,) int64 hashes of the molecules that it was trained or tuned on.

    Raises:
        ArtefactError: not a model, or one of other settings.
    """
    trained = artefact.load(path)
    own, given = model.state_dict(), trained.model.state_dict()
    for name in [*own, *given]:
        if name not in own or name not in given or own[name].shape != given[name].shape:
            raise ArtefactError(
                f"its settings are not this run's: {name} differs",
                source=path,
                remedy="Train with the modalities, graph, projector and plugin settings that its"
                " acml.json states.",
            )
    model.load_state_dict(given)
    return trained.seen


def begin_with_graph(model: AcmlModel, path: Path) -> np.ndarray:
    """Give a new model the graph encoder of a trained one, whatever measurements that was trained on.

    Parts that the trained encoder has not (exact masses, say) begin untrained, and parts that the new
    one has not are left behind.

    Returns:
        (n,) int64 hashes of the molecules that the encoder was trained or tuned on.

    Raises:
        ArtefactError: not a model, or its graph encoder has other settings.
    """
    trained = artefact.load(path)
    own, given = model.graph_encoder.state_dict(), trained.model.graph_encoder.state_dict()
    shared = {name: value for name, value in given.items() if name in own}
    odd = next((name for name, value in shared.items() if value.shape != own[name].shape), None)
    if odd is not None or not shared or model.config.graph.name != trained.model.config.graph.name:
        raise ArtefactError(
            "its graph encoder has other settings than this run's"
            + (f": {odd} differs" if odd is not None else ""),
            source=path,
            remedy="Give the 'graph' settings that its acml.json states.",
        )
    model.graph_encoder.load_state_dict({**own, **shared})
    return trained.seen


def _folder_of(model: str | None) -> str | None:
    return str(load_published(model).path.resolve()) if model else None


def load_towers(model: AcmlModel, path: Path) -> None:
    """Put pretrained encoder weights into a model's heads.

    Args:
        path: an artefact's folder (the towers of the modalities that both have), or a safetensors
            file of one encoder's state.

    Raises:
        ArtefactError: no such file, or weights of another architecture.
    """
    file = path / artefact.WEIGHTS if path.is_dir() else path
    try:
        weights = load_file(file)
    except (FileNotFoundError, SafetensorError, OSError) as error:
        raise ArtefactError(
            f"no readable tower weights ({error})",
            source=file,
            remedy="Give a model's folder or a .safetensors file.",
        ) from None
    loaded = False
    for name, head in model.heads.items():
        prefix = f"heads.{name}.encoder."
        own = {k[len(prefix) :]: v for k, v in weights.items() if k.startswith(prefix)}
        own = own or (weights if not path.is_dir() and len(model.heads) == 1 else {})
        if not own:
            continue
        try:
            head.encoder.load_state_dict(own)  # type: ignore[union-attr, operator]
        except RuntimeError as error:
            raise ArtefactError(
                f"the tower's weights do not fit the plugin's settings"
                f" ({str(error).splitlines()[-1].strip()})",
                source=file,
                remedy="Train with the settings the tower was trained with.",
            ) from None
        loaded = True
    if not loaded:
        raise ArtefactError(
            f"it holds no tower for {', '.join(model.heads)}",
            source=file,
            remedy="Give a model of the same modality.",
        )


def _modalities(names: Sequence[str], config: TrainConfig) -> dict[str, Modality]:
    unknown = set(config.modality) - set(names)
    if unknown:
        raise BadInput(
            f"settings for {sorted(unknown)[0]!r}, which is not trained",
            remedy=f"Modalities of this run: {', '.join(names)}.",
        )
    made = {}
    for name in names:
        cls = plugins.get(name)
        made[name] = cls(
            parse(cls.Config, config.modality.get(name, {}), source=f"settings of {name}")
        )
    return made


def _describe(model: AcmlModel, dataset: Dataset, report: Report) -> None:
    counts = np.bincount(dataset.split, minlength=3)
    size = sum(p.numel() for p in model.graph_encoder.parameters())
    report(
        f"{len(dataset.graphs)} molecules ({counts[0]} train, {counts[1]} validation,"
        f" {counts[2]} test); "
        + ", ".join(f"{len(m.signals)} {name} measurements" for name, m in dataset.measured.items())
        + f"; graph encoder {model.config.graph.name}, {size / 1e6:.2f} M parameters"
    )
