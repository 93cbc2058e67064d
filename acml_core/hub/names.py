"""What a user may write to name a published model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PREFIX = "hf:"
"""May stand before a repository's name, to say that no folder is meant."""

REPOSITORY = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?")


@dataclass(frozen=True)
class Repository:
    """A repository of the Hub.

    Attributes:
        repo: "owner/name".
        revision: commit, tag or branch; None for the newest.
    """

    repo: str
    revision: str | None = None

    def __str__(self) -> str:
        return f"{self.repo}@{self.revision}" if self.revision else self.repo


def repository(name: str) -> Repository | None:
    """``owner/name`` or ``owner/name@revision``, or None where ``name`` is no such thing."""
    found = REPOSITORY.fullmatch(name.removeprefix(PREFIX))
    return Repository(found["repo"], found["revision"]) if found else None


def like_a_path(name: str) -> bool:
    """Whether a name can only be meant as a path: "./x", "/x", "~/x", "a/b/c", or a known folder."""
    if name.startswith((".", "/", "~", "\\")) or Path(name).is_absolute():
        return True
    return name.count("/") > 1 or Path(name).parent.name in _folders_here()


def _folders_here() -> set[str]:
    """Folders of the working directory: "runs/x" with "runs" there is a path with a mistake."""
    return {path.name for path in Path().iterdir() if path.is_dir()}
