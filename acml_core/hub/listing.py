"""What a repository says that it holds: looked at before anything is fetched."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acml_core.errors import ArtefactError
from acml_core.files import sha256
from acml_core.layout import FILES, INFO, WEIGHTS, escapes, is_pickle, max_bytes


@dataclass(frozen=True)
class Remote:
    """One file of a repository.

    Attributes:
        name: its path in the repository.
        size: in bytes, where the Hub says it.
        sha256: of its content, where the Hub says it (large files).
        git: git's hash of its content, where the Hub says it (small files).
    """

    name: str
    size: int | None = None
    sha256: str | None = None
    git: str | None = None

    def differs(self, path: Path) -> str:
        """What is wrong with a fetched copy, or ""."""
        if self.size is not None and path.stat().st_size != self.size:
            return f"it has {path.stat().st_size:,} bytes and should have {self.size:,}"
        if self.sha256 is not None:
            return _unlike("sha256", sha256(path), self.sha256)
        if self.git is not None:
            return _unlike("git hash", git_hash(path), self.git)
        return ""


def remote_files(siblings: Sequence[Any] | None) -> dict[str, Remote]:
    """The Hub's own description of a repository's files, by name."""
    files = {}
    for one in siblings or ():
        lfs = one.lfs
        files[one.rfilename] = Remote(
            one.rfilename,
            one.size,
            sha256=lfs.sha256 if lfs is not None else None,
            git=one.blob_id if lfs is None else None,
        )
    return files


def choose(
    files: dict[str, Remote], wanted: Sequence[str] | None, repo: str, *, allow_pickle: bool
) -> list[Remote]:
    """The files to fetch, after every check that needs no content.

    Args:
        files: what the repository holds.
        wanted: names to fetch; None for those of a trained model.
        repo: for messages.
        allow_pickle: fetch pickles too. They are never opened.

    Raises:
        ArtefactError: names that lead out of the folder, a file that is missing or too large, or a
            pickle that was not allowed.
    """
    for name in files:
        if escapes(name):
            raise ArtefactError(
                f"it holds a file named {name!r}, which leads out of its folder",
                source=repo,
                remedy="Nothing was fetched. Tell the Hub: this is an attack.",
            )
    pickles = [name for name in files if is_pickle(name)]
    if wanted is None and allow_pickle and pickles:
        wanted = [name for name in files if name in FILES or name in pickles]
    names = list(wanted or FILES)
    missing = [name for name in names if name not in files]
    if missing and wanted is None and pickles and WEIGHTS not in files:
        refuse_pickle(pickles[0], repo)
    if missing:
        model = wanted is not None or INFO in files
        what = f"{missing[0]} is missing" if model else f"it is no ACML model: no {missing[0]}"
        raise ArtefactError(what, source=repo, remedy="Check the name and the revision.")
    for name in names:
        if is_pickle(name) and not allow_pickle:
            refuse_pickle(name, repo)
        size = files[name].size
        if size is not None and size > max_bytes(name):
            raise ArtefactError(
                f"{name} has {size:,} bytes, and at most {max_bytes(name):,} are read",
                source=repo,
                remedy="Nothing was fetched: it is no model of ours.",
            )
    return [files[name] for name in names]


def refuse_pickle(name: str, repo: str) -> None:
    """Raise the error of a pickle that nobody allowed."""
    raise ArtefactError(
        f"{name} is a pickle, and opening a pickle can run any program that its author put in",
        source=repo,
        remedy=f"Ask the author for {WEIGHTS}; --allow-pickle fetches it all the same, for other"
        " tools: ACML never opens it.",
    )


def git_hash(path: Path) -> str:
    """The hash by which git knows a file's content."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    digest.update(path.read_bytes())
    return digest.hexdigest()


def _unlike(kind: str, have: str, expected: str) -> str:
    return (
        "" if have == expected else f"its {kind} is {have[:16]}... and should be {expected[:16]}..."
    )
