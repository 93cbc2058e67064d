"""Every error that ACML raises on purpose: what happened, where, and what to do next.

The command line prints ``str(error)`` as one line and exits with ``error.exit_code``; nothing that
a user can cause should reach them as a traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class AcmlError(Exception):
    """Something failed. ``exit_code`` is 1 for a failure and 2 for bad usage or bad input.

    Args:
        what: what happened, as a clause without a final full stop.
        source: the file, folder or literal text it happened in.
        line: 1-based line (or record, or row) number in ``source``.
        remedy: what the user should do next, as a full sentence.
    """

    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        source: str | Path | None = None,
        line: int | None = None,
        remedy: str = "",
    ) -> None:
        self.what = what
        self.source = None if source is None else str(source)
        self.line = line
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        place = ""
        if self.source is not None:
            place = _shorten(self.source)
            if self.line is not None:
                place += f":{self.line}"
            place += ": "
        # One line, whatever a library's message looked like.
        text = f"{place}{' '.join(self.what.split())}".rstrip(".")
        return f"{text}. {self.remedy}" if self.remedy else f"{text}."


class BadInput(AcmlError):
    """A file, text, table row or option that cannot be used as it is."""

    exit_code = 2


class ConfigError(BadInput):
    """A setting that does not exist or has a value it cannot take."""


class UnknownName(BadInput):
    """A name (plugin, loss, recipe, ...) that nothing answers to."""


class PluginError(AcmlError):
    """A plugin that cannot be used: broken, incompatible, misnamed or clashing."""


class ArtefactError(AcmlError):
    """A trained model's folder, or a library, that is corrupted, foreign or of another version."""


class Unsupported(AcmlError):
    """An optional part of the contract that this plugin does not implement."""

    exit_code = 2


def _shorten(text: str, limit: int = 120) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 3] + "..."


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A remedy sentence naming the nearest of ``known``, or all of them when none is near."""
    names = sorted(set(known))
    folded = {known_name.casefold(): known_name for known_name in names}
    near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    if near:
        return f"Did you mean {folded[near[0]]!r}?"
    if not names:
        return "None is known."
    return "Known: " + ", ".join(names) + "."
