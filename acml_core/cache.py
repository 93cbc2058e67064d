"""Where ACML keeps what it can make again."""

from __future__ import annotations

import os
from pathlib import Path

ENVIRONMENT = "ACML_CACHE"
"""Environment variable that names another folder."""


def cache_dir() -> Path:
    """``$ACML_CACHE``, else ``~/.cache/acml``. May not exist yet; deleting it loses only time."""
    chosen = os.environ.get(ENVIRONMENT)
    return Path(chosen).expanduser() if chosen else Path.home() / ".cache" / "acml"
