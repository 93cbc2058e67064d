"""Finding and loading modality plugins.

A plugin is a distribution with an entry point in the group ``acml``; the entry point's name is the
modality's name and its value a module with pluggy hook implementations. Listing reads metadata
only. Loading imports one plugin and no other, after its declared range of core versions has been
checked. What is wrong with a plugin is data (``PluginInfo``) until somebody asks for that very one.
"""

from __future__ import annotations

import importlib.metadata as metadata
import logging
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import pluggy

from acml_core.errors import PluginError, UnknownName, did_you_mean
from acml_core.registry import CORE

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    from acml_core.modality import Modality
    from acml_core.registry import Registry

GROUP = "acml"
SLOW_IMPORT_S = 5.0
"""An import slower than this [s] is reported by ``acml plugins check``."""

HEALTHY = ("ok", "slow")
"""Statuses of a loaded plugin that can be used."""

ALLOW_LIST = "ACML_PLUGINS"
"""Environment variable: comma-separated names of the plugins that may load; unset means all."""

Status = Literal[
    "installed", "ok", "slow", "disabled", "clashing", "incompatible", "broken", "misnamed"
]

log = logging.getLogger("acml")

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@dataclass(frozen=True)
class Component:
    """A graph encoder, loss or projector that a plugin adds.

    Attributes:
        kind: ``"graph_encoder"``, ``"loss"`` or ``"projector"``.
        name: what settings call it.
        entry: ``"module:Class"``, imported when first used.
    """

    kind: str
    name: str
    entry: str


class Hooks:
    """What a plugin's module may implement, each marked with ``@acml_core.hookimpl``."""

    @hookspec
    def acml_modalities(self) -> Iterable[type[Modality]]:  # type: ignore[empty-body]
        """The modality classes of this plugin."""

    @hookspec
    def acml_components(self) -> Iterable[Component]:  # type: ignore[empty-body]
        """Graph encoders, losses and projectors of this plugin."""


@dataclass(frozen=True)
class PluginInfo:
    """What is known of one entry point.

    Attributes:
        name: the entry point's name.
        distribution, version: the distribution that declares it.
        module: the module it names.
        status: ``installed`` until it was loaded, then ``ok`` or what is wrong.
        cause, remedy: why, and the command that mends it.
        seconds: how long its import took [s].
    """

    name: str
    distribution: str
    version: str
    module: str
    status: Status = "installed"
    cause: str = ""
    remedy: str = ""
    seconds: float | None = None


def installed() -> list[PluginInfo]:
    """Every installed plugin, sorted by name, from metadata alone: imports none of them."""
    found = [_describe(entry) for entry in metadata.entry_points(group=GROUP)]
    found = sorted(set(found), key=_order)
    owners: dict[str, set[str]] = {}
    for info in found:
        if info.status == "installed":  # one without metadata does not stop its namesake
            owners.setdefault(info.name, set()).add(info.distribution)
    return [_before_import(info, owners.get(info.name, set())) for info in found]


def _order(info: PluginInfo) -> tuple[str, bool, str]:
    return info.name, info.status != "installed", info.distribution


def get(name: str) -> type[Modality]:
    """The modality class of that name; imports its plugin and no other.

    Raises:
        UnknownName: no such plugin is installed; says how to install it, or the nearest name.
        PluginError: the plugin is broken, incompatible, misnamed, clashing or not allowed, or it
            adds components and no modality.
    """
    info, found = _load(name)
    if found is None and info.status in HEALTHY:
        raise PluginError(
            f"plugin {name!r} adds components (graph encoders, losses, projectors), no modality",
            remedy=f"Known modalities: {', '.join(n for n in _names() if n != name)}.",
        )
    if found is None:
        raise PluginError(f"plugin {name!r} is {info.status}: {info.cause}", remedy=info.remedy)
    return found


def check(name: str) -> PluginInfo:
    """Load one plugin and say how that went. Raises only when nothing of that name is installed."""
    return _load(name)[0]


