"""A modality class that no distribution declares, installed for the time of a test.

Saving and loading a model look plugins up by name, as they do for a user, so a class given by itself
is put behind a small distribution in a temporary folder.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from acml_core import plugins
from acml_core.errors import AcmlError
from acml_core.modality import Modality

CLASSES: dict[str, type[Modality]] = {}
"""Classes installed for now, by modality name."""

MODULE = """
from acml_core import hookimpl

@hookimpl
def acml_modalities():
    from acml_core.testing.installing import CLASSES

    return [CLASSES[{name!r}]]
"""


@contextmanager
def installed(cls: type[Modality]) -> Iterator[str]:
    """The class can be loaded by its name inside. Gives the name."""
    if _has(cls):
        yield cls.name
        return
    with TemporaryDirectory() as folder:
        module = f"acml_conformance_{cls.name}"
        (Path(folder) / f"{module}.py").write_text(MODULE.format(name=cls.name), encoding="utf-8")
        info = Path(folder) / f"{module}-0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 0\n")
        (info / "entry_points.txt").write_text(f"[{plugins.GROUP}]\n{cls.name} = {module}\n")
        CLASSES[cls.name] = cls
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
        try:
            yield cls.name
        finally:
            sys.path.remove(folder)
            sys.modules.pop(module, None)
            CLASSES.pop(cls.name)
            importlib.invalidate_caches()


def _has(cls: type[Modality]) -> bool:
    try:
        return plugins.get(cls.name) is cls
    except AcmlError:
        return False
