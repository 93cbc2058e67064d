"""The weights that the plugin brings: made by ``scripts/pretrain.py``."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acml_core.errors import ArtefactError

if TYPE_CHECKING:
    from acml_plugin_image.config import ImageConfig
    from acml_plugin_image.encoder import PictureEncoder

BUNDLED = Path(__file__).parent / "data" / "tower.safetensors"
SHAPE = ("dim", "channels", "middle", "blocks")
"""Settings that the weights' shapes depend on."""


def fits(config: ImageConfig) -> bool:
    """Whether there are bundled weights, for an encoder of these settings."""
    return all(_settings().get(name) == _plain(getattr(config, name)) for name in SHAPE)


def load(encoder: PictureEncoder) -> None:
    """Fill an encoder with the bundled weights (matrices are stored as float16).

    Raises:
        ArtefactError: the file is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        encoder.load_state_dict(load_file(BUNDLED))
    except (SafetensorError, RuntimeError, OSError) as error:
        raise ArtefactError(
            f"the bundled weights are damaged ({error})",
            source=BUNDLED,
            remedy="pip install --force-reinstall --no-deps acml-plugin-image",
        ) from None


@cache
def _settings() -> dict[str, Any]:
    """What the weights were trained with; empty where there are none."""
    if not BUNDLED.is_file():
        return {}
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(BUNDLED, framework="numpy") as file:
            return json.loads((file.metadata() or {}).get("settings", "{}"))
    except (SafetensorError, OSError, ValueError):
        raise ArtefactError(
            "the bundled weights are damaged",
            source=BUNDLED,
            remedy="pip install --force-reinstall --no-deps acml-plugin-image",
        ) from None


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
