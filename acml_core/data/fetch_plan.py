"""Finding a column map, by name in a plugin or as a file, and checking that it fits its plugin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from acml_core import plugins
from acml_core.config import parse, read_toml
from acml_core.data.fetch_map import FOLD, ColumnMap
from acml_core.data.fetch_parse import PARSERS, default_parser
from acml_core.data.table import SMILES
from acml_core.errors import AcmlError, BadInput, ConfigError, UnknownName, did_you_mean
from acml_core.modality import Modality


@dataclass(frozen=True)
class Plan:
    """A map that fits its plugin.

    Attributes:
        name: of the map, or of its file.
        map: what it says, each parser named.
        plugin: whose columns it fills.
    """

    name: str
    map: ColumnMap
    plugin: type[Modality]


def load(name: str | None, dataset: str) -> Plan:
    """A map by name or file; without a name the one that a plugin offers for the data set.

    Raises:
        BadInput: no such map, or one that does not fit its plugin; names the key and the nearest.
    """
    if name is not None and (name.endswith(".toml") or Path(name).is_file()):
        map = parse(ColumnMap, read_toml(name), source=name)
        if not map.modality:
            raise ConfigError(
                "setting 'modality' is missing",
                source=name,
                remedy="Name the plugin whose columns these are: modality = "
                + " or ".join(repr(info.name) for info in plugins.installed())
                + ".",
            )
        return checked(Path(name).name, map, plugins.get(map.modality), name)
    offered = list(_offered())
    if name is None:
        return _for(dataset, offered)
    named = [(cls, path) for cls, path in offered if path.stem == name]
    if not named:
        raise UnknownName(
            f"no installed plugin has a map called {name!r}",
            remedy=did_you_mean(name, [path.stem for _, path in offered])
            + " A file's name ends in .toml.",
        )
    if len(named) > 1:
        owners = ", ".join(cls.name for cls, _ in named)
        raise BadInput(f"several plugins have a map called {name!r}: {owners}")
    return _parsed(*named[0])


def _for(dataset: str, offered: list[tuple[type[Modality], Path]]) -> Plan:
    """The one map that was written for a data set. A stranger's broken map stops nobody here."""
    fits: list[Plan] = []
    for cls, path in offered:
        try:
            plan = _parsed(cls, path)
        except AcmlError:
            continue
        if plan.map.dataset == dataset:
            fits.append(plan)
    if len(fits) == 1:
        return fits[0]
    names = [one.name for one in fits] or [path.stem for _, path in offered]
    raise BadInput(
        f"{'several maps are' if fits else 'no plugin has a map'} for {dataset!r}",
        remedy=f"Give --map: {', '.join(names)}, or a TOML file of your own.",
    )


def _offered() -> Iterator[tuple[type[Modality], Path]]:
    """Every map of every healthy plugin."""
    for info in plugins.installed():
        if plugins.check(info.name).status in plugins.HEALTHY:
            cls = plugins.get(info.name)
            for path in cls.maps().values():
                yield cls, path


def _parsed(cls: type[Modality], path: Path) -> Plan:
    return checked(path.stem, parse(ColumnMap, read_toml(path), source=path), cls, path)


def checked(name: str, map: ColumnMap, plugin: type[Modality], source: str | Path) -> Plan:
    """The plan of a map that fits its plugin.

    Raises:
        ConfigError: a column that the plugin does not have, a parser that does not exist, or one
            column twice.
    """
    ours = plugin.signal.columns()
    for part, names in (("columns", map.columns), ("constants", map.constants)):
        for target in names:
            if target not in ours:
                raise ConfigError(
                    f"{part}.{target}: the plugin {plugin.name!r} has no column {target!r}",
                    source=source,
                    remedy=did_you_mean(target, ours),
                )
    for target in (*map.constants, *map.keep):
        if (
            target in map.columns
            or target in (SMILES, FOLD)
            or (target in ours and target in map.keep)
        ):
            raise ConfigError(f"the column {target!r} is filled elsewhere already", source=source)
    columns = {}
    for target, column in map.columns.items():
        wanted = column.parse or default_parser(plugin.signal.model_fields[target].annotation)
        if wanted not in PARSERS:
            raise ConfigError(
                f"columns.{target}.parse: no parser is called {wanted!r}",
                source=source,
                remedy=did_you_mean(wanted, PARSERS),
            )
        columns[target] = column.model_copy(update={"parse": wanted})
    return Plan(name, map.model_copy(update={"columns": columns}), plugin)
