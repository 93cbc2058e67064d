"""Every registry that applies: ours, and those that ``ACML_REGISTRY`` names."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from acml_core import catalog
from acml_core.catalog import Entry, Registry
from acml_core.errors import BadInput, ConfigError
from acml_core.hub.names import repository
from acml_core.hub.pull import pull
from acml_core.published import Local

FILE = "registry.toml"
"""Name of the file in a repository of the Hub that is a registry."""


def registries(report: Callable[[str], None] = lambda _: None) -> list[Registry]:
    """Ours first, then the user's in their order.

    Raises:
        BadInput: ``ACML_REGISTRY`` names what is neither a file nor a repository, or a bad file.
        AcmlError: a repository that cannot be reached and is not in the cache.
    """
    found = [catalog.shipped()]
    for name in catalog.further():
        found.append(catalog.local(name) if catalog.is_file(name) else _remote(name, report))
    return found


def entries(report: Callable[[str], None] = lambda _: None) -> dict[str, Entry]:
    """Every published model by name.

    Raises:
        ConfigError: two registries give one name; and as ``registries``.
    """
    return catalog.merge(registries(report))


@cache
def _remote(name: str, report: Callable[[str], None]) -> Registry:
    """A registry in a repository of the Hub; asked for once a process."""
    where = repository(name)
    if where is None:
        raise BadInput(
            f"{name!r} in {catalog.ENVIRONMENT} is neither a file nor a repository of the Hub",
            remedy="Give files, or OWNER/NAME, with commas between them.",
        )
    pulled = pull(where, wanted=(FILE,), report=report)
    registry = catalog.opened(str(where), pulled.folder / FILE)
    for model, row in registry.catalog.models.items():
        if isinstance(row.source, Local):
            raise ConfigError(
                f"{model!r} is a folder of its author's machine",
                source=str(where),
                remedy="A registry on the Hub may name repositories and packages only.",
            )
    return registry
