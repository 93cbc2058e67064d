"""The bundled tower: weights that ``scripts/pretrain.py`` made, for an encoder of the same shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from torch import nn

from acml_plugin_smiles.vocabulary import FINGERPRINT

TOWER = Path(__file__).parent / "data" / "tower.safetensors"
SHAPE = ("dim", "width", "layers", "attention_layers", "heads", "pool_width")
"""Settings that the weights depend on."""


def shape(config: Any) -> dict[str, Any]:
    """What an encoder must share with the weights: its shape, and the list of tokens."""
    return {**{name: getattr(config, name) for name in SHAPE}, "vocabulary": FINGERPRINT}


def fits(config: Any, path: Path = TOWER) -> bool:
    """Whether there are bundled weights for these settings."""
    from safetensors import safe_open

    if not path.is_file():
        return False
    with safe_open(path, framework="pt") as file:
        stated = json.loads((file.metadata() or {}).get("shape", "{}"))
    return stated == shape(config)


def load(encoder: nn.Module, path: Path = TOWER) -> None:
    """Put the bundled weights (float16) into an encoder (float32)."""
    from safetensors.torch import load_file

    encoder.load_state_dict({name: value.float() for name, value in load_file(path).items()})
