"""ACML: asymmetric contrastive multimodal learning for molecules and their measurements.

Public names are resolved when first used, so that importing this package imports no torch.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "AcmlError": "errors",
    "AcmlModel": "model",
    "BadInput": "errors",
    "Component": "plugins",
    "Encoder": "encoder",
    "Modality": "modality",
    "Settings": "config",
    "Signal": "modality",
    "canonicalise": "molecule",
    "hookimpl": "plugins",
    "load": "api",
    "search_sample": "api",
}

__all__ = ["__version__", *sorted(_PUBLIC)]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(f"acml_core.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
