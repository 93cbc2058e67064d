"""Fixtures shared by the tests of training, evaluation, libraries and commands."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))  # for "import toy"

RECIPE = """
unlock = "all"
batch_size = 64
lr = 0.003
patience = 20
validate_every = 1
precision = "float32"
graph = {name = "gine", dim = 32, layers = 3}
projector = {name = "residual", dims = [32, 32]}
modality.nmr = {dim = 32, width = 32}
"""
"""A model that trains in seconds, whatever the plugin's own recipes say."""

ROWS = 300
EPOCHS = 8


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No test reads or fills the user's cache."""
    before = os.environ.get("ACML_CACHE")
    folder = tmp_path_factory.mktemp("cache")
    os.environ["ACML_CACHE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["ACML_CACHE"]
    else:
        os.environ["ACML_CACHE"] = before


@dataclass
class Result:
    """What a command did."""

    code: int
    out: str
    err: str


Acml = Callable[..., Result]


@pytest.fixture
def acml(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Acml:
    """Run the command line's entry point in this process, which spares each test importing torch."""

    def run(*args: object) -> Result:
        from acml_core.cli import main

        monkeypatch.setattr(sys, "argv", ["acml", *map(str, args)])
        capfd.readouterr()
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capfd.readouterr()
        return Result(code, out, err)

    return run


@pytest.fixture(scope="session")
def starter() -> Path:
    """The NMR plugin's bundled table."""
    from acml_plugin_nmr.modality import STARTER

    return STARTER


@pytest.fixture(scope="session")
def small_table(starter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``ROWS`` rows of the starter."""
    import pyarrow.parquet as pq

    path = tmp_path_factory.mktemp("table") / "small.parquet"
    pq.write_table(pq.read_table(starter).slice(0, ROWS), path)
    return path


@pytest.fixture(scope="session")
def train_args(small_table: Path) -> list[str]:
    """Arguments of ``acml train`` for the small model, without ``--out``."""
    recipe = small_table.with_name("small.toml")
    recipe.write_text(RECIPE)
    base = ["--modality", "nmr", "--data", str(small_table), "--recipe", str(recipe)]
    return [*base, "--epochs", str(EPOCHS)]


@pytest.fixture(scope="session")
def trained(
    train_args: list[str],
    tmp_path_factory: pytest.TempPathFactory,
    _own_cache: Path,
) -> Path:
    """The folder of a small trained NMR model, made by ``acml train``. Copy it before changing it."""
    from acml_core.cli import main

    out = tmp_path_factory.mktemp("trained") / "model"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["acml", "train", *train_args, "--out", str(out)])
        with pytest.raises(SystemExit) as stop:
            main()
    assert not stop.value.code
    return out
