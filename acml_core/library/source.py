"""What a library is built from: a file, a set that a registry names, or a data set of the Hub."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from acml_core.data import fetch_rows, molecules
from acml_core.errors import BadInput, did_you_mean
from acml_core.files import sha256
from acml_core.hub import datasets
from acml_core.hub.names import PREFIX, Repository, repository
from acml_core.hub.registries import registries
from acml_core.published import Bundled, Hub, KnownMolecules

Report = Callable[[str], None]


@dataclass(frozen=True)
class MoleculeSource:
    """Files of molecules, read one after another as one list of rows.

    Attributes:
        name: for people.
        files: what lies on this machine.
    """

    name: str
    files: tuple[Path, ...]

    @property
    def digest(self) -> str:
        """Hash of what is in the files."""
        return hashlib.sha256("".join(map(sha256, self.files)).encode()).hexdigest()

    def rows(self) -> Iterator[str]:
        """SMILES, or what stands in its place, of every row."""
        for file in self.files:
            yield from molecules.read(file)


def find(source: str | Path, report: Report = lambda _: None) -> MoleculeSource:
    """A file; ``hf:OWNER/NAME[@REVISION]``, whose tables with SMILES are all read; or a name of a
    registry.

    Raises:
        BadInput: none of these.
        AcmlError: it cannot be fetched.
    """
    text = str(source)
    if text.startswith(PREFIX):
        where = repository(text)
        if where is None:
            raise BadInput(f"{text!r} is no data set", remedy=f"Write it like {PREFIX}OWNER/NAME.")
        return _of_hub(where, text, (), report)
    path = Path(source)
    if path.is_file():
        return MoleculeSource(path.name, (path,))
    if path.exists():
        raise BadInput("a folder is no file of molecules", source=path, remedy="Give a file.")
    known = {
        name: (row, registry.file)
        for registry in registries(report)
        for name, row in registry.catalog.molecules.items()
    }
    if text in known:
        return _named(text, *known[text], report)
    if path.suffix or len(path.parts) > 1:
        raise BadInput("no such file", source=path, remedy="Check the path.")
    raise BadInput(
        f"no file and no set of molecules is called {text!r}", remedy=did_you_mean(text, known)
    )


def _named(name: str, row: KnownMolecules, registry: Path, report: Report) -> MoleculeSource:
    report(f"{name}: {row.summary}; licence: {row.licence}")
    if isinstance(row.source, Hub):
        where = Repository(row.source.repo, row.source.revision)
        return _of_hub(where, name, row.files, report)
    if isinstance(row.source, Bundled):
        spec = importlib.util.find_spec(
            row.source.package
        )  # of a top-level package: imports nothing
        places = list(spec.submodule_search_locations or ()) if spec is not None else []
        if not places:
            raise BadInput(
                f"{name} lies in the package {row.source.package!r}, which is not installed",
                remedy=f"Run: pip install {row.source.package}",
            )
        folder = Path(places[0]) / row.source.folder
    else:
        folder = row.source.beside(registry)
    return MoleculeSource(name, tuple(folder / file for file in row.files))


def _of_hub(where: Repository, name: str, files: tuple[str, ...], report: Report) -> MoleculeSource:
    """A data set's files; all that can hold molecules, where none are named."""
    listed = datasets.listing(where, report=report)
    wanted = files or tuple(one for one in sorted(listed.files) if _readable(one))
    if not wanted:
        raise BadInput(
            "it holds no file of molecules",
            source=str(where),
            remedy=f"These can be read: {', '.join(molecules.SUFFIXES)}.",
        )
    report(f"{listed.where}: {len(wanted)} files; licence: {listed.licence or 'not stated'}")
    paths = tuple(datasets.fetch(listed, one, report=report) for one in wanted)
    return MoleculeSource(name, paths)


def _readable(name: str) -> bool:
    if name.lower().endswith((".txt", ".gz")):  # a text may be anything
        return False
    return fetch_rows.kind(name) in ("parquet", ",", "\t") or name.lower().endswith(
        molecules.SUFFIXES
    )
