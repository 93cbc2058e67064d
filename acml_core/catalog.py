"""Reads registry.toml: known plugins, whether installed or not, published models, sets of molecules.

Users add registries of their own without touching ours: the environment variable ``ACML_REGISTRY``
names them, comma-separated; files are read here, repositories of the Hub by
``acml_core.hub.registries``. A name that two registries give is an error.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from acml_core.config import Settings, parse, read_toml
from acml_core.errors import ConfigError
from acml_core.published import KnownMolecules, PublishedModel

ENVIRONMENT = "ACML_REGISTRY"
"""Environment variable: further registries, comma-separated: files, or ``owner/name[@revision]``."""


class KnownPlugin(Settings):
    """One row ``[plugins.NAME]``.

    Attributes:
        distribution: what ``pip install`` calls it.
        summary: what it reads, in one line.
    """

    distribution: str
    summary: str


class Catalog(Settings):
    """The whole of one registry.toml."""

    version: Literal[1] = Field(alias="schema")  # a field called schema would hide pydantic's own
    plugins: dict[str, KnownPlugin] = Field(default_factory=dict)
    models: dict[str, PublishedModel] = Field(default_factory=dict)
    molecules: dict[str, KnownMolecules] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_default_each(self) -> Catalog:
        owners: dict[str, str] = {}
        for name, row in self.models.items():
            row.check_name(name)
            for modality in row.modalities if row.default else ():
                other = owners.setdefault(modality, name)
                if other != name:
                    raise ValueError(f"{other} and {name} are both the default of {modality!r}")
        return self


def path() -> Path:
    """registry.toml: inside the installed package, or in the root of a source checkout."""
    package = Path(__file__).parent
    inside = package / "registry.toml"
    return inside if inside.exists() else package.parent / "registry.toml"


def read(file: Path) -> Catalog:
    """One registry.

    Raises:
        BadInput: no such file, not TOML, or a row that the schema does not allow.
    """
    return parse(Catalog, read_toml(file), source=file)


@cache
def load() -> Catalog:
    """The catalogue that ACML ships, read once."""
    return read(path())


def plugins() -> dict[str, KnownPlugin]:
    """Known plugins by modality name."""
    return load().plugins


def further() -> list[str]:
    """What ``ACML_REGISTRY`` names, in order."""
    return [part.strip() for part in os.environ.get(ENVIRONMENT, "").split(",") if part.strip()]


def is_file(name: str) -> bool:
    """Whether an entry of ``ACML_REGISTRY`` is a file and not a repository of the Hub."""
    return name.lower().endswith(".toml") or Path(name).expanduser().exists()


@dataclass(frozen=True)
class Registry:
    """A registry that was read.

    Attributes:
        origin: for messages: its file, or its repository.
        file: where it lies here.
        catalog: what it holds.
        ours: whether it is the one that ACML ships.
    """

    origin: str
    file: Path
    catalog: Catalog
    ours: bool = False


@dataclass(frozen=True)
class Entry:
    """A row with its name and the registry that it is in."""

    name: str
    row: PublishedModel
    registry: Registry


def shipped() -> Registry:
    """The registry that ACML ships."""
    return Registry(str(path()), path(), load(), ours=True)


def local(name: str) -> Registry:
    """A user's registry in a file.

    Raises:
        BadInput: no such file, or not a registry.
    """
    file = Path(name).expanduser()
    return opened(name, file)


def opened(origin: str, file: Path) -> Registry:
    """A user's registry, wherever it came from.

    Raises:
        BadInput: not a registry, or it holds plugins, which only ours lists.
    """
    catalog = read(file)
    if catalog.plugins:
        raise ConfigError(
            f"it has a row for the plugin {next(iter(catalog.plugins))!r}",
            source=origin,
            remedy="A registry of one's own holds models only: installed plugins are found anyhow.",
        )
    return Registry(origin, file, catalog)


def merge(registries: Iterable[Registry]) -> dict[str, Entry]:
    """The rows of several registries by name.

    Raises:
        ConfigError: two registries give one name.
    """
    entries: dict[str, Entry] = {}
    for registry in registries:
        for name, row in registry.catalog.models.items():
            if name in entries:
                raise ConfigError(
                    f"the model {name!r} is in {entries[name].registry.origin} too",
                    source=registry.origin,
                    remedy=f"Give it another name, or take one of them out of {ENVIRONMENT}.",
                )
            entries[name] = Entry(name, row, registry)
    return entries


def default(entries: Iterable[Entry], modality: str) -> Entry | None:
    """What a modality means without ``--model``; a user's default comes before ours.

    Raises:
        ConfigError: two of the user's registries give a default.
    """
    found = [one for one in entries if one.row.default and modality in one.row.modalities]
    own = [one for one in found if not one.registry.ours]
    if len(own) > 1:
        raise ConfigError(
            f"{own[0].name!r} of {own[0].registry.origin} is the default of {modality!r} too",
            source=own[1].registry.origin,
            remedy="Take 'default = true' from one of them.",
        )
    return next(iter(own or found), None)
