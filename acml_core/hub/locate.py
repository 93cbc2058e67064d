"""From a row of a registry to a folder with its files, each of which is checked."""

from __future__ import annotations

import importlib.util
from importlib import metadata
from pathlib import Path

from acml_core.catalog import Entry
from acml_core.errors import ArtefactError, PluginError
from acml_core.files import sha256
from acml_core.hub.names import Repository
from acml_core.hub.pull import Options, Report, pull
from acml_core.published import Bundled, Hub, Local, PublishedModel


def locate(entry: Entry, options: Options, report: Report) -> Path:
    """The folder of a published model, fetched where need be.

    Raises:
        PluginError: a plugin that it needs is absent or of another version.
        ArtefactError: a file that is absent or not what the registry says.
        AcmlError: the Hub cannot be reached, or refuses.
    """
    check_plugins(entry)
    source = entry.row.source
    if isinstance(source, Hub):
        where = Repository(source.repo, source.revision)
        return pull(where, files=entry.row.files, options=options, report=report).folder
    folder = folder_of(entry)
    verify(entry.row, folder)
    return folder


def folder_of(entry: Entry) -> Path:
    """Where a bundled model or one in a folder lies; not looked into.

    Raises:
        PluginError: the package that bundles it is not installed.
    """
    source = entry.row.source
    if isinstance(source, Local):
        return source.beside(entry.registry.file)
    assert isinstance(source, Bundled)
    spec = importlib.util.find_spec(source.package)  # of a top-level package: imports nothing
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not places:
        raise PluginError(
            f"{entry.name} lies in the package {source.package!r}, which is not installed",
            remedy="Run: pip install " + " ".join(f"'{line}'" for line in entry.row.requires),
        )
    return Path(places[0]) / source.folder


def verify(row: PublishedModel, folder: Path) -> None:
    """Compare a folder's files with what the registry says of them.

    Raises:
        ArtefactError: one is absent, or another file.
    """
    for name, file in row.files.items():
        path = folder / name
        if not path.is_file():
            raise ArtefactError(
                f"{name} is missing", source=folder, remedy=_again(row, "Copy it again, whole.")
            )
        if path.stat().st_size != file.bytes or sha256(path) != file.sha256:
            raise ArtefactError(
                f"{name} is not the file that the registry describes",
                source=folder,
                remedy=_again(row, "It is damaged or was replaced: copy it again."),
            )


def check_plugins(entry: Entry) -> None:
    """Raise where a plugin that a model needs is absent or of another version.

    Raises:
        PluginError: with the pip command that mends it.
    """
    from packaging.requirements import Requirement

    wrong = []
    for line in entry.row.requires:
        wanted = Requirement(line)
        try:
            have = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            have = "none"
        if have == "none" or not wanted.specifier.contains(have, prereleases=True):
            wrong.append((line, have))
    if wrong:
        line, have = wrong[0]
        raise PluginError(
            f"{entry.name} needs {line}, and {have} is installed",
            remedy="Run: pip install " + " ".join(f"'{line}'" for line, _ in wrong),
        )


def _again(row: PublishedModel, otherwise: str) -> str:
    if isinstance(row.source, Bundled):
        return "Run: pip install --force-reinstall " + " ".join(f"'{r}'" for r in row.requires)
    return otherwise
