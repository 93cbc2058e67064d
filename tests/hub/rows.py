"""Rows of registries for the tests, made as ``acml models row`` makes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from acml_core.hub.row import row_of
from acml_core.published import Data, PublishedModel

NAME = "nmr/gine1.tiny-v1"
DATA = [Data(name="own", licence="CC BY 4.0")]

Use = Callable[..., Path]


def made(folder: Path, **change: Any) -> PublishedModel:
    """The row of a folder as ``acml models row`` makes it."""
    about = {
        "source": {"kind": "path", "path": str(folder)},
        "licence": "cc-by-4.0",
        "data": DATA,
        "summary": "for tests",
        **change,
    }
    return row_of(folder, NAME, **about)
