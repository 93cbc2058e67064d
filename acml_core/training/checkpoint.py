"""Checkpoints of a run in one safetensors file, replaced whole: a killed run goes on from the last."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from acml_core.errors import ArtefactError
from acml_core.files import write_tensors

FILE = "checkpoint.safetensors"


def save(
    folder: Path,
    modules: dict[str, nn.Module],
    tensors: dict[str, dict[str, Tensor]],
    optimiser: torch.optim.Optimizer,
    state: dict[str, Any],
) -> None:
    """Write modules, loose tensors, the optimiser's moments and a JSON-able state."""
    flat: dict[str, Tensor] = {}
    for name, module in modules.items():
        for key, value in module.state_dict().items():
            flat[f"module/{name}/{key}"] = value
    for name, group in tensors.items():
        for key, value in group.items():
            flat[f"tensors/{name}/{key}"] = value
    for number, moments in optimiser.state_dict()["state"].items():
        for key, value in moments.items():
            tensor = value if isinstance(value, Tensor) else torch.tensor(value)
            flat[f"optimiser/{number}/{key}"] = tensor
    write_tensors(folder / FILE, flat, metadata={"state": json.dumps(state)})


def load(
    folder: Path, modules: dict[str, nn.Module], optimiser: torch.optim.Optimizer
) -> tuple[dict[str, Any], dict[str, dict[str, Tensor]]]:
    """Put modules and optimiser back as they were. Returns the state and the loose tensors.

    Raises:
        ArtefactError: no checkpoint there, damaged, or of another configuration.
    """
    path = folder / FILE
    try:
        with safe_open(path, framework="pt") as file:
            state = json.loads((file.metadata() or {})["state"])
            flat = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise ArtefactError(
            "there is no checkpoint to resume",
            source=folder,
            remedy="A run writes its first one after its first epoch; start it anew.",
        ) from None
    except (SafetensorError, KeyError, ValueError) as error:
        raise ArtefactError(
            f"the checkpoint is damaged ({error})", source=path, remedy="Start the run anew."
        ) from None
    tensors: dict[str, dict[str, Tensor]] = {}
    moments: dict[int, dict[str, Tensor]] = {}
    weights: dict[str, dict[str, Tensor]] = {name: {} for name in modules}
    for key, value in flat.items():
        kind, name, rest = key.split("/", 2)
        if kind == "module":
            weights[name][rest] = value
        elif kind == "tensors":
            tensors.setdefault(name, {})[rest] = value
        else:
            moments.setdefault(int(name), {})[rest] = value
    try:
        for name, module in modules.items():
            module.load_state_dict(weights[name])
        restored = optimiser.state_dict()
        restored["state"] = moments
        optimiser.load_state_dict(restored)
    except (RuntimeError, ValueError) as error:
        raise ArtefactError(
            f"the checkpoint is of another configuration ({str(error).splitlines()[0]})",
            source=path,
            remedy="Resume with the settings the run was started with.",
        ) from None
    return state, tensors
