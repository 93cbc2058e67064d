"""Packages that an extra of acml-core brings."""

from __future__ import annotations

import importlib
from typing import Any

from acml_core.errors import Unsupported

PROPERTY = 'pip install "acml-core[property]"'


def scikit_learn(module: str) -> Any:
    """A module of scikit-learn, e.g. ``ensemble``.

    Raises:
        Unsupported: it is not installed.
    """
    try:
        return importlib.import_module(f"sklearn.{module}")
    except ModuleNotFoundError:
        raise Unsupported("scikit-learn is not installed", remedy=f"Run: {PROPERTY}") from None
