"""The command that made a model, as others may read it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

DATA_FOLDER = "ACML_DATA"
"""Environment variable that names the folder of measurements for benchmarks."""


def as_typed(arguments: Sequence[str]) -> str:
    """``acml`` and its arguments, without the folders of the machine that it ran on.

    A path below ``$ACML_DATA`` begins with that name; of any other absolute path the last part stays.
    A model's card goes to strangers, and where its author keeps files is no concern of theirs.
    """
    return "acml " + " ".join(_portable(argument) for argument in arguments)


def _portable(argument: str) -> str:
    name, equals, value = argument.rpartition("=")
    if not Path(value).is_absolute():
        return shlex.quote(argument)
    path = Path(value)
    data = os.environ.get(DATA_FOLDER)
    if data and path.is_relative_to(data):
        return f'{name}{equals}"${DATA_FOLDER}/{path.relative_to(data).as_posix()}"'
    return shlex.quote(f"{name}{equals}{path.name}")
