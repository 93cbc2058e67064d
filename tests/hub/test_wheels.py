"""What a plugin keeps in its package's folder ``models`` is in its wheel, whole."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from acml_core import catalog
from acml_core.layout import FILES
from acml_core.published import Bundled

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/acml-plugin-*/pyproject.toml"))
MEGABYTE = 1_000_000
LARGEST_MODEL, LARGEST_IN_ALL = 8 * MEGABYTE, 50 * MEGABYTE
"""What a wheel may carry, since git keeps every version of a weight file [bytes]."""

wheel = pytest.importorskip("hatchling.builders.wheel", reason="hatchling builds the wheels")


def in_wheel(project: Path) -> set[str]:
    """Names of the files that a project's wheel will hold."""
    builder = wheel.WheelBuilder(str(project))
    with builder.config.set_build_data({"force_include": {}, "artifacts": []}):
        return {Path(one.distribution_path).as_posix() for one in builder.recurse_included_files()}


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda path: path.name)
def test_bundled_models_are_packed(plugin: Path, tmp_path: Path) -> None:
    project = tmp_path / plugin.name
    package = next((plugin / "src").glob("acml_plugin_*"))
    shutil.copytree(plugin, project, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    shutil.copy(ROOT / ".gitignore", project)  # what git ignores is not packed
    inside = f"{package.name}/models/v1"
    folder = project / "src" / inside
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (folder / name).write_bytes(b"x")
    assert {f"{inside}/{name}" for name in FILES} <= in_wheel(project)


def test_every_row_that_ships_lies_in_a_wheel_and_is_small() -> None:
    """Whoever installs the plugin has the files that the registry names."""
    by_package = {next((one / "src").glob("acml_plugin_*")).name: one for one in PLUGINS}
    total = 0
    for name, row in catalog.load().models.items():
        if not isinstance(row.source, Bundled):
            continue
        packed = in_wheel(by_package[row.source.package])
        inside = {f"{row.source.package}/{row.source.folder}/{file}" for file in row.files}
        assert inside <= packed, name
        assert row.bytes <= LARGEST_MODEL, name
        total += row.bytes
    assert total <= LARGEST_IN_ALL