def load_components(registry: Registry[Any], kind: str) -> None:
    """Register what every healthy plugin adds to one registry. A broken plugin adds nothing.

    Two plugins that claim one name stop only who asks for that name; a plugin that claims a name of
    the core's own is told so in the log and does not get it.
    """
    for info in installed():
        if info.status != "installed":
            continue
        try:
            components = _components(_import(info))
        except KeyboardInterrupt:
            raise
        except BaseException:  # its cause is shown by 'acml plugins check'
            continue
        for component in components:
            if component.kind != kind:
                continue
            try:
                registry.add(component.name, component.entry, owner=info.distribution)
            except PluginError as clash:
                log.warning("%s", clash)
                registry.dispute(component.name, clash)


def _describe(entry: metadata.EntryPoint) -> PluginInfo:
    dist = entry.dist
    try:
        distribution, version = (dist.name, dist.version) if dist is not None else ("?", "?")
        if not (distribution and version):
            raise ValueError("no name or no version")
    except Exception as error:  # a *.dist-info folder that an interrupted pip left behind
        return PluginInfo(
            name=entry.name,
            distribution="?",
            version="?",
            module=entry.value,
            status="broken",
            cause=f"its distribution's metadata cannot be read ({_told(error)})",
            remedy=f"Install the distribution of {entry.value!r} again: pip install DISTRIBUTION",
        )
    return PluginInfo(
        name=entry.name, distribution=distribution, version=version, module=entry.value
    )


def _before_import(info: PluginInfo, owners: set[str]) -> PluginInfo:
    if info.status != "installed":
        return info
    allowed = os.environ.get(ALLOW_LIST)
    if allowed is not None and info.name not in {part.strip() for part in allowed.split(",")}:
        return replace(
            info,
            status="disabled",
            cause=f"{ALLOW_LIST} does not name it",
            remedy=f"Add {info.name!r} to {ALLOW_LIST}, or unset it.",
        )
    if len(owners) > 1:
        return replace(
            info,
            status="clashing",
            cause=f"{' and '.join(sorted(owners))} both provide it",
            remedy=f"Keep one: pip uninstall {info.distribution}",
        )
    wanted = _core_range(info.distribution)
    if wanted is not None:
        from acml_core import __version__

        if not wanted.contains(__version__, prereleases=True):
            return replace(
                info,
                status="incompatible",
                cause=f"it needs {CORE}{wanted}, and {__version__} is installed",
                remedy=f"Run: pip install --upgrade {info.distribution} {CORE}",
            )
    return info


def _core_range(distribution: str) -> SpecifierSet | None:
    """The range of core versions that a distribution declares, or None."""
    from packaging.specifiers import SpecifierSet

    ranges = [r.specifier for r in _requirements(distribution) if _is(r.name, CORE)]
    return SpecifierSet(",".join(map(str, ranges))) if ranges else None


