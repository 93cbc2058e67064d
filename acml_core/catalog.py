"""Reads registry.toml: the plugins that are known to exist, whether installed or not."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from acml_core.config import Settings, parse, read_toml


class KnownPlugin(Settings):
    """One row ``[plugins.NAME]``.

    Attributes:
        distribution: what ``pip install`` calls it.
        summary: what it reads, in one line.
    """

    distribution: str
    summary: str


class Catalog(Settings):
    """The whole of registry.toml."""

    version: Literal[1] = Field(alias="schema")  # a field called schema would hide pydantic's own
    plugins: dict[str, KnownPlugin] = Field(default_factory=dict)


def path() -> Path:
    """registry.toml: inside the installed package, or in the root of a source checkout."""
    package = Path(__file__).parent
    inside = package / "registry.toml"
    return inside if inside.exists() else package.parent / "registry.toml"


@cache
def load() -> Catalog:
    """The catalogue, read once."""
    return parse(Catalog, read_toml(path()), source=path())


def plugins() -> dict[str, KnownPlugin]:
    """Known plugins by modality name."""
    return load().plugins
