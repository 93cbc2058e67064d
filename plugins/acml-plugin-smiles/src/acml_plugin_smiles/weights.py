"""The bundled tower: weights that ``scripts/pretrain.py`` made, for an encoder of the same shape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from acml_core.bundled import BundledTower
from acml_plugin_smiles.vocabulary import FINGERPRINT

TOWER = BundledTower(Path(__file__).parent / "data" / "tower.safetensors", "acml-plugin-smiles")
SHAPE = ("dim", "width", "layers", "attention_layers", "heads", "pool_width")
"""Settings that the weights depend on."""


def shape(config: Any) -> dict[str, Any]:
    """What an encoder must share with the weights: its shape, and the list of tokens."""
    return {**{name: getattr(config, name) for name in SHAPE}, "vocabulary": FINGERPRINT}
