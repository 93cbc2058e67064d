"""library.json: what a library holds. It is written last, and what it does not name does not count.

::

    library.json          the manifest
    shards/NAME/          molecules and vectors, some thousand each
    index/NAME.faiss ...  where an index was asked for
    rejects.csv           rows of the first source that were left out; rejects-2.csv of the second, ...
    build.json            only while it is built: what is being built
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

import acml_core
from acml_core.config import Settings, parse
from acml_core.errors import ArtefactError, ConfigError
from acml_core.files import write_text
from acml_core.library.kept import SCHEMA
from acml_core.library.nearest import NearestInfo

INFO, BUILDING = "library.json", "build.json"
SHARDS, INDEX = "shards", "index"
AGAIN = "Build it again: acml library build MOLECULES --model MODEL --out DIR."

IndexKind = Literal["exact", "faiss"]


class Source(Settings):
    """Where molecules of a library came from.

    Attributes:
        name: of the file or data set.
        digest: of what was built from it, and how; see ``acml_core.library.plan``.
        rows: that it has.
        molecules: that it brought.
        rejects: rows that cannot be used, and the file that lists them.
        duplicates: rows that repeat a molecule of the library.
    """

    name: str
    digest: str
    rows: int
    molecules: int
    rejects: int
    duplicates: int
    rejects_file: str | None = None


class ShardInfo(Settings):
    """A shard's folder in ``shards``, and its number of molecules."""

    name: str
    molecules: int


class Manifest(Settings):
    """What a library holds.

    Attributes:
        core: version of acml-core that wrote it.
        model: hash of the model's weights; another model's vectors mean nothing.
        features: of atoms and bonds, that the model was given.
        dims: length of the vectors by modality.
        molecules: their number; each InChIKey-14 is there once.
        index: how the best candidates are found.
        nearest: the index by modality; empty for ``exact``.
    """

    version: int = Field(SCHEMA, alias="schema")
    core: str = acml_core.__version__
    model: str
    features: str
    dims: dict[str, int]
    molecules: int
    sources: tuple[Source, ...]
    shards: tuple[ShardInfo, ...]
    index: IndexKind = "exact"
    nearest: dict[str, NearestInfo] = Field(default_factory=dict)

    @property
    def rejects(self) -> int:
        """Rows of all sources that were left out."""
        return sum(source.rejects for source in self.sources)

    def write(self, folder: Path) -> None:
        """Into a library's folder."""
        write_text(folder / INFO, self.model_dump_json(indent=1, by_alias=True))


def exists(folder: str | Path) -> bool:
    """Whether a folder is a finished library."""
    return (Path(folder) / INFO).is_file()


def read(folder: str | Path) -> Manifest:
    """What a library's folder says of itself.

    Raises:
        ArtefactError: not a library, half built, damaged, or of another version.
    """
    folder = Path(folder)
    path = folder / INFO
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise _absent(folder) from None
    except (OSError, ValueError) as error:
        raise ArtefactError(f"damaged ({error})", source=path, remedy=AGAIN) from None
    version = found.get("schema") if isinstance(found, dict) else None
    if isinstance(version, int) and version > SCHEMA:
        raise ArtefactError(
            f"the library is of a later version of ACML (layout {version}; this one reads {SCHEMA})",
            source=folder,
            remedy="Run: pip install --upgrade acml-core",
        )
    if version != SCHEMA:
        raise ArtefactError(
            f"the library is of another version (layout {version!r}; this one reads {SCHEMA})",
            source=folder,
            remedy=AGAIN,
        )
    try:
        return parse(Manifest, found, source=path)
    except ConfigError as error:
        raise ArtefactError(f"damaged ({error.what})", source=path, remedy=AGAIN) from None


def _absent(folder: Path) -> ArtefactError:
    if not (folder / BUILDING).is_file():
        return ArtefactError(
            "not a library",
            source=folder,
            remedy="Make one: acml library build MOLECULES --model MODEL --out DIR",
        )
    try:
        plan = json.loads((folder / BUILDING).read_text(encoding="utf-8"))
        total, digest = int(plan["shards"]), str(plan["digest"])
        written = [path for path in (folder / SHARDS).glob(f"{digest}-*") if not path.suffix]
        done = f"{len(written)} of {total} shards"
    except (OSError, ValueError, KeyError, TypeError):
        done = "some shards"
    return ArtefactError(
        f"the library is half built ({done})",
        source=folder,
        remedy="Give the same 'acml library' command again: it goes on where it was stopped.",
    )
