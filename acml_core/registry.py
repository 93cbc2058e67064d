"""One small registry for every kind of named component."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from acml_core.errors import PluginError, UnknownName, did_you_mean

T = TypeVar("T")

CORE = "acml-core"
"""Owner of the built-in entries: the core's distribution."""


class Registry(Generic[T]):
    """Names to classes, imported when first asked for.

    Args:
        kind: what is registered, for messages, e.g. ``"graph encoder"``.
        base: class that every entry must subclass, as ``"module:attribute"``. Checked at ``get``.
        fallback: called once, with the registry, when a name is not known; it may register more
            (this is how plugins' components come in without being imported for every command).
    """

    def __init__(
        self, kind: str, base: str, *, fallback: Callable[[Registry[T]], None] | None = None
    ) -> None:
        self.kind = kind
        self._base = base
        self._entries: dict[str, str | type[T]] = {}
        self._classes: dict[str, type[T]] = {}
        self._owners: dict[str, str] = {}
        self._disputes: dict[str, PluginError] = {}
        self._fallback = fallback
        self._fell_back = False

    def add(self, name: str, entry: str | type[T], *, owner: str = CORE) -> None:
        """Register a class, or ``"module:attribute"`` to import later.

        Raises:
            PluginError: the name is taken by something else.
        """
        if name in self._entries and self._entries[name] != entry:
            raise PluginError(
                f"the {self.kind} {name!r} of {owner} clashes with that of {self._owners[name]}",
                remedy=f"Uninstall one of them, or ask the author of {owner} for another name.",
            )
        self._entries[name] = entry
        self._owners[name] = owner

    def dispute(self, name: str, clash: PluginError) -> None:
        """Let ``get`` refuse a name that two plugins claim; the core's own stay what they are.

        ``names`` and the other entries are not touched, so that a clash between two plugins stops
        only who asks for that very name.
        """
        if self._owners[name] != CORE:
            self._disputes[name] = clash

    def get(self, name: str) -> type[T]:
        """The class of that name.

        Raises:
            UnknownName: nothing of that name; suggests the nearest.
            PluginError: what is registered cannot be imported, is not of this kind, or two plugins
                claim the name.
        """
        if name not in self._entries:
            self._load_fallback()
        if name in self._classes:
            return self._classes[name]
        if name in self._disputes:
            raise self._disputes[name]
        if name not in self._entries:
            raise UnknownName(
                f"no {self.kind} is called {name!r}", remedy=did_you_mean(name, self._entries)
            )
        found = self._import(name)
        base = _resolve(self._base)
        if not (isinstance(found, type) and issubclass(found, base)):
            raise PluginError(
                f"the {self.kind} {name!r} of {self._owners[name]} is not a {base.__name__}",
                remedy=f"It must subclass {base.__module__}.{base.__name__}.",
            )
        self._classes[name] = found
        return found

    def names(self) -> list[str]:
        """Every registered name, plugins' included, sorted."""
        self._load_fallback()
        return sorted(self._entries)

    def owner(self, name: str) -> str:
        """The distribution that registered ``name``."""
        return self._owners[name]

    def _load_fallback(self) -> None:
        if self._fallback is not None and not self._fell_back:
            self._fell_back = True
            self._fallback(self)

    def _import(self, name: str) -> Any:
        owner = self._owners[name]
        if owner == CORE:
            return _resolve(self._entries[name])
        try:
            return _resolve(self._entries[name])
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a stranger's module may raise anything, SystemExit too
            raise PluginError(
                f"the {self.kind} {name!r} of {owner} cannot be imported: "
                f"{type(error).__name__}: {error}",
                remedy=f"Run: pip install --force-reinstall {owner}",
            ) from error


def _resolve(entry: Any) -> Any:
    if not isinstance(entry, str):
        return entry
    module, _, attribute = entry.partition(":")
    return getattr(importlib.import_module(module), attribute)
