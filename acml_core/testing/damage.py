"""Standard tests of ``read`` on files that were cut off, or are not what they claim to be.

Such a file is refused with ``BadInput``, or gives less than the whole one; it never ends in another
exception, which the user would see as a traceback.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from acml_core.errors import BadInput
from acml_core.modality import Modality, Signal
from acml_core.testing.samples import Samples

CUTS = (0.02, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.97)
"""Where files are cut, as shares of their length; besides after 1 byte and before the last."""

GARBAGE_BYTES = 4096
MOST_FILES = 6
"""Files of an example folder that are cut, the largest first."""


class DamageTests(Samples):
    """Truncated input and binary garbage."""

    def test_truncated_input_is_refused(
        self, plugin: Modality, source: Path | str, tmp_path: Path
    ) -> None:
        """Wherever the example is cut, ``BadInput`` names the file, or less is read from it."""
        whole = list(plugin.read(source))
        for path in truncated(plugin, source, tmp_path):
            name = path.name
            for lenient in (False, True):
                found = read_or_refuse(plugin, path, lenient=lenient)
                if isinstance(found, BadInput):
                    assert "cut_" in str(found), f"the message must name the file {name}: {found}"
                    continue
                assert len(found) <= len(whole), f"{name}: more signals than in the whole file"
                assert sum(map(size, found)) <= sum(map(size, whole)), (
                    f"{name}: longer signals than in the whole file"
                )

    def test_binary_garbage_is_refused(self, plugin: Modality, tmp_path: Path) -> None:
        """Random bytes, whatever the suffix says, are ``BadInput`` with the file's name."""
        data = np.random.default_rng(0).integers(0, 256, GARBAGE_BYTES, dtype=np.uint8).tobytes()
        for suffix in suffixes(plugin):
            path = tmp_path / f"garbage{suffix}"
            path.write_bytes(data)
            found = read_or_refuse(plugin, path)
            assert isinstance(found, BadInput), f"{path.name}: read as {len(found)} signals"
            assert "garbage" in str(found), f"the message must name the file: {found}"


def suffixes(plugin: Modality) -> tuple[str, ...]:
    """Suffixes to try: the plugin's own; none where it states none."""
    return plugin.suffixes or ("",)


def read_or_refuse(
    plugin: Modality, path: Path, *, lenient: bool = False
) -> list[Signal] | BadInput:
    """What is read, or the refusal. Any other exception fails the test.

    Args:
        lenient: with ``on_reject``, so that bad records are passed over.
    """
    rejected: list[BadInput] = []
    try:
        return list(plugin.read(path, on_reject=rejected.append if lenient else None))
    except BadInput as error:
        return error
    except Exception as error:
        pytest.fail(f"{path.name}: {type(error).__name__} ({error}) and not BadInput")


def size(signal: Signal) -> int:
    """How much was measured: items of all lists and texts, and one for each other value."""
    total = 0
    for name in type(signal).columns():
        value = getattr(signal, name)
        default = type(signal).model_fields[name].get_default(call_default_factory=True)
        if value != default:
            total += len(value) if isinstance(value, tuple | list) else 1
    return total


def truncated(plugin: Modality, source: Path | str, folder: Path) -> Iterator[Path]:
    """Paths of cut copies of the example; their names hold ``cut_``."""
    if isinstance(source, Path) and source.is_dir():
        yield from _truncated_folders(source, folder)
        return
    if isinstance(source, Path):
        data, suffix = source.read_bytes(), source.suffix
    else:
        known = suffixes(plugin)
        data, suffix = source.encode(), ".txt" if ".txt" in known else known[0]
    for length in _lengths(len(data)):
        path = folder / f"cut_{length}{suffix}"
        path.write_bytes(data[:length])
        yield path


def _truncated_folders(source: Path, folder: Path) -> Iterator[Path]:
    files = sorted((p for p in source.rglob("*") if p.is_file()), key=lambda p: -p.stat().st_size)
    for number, file in enumerate(files[:MOST_FILES]):
        data = file.read_bytes()
        for length in (0, len(data) // 2):
            copy = folder / f"cut_{number}_{length}"
            shutil.copytree(source, copy)
            (copy / file.relative_to(source)).write_bytes(data[:length])
            yield copy


def _lengths(total: int) -> list[int]:
    return sorted({1, total - 1, *(int(total * share) for share in CUTS)} & set(range(1, total)))
