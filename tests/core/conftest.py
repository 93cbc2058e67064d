"""Real distributions, made in a temporary folder and put on ``sys.path``."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from acml_core import plugins

HEALTHY = """
from acml_core import Encoder, Modality, Signal, hookimpl


class Reading(Signal):
    value: float = 0.0


class {cls}(Modality):
    name = {name!r}
    signal = Reading

    def read(self, source, *, format=None, on_reject=None):
        yield Reading(value=float(source), origin="text")

    def prepare(self, signal):
        return {{}}

    def collate(self, items, *, train):
        return {{}}

    def encoder(self):
        return Encoder()


@hookimpl
def acml_modalities():
    return [{cls}]
"""


class Site:
    """A folder like site-packages, on ``sys.path``, that tests install small distributions into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.modules: list[str] = []

    def install(
        self,
        name: str,
        code: str | None = None,
        *,
        module: str | None = None,
        distribution: str | None = None,
        requires: Sequence[str] = ("acml-core>=0.1,<0.2",),
        version: str = "1.2.3",
    ) -> Path:
        """Install one plugin; gives the path of the file that exists once it was imported.

        Args:
            name: the entry point's name.
            code: the module's source; None for a healthy plugin called ``name``.
            module: name of the module; made from ``name`` unless given.
            distribution: name of the distribution; made from ``name`` unless given.
            requires: the ``Requires-Dist`` lines.
        """
        module = module or f"acml_plugin_{name}"
        distribution = distribution or f"acml-plugin-{name}"
        marker = self.folder / f"{module}.imported"
        text = HEALTHY.format(cls=name.title(), name=name) if code is None else code
        touch = f"import pathlib\npathlib.Path({str(marker)!r}).touch()\n"
        (self.folder / f"{module}.py").write_text(touch + text)
        info = self.folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {distribution}", f"Version: {version}"]
        lines += [f"Requires-Dist: {requirement}" for requirement in requires]
        (info / "METADATA").write_text("\n".join(lines) + "\n")
        (info / "entry_points.txt").write_text(f"[{plugins.GROUP}]\n{name} = {module}\n")
        self.modules.append(module)
        importlib.invalidate_caches()
        return marker

    def status(self, name: str) -> str:
        """Status in the listing, before any import."""
        return next(info.status for info in plugins.installed() if info.name == name)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.delenv(plugins.ALLOW_LIST, raising=False)
    monkeypatch.syspath_prepend(folder)
    made = Site(folder)
    yield made
    for module in made.modules:
        sys.modules.pop(module, None)
    plugins._load_healthy.cache_clear()
    importlib.invalidate_caches()
