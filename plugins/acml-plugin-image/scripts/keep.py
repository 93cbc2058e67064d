"""Checkpoints of the pretraining, and the weights that it ends with: safetensors and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from acml_plugin_image import weights
from acml_plugin_image.config import ImageConfig
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from acml_core import bundled
from acml_core.files import write_tensors, write_text

WEIGHTS, STATE = "checkpoint.safetensors", "checkpoint.json"
AVERAGED = "mean.module."
"""How the names of averaged weights begin."""


def save(
    out: Path,
    model: nn.Module,
    mean: AveragedModel,
    optimiser: Optimizer,
    step: int,
    seconds: float,
) -> None:
    """Everything that is needed to go on."""
    tensors = {f"model.{k}": v for k, v in model.state_dict().items()}
    tensors |= {f"mean.{k}": v for k, v in mean.state_dict().items()}
    for i, values in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{i}.{k}": torch.as_tensor(v) for k, v in values.items()}
    write_tensors(out / WEIGHTS, tensors)
    write_text(out / STATE, json.dumps({"step": step, "seconds": seconds}))


def load(
    out: Path, model: nn.Module, mean: AveragedModel, optimiser: Optimizer
) -> tuple[int, float]:
    """Steps made and seconds spent so far; 0 where there is no checkpoint."""
    if not (out / STATE).exists():
        return 0, 0.0
    state = json.loads((out / STATE).read_text())
    parts: dict[str, dict[str, Tensor]] = {"model": {}, "mean": {}, "optimiser": {}}
    for name, value in load_file(out / WEIGHTS).items():
        part, _, rest = name.partition(".")
        parts[part][rest] = value
    model.load_state_dict(parts["model"])
    mean.load_state_dict(parts["mean"])
    moments: dict[int, dict[str, Any]] = {}
    for name, value in parts["optimiser"].items():
        i, _, key = name.partition(".")
        moments.setdefault(int(i), {})[key] = value
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": moments, "param_groups": groups})
    return state["step"], state["seconds"]


def start_from(folder: Path, model: nn.Module) -> int:
    """Fill a new model with another run's averaged weights, where names and shapes agree.

    Returns:
        how many tensors were filled.
    """
    own = model.state_dict()
    known = {
        name.removeprefix(AVERAGED): value
        for name, value in load_file(folder / WEIGHTS).items()
        if name.startswith(AVERAGED)
    }
    fits = {k: v for k, v in known.items() if k in own and own[k].shape == v.shape}
    model.load_state_dict({**own, **fits})
    return len(fits)


def write_tower(
    out: Path, encoder: nn.Module, config: ImageConfig, metrics: dict[str, float]
) -> None:
    """``tower.safetensors``: matrices and kernels in float16, the rest as it is."""
    settings = {**weights.shape(config), "size": config.size, "margin": config.margin}
    bundled.write(out / "tower.safetensors", encoder, settings)
    write_text(out / "metrics.json", json.dumps(metrics, indent=2) + "\n")
