"""A small trained model, a library of the molecules that it knows, and their measurements."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from acml_plugin_nmr.signal import NmrSignal

from acml_core import artefact
from acml_core.artefact import Artefact
from acml_core.data.table import read
from acml_core.library.build import build
from acml_core.library.library import Library, open_folder

BAD = ["C1CC", "notasmiles"]
SHARD_ROWS = 100
"""So that a few hundred molecules make several shards."""


@pytest.fixture(scope="session")
def model(trained: Path) -> Artefact:
    return artefact.load(trained)


@pytest.fixture(scope="session")
def signals(small_table: Path) -> list[NmrSignal]:
    return read(small_table, NmrSignal).signals


@pytest.fixture(scope="session")
def molecules(signals: list[NmrSignal], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bad row first and one towards the end; one molecule written in two ways."""
    path = tmp_path_factory.mktemp("molecules") / "mine.smi"
    path.write_text("\n".join([BAD[0], *(one.smiles for one in signals), BAD[1], "CCO", "OCC"]))
    return path


@pytest.fixture(scope="session")
def folder(model: Artefact, molecules: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of several shards. Copy it before changing it."""
    out = tmp_path_factory.mktemp("library") / "lib"
    build(model, molecules, out, shard_rows=SHARD_ROWS, workers=1, progress=False)
    return out


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "lib"))


@pytest.fixture(scope="session")
def library(model: Artefact, folder: Path) -> Library:
    return open_folder(folder, model, "nmr")