def _requirements(distribution: str) -> list[Requirement]:
    """What a distribution needs here, its extras left out; lines that are not valid are passed."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        lines = metadata.requires(distribution) or []
    except metadata.PackageNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            found.append(requirement)
    return found


def _is(name: str, other: str) -> bool:
    from packaging.utils import canonicalize_name

    return canonicalize_name(name) == canonicalize_name(other)


def _load(name: str) -> tuple[PluginInfo, type[Modality] | None]:
    candidates = [info for info in installed() if info.name == name]
    if not candidates:
        raise _unknown(name)
    info = candidates[0]
    if info.status != "installed":
        return info, None
    return _load_healthy(info)


@cache
def _load_healthy(info: PluginInfo) -> tuple[PluginInfo, type[Modality] | None]:
    start = time.perf_counter()
    try:
        manager = _import(info)
        classes = [cls for group in manager.hook.acml_modalities() for cls in group]
        components = _components(manager)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a stranger's module may raise anything, SystemExit too
        remedy = _import_remedy(info, error)
        return replace(info, status="broken", cause=_told(error), remedy=remedy), None
    seconds = time.perf_counter() - start
    if classes or not components:  # components alone are a whole plugin
        status, problem = _contract_problem(info.name, classes)
        if problem:
            remedy = f"Ask the author of {info.distribution} to mend it."
            info = replace(info, status=status, cause=problem, remedy=remedy, seconds=seconds)
            return info, None
    if seconds > SLOW_IMPORT_S:
        info = replace(
            info,
            status="slow",
            cause=f"its import took {seconds:.1f} s",
            remedy=f"Ask the author of {info.distribution} to import heavy modules later.",
        )
    else:
        info = replace(info, status="ok")
    return replace(info, seconds=seconds), (classes[0] if classes else None)


def _contract_problem(name: str, classes: list[Any]) -> tuple[Status, str]:
    """What is wrong with the classes that a plugin gives, or ``("ok", "")``."""
    from acml_core.modality import API, Modality, Signal

    if len(classes) != 1:
        return "broken", f"its acml_modalities() gives {len(classes)} modalities, and must give one"
    cls = classes[0]
    if not _subclass(cls, Modality):
        return "broken", f"{cls!r} is not a subclass of acml_core.Modality"
    own = getattr(cls, "name", None)
    if own != name:
        return "misnamed", f"the modality is named {own!r}, its entry point {name!r}"
    if cls.api != API:
        return "broken", (
            f"it was written for contract {cls.api}, and this core has contract {API}"
        )
    if not _subclass(getattr(cls, "signal", None), Signal):
        return "broken", "its 'signal' is not a subclass of acml_core.Signal"
    abstract = sorted(getattr(cls, "__abstractmethods__", ()))
    if abstract:
        return "broken", f"it does not implement {', '.join(abstract)}"
    return "ok", ""


def _subclass(value: Any, base: type) -> bool:
    return isinstance(value, type) and issubclass(value, base)


def _components(manager: pluggy.PluginManager) -> list[Component]:
    """What ``acml_components`` of a loaded plugin gives.

    Raises:
        TypeError: one of them is no ``Component``.
    """
    components = [one for group in manager.hook.acml_components() for one in group]
    for one in components:
        if not isinstance(one, Component):
            raise TypeError(f"acml_components() gives {one!r}, which is no acml_core.Component")
    return components


def _told(error: BaseException) -> str:
    """An exception in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def _import_remedy(info: PluginInfo, error: BaseException) -> str:
    """The pip command that mends a failed import: what it declares and lacks comes first."""
    absent = [str(r).split(";")[0].strip() for r in _requirements(info.distribution) if _absent(r)]
    if absent:
        return "Run: pip install " + " ".join(f"'{requirement}'" for requirement in absent)
    missing = (getattr(error, "name", None) or "").partition(".")[0]
    own = info.module.partition(":")[0].partition(".")[0]
    if isinstance(error, ModuleNotFoundError) and missing and missing != own:
        return (
            f"Install what provides the module {missing!r}, which {info.distribution} does not "
            f"declare, and tell its author."
        )
    return f"Run: pip install --force-reinstall {info.distribution}"


def _absent(requirement: Requirement) -> bool:
    try:
        metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return True
    return False


def _import(info: PluginInfo) -> pluggy.PluginManager:
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(Hooks)
    manager.load_setuptools_entrypoints(GROUP, name=info.name)
    return manager


def _unknown(name: str) -> UnknownName:
    from acml_core import catalog

    known = catalog.plugins()
    if name in known:
        return UnknownName(
            f"the plugin {name!r} is not installed",
            remedy=f"Run: pip install {known[name].distribution}",
        )
    return UnknownName(f"no modality is called {name!r}", remedy=did_you_mean(name, _names()))


def _names() -> list[str]:
    """Every modality's name that is installed or in the catalogue."""
    from acml_core import catalog

    return sorted({info.name for info in installed()} | set(catalog.plugins()))
