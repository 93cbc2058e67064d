"""Libraries of files that were searched: where they are kept, and a start on those that are not.

Imports no torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from acml_core.cache import cache_dir

SCHEMA = 2
"""Layout of a library's folder."""

MOST_BYTES = 4_000_000
"""Size of a file that is read ahead: a larger one becomes several shards, which have workers of their
own."""


def folder(digest: str, weights: str, modality: str) -> Path:
    """Of one library.

    Args:
        digest: of the molecules' files.
        weights: hash of the model's.
    """
    return _root() / f"{_of(digest)}-{weights[:24]}-{modality}"


def any_of(digest: str) -> bool:
    """Whether a library of these molecules is there, for whatever model."""
    return next(_root().glob(f"{_of(digest)}-*"), None) is not None


@contextmanager
def read_ahead(paths: Sequence[str | Path]) -> Iterator[None]:
    """Begin with the graphs of molecules' files that no search has met, before torch is imported.

    Whatever is no small file of molecules is passed over: who reads it in earnest says what is wrong.
    """
    new = [path for path in map(Path, paths) if _is_new(path)]
    if not new:
        yield
        return
    from acml_core.graphs import ahead  # late: a search through what is there needs no reader

    try:
        for path in new:
            ahead.start(_read(path))
        yield
    finally:
        ahead.give_up()


def _is_new(path: Path) -> bool:
    from acml_core.files import sha256
    from acml_core.parallel import cores

    try:
        small = path.is_file() and path.stat().st_size <= MOST_BYTES
        return small and cores() > 1 and not any_of(sha256(path))
    except (OSError, ValueError):
        return False


def _read(path: Path) -> list[str]:
    from acml_core.data import molecules
    from acml_core.errors import AcmlError

    try:
        return molecules.read(path)
    except (AcmlError, OSError, ValueError):
        return []


def _root() -> Path:
    return cache_dir() / "libraries"


def _of(digest: str) -> str:
    return f"{SCHEMA}-{digest[:24]}"
