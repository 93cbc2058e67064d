"""The weights that the plugin brings: made by ``scripts/pretrain.py``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from acml_core.bundled import BundledTower

TOWER = BundledTower(Path(__file__).parent / "data" / "tower.safetensors", "acml-plugin-image")
SHAPE = ("dim", "channels", "middle", "blocks")
"""Settings that the weights' shapes depend on."""


def shape(config: Any) -> dict[str, Any]:
    """What an encoder must share with the weights."""
    return {name: getattr(config, name) for name in SHAPE}
