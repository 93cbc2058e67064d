"""Libraries encoded by a Ray of this machine, with two workers."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from acml_core.artefact import Artefact
from acml_core.errors import ArtefactError, Unsupported
from acml_core.library.build import build
from acml_core.library.encode import Task
from acml_core.library.engines import run

SHARD_ROWS = 100
"""As in conftest.py."""


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.slow
def test_ray_writes_the_same_bytes(
    model: Artefact, folder: Path, molecules: Path, tmp_path: Path
) -> None:
    """On a Ray that is started for it, and on one that runs already and stays."""
    ray = pytest.importorskip("ray", reason="needs the extra ray of acml-core")
    how = {"engine": "ray", "shard_rows": SHARD_ROWS, "progress": False}
    build(model, molecules, tmp_path / "own", workers=2, **how)
    assert not ray.is_initialized()
    assert contents(tmp_path / "own") == contents(folder)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        build(model, molecules, tmp_path / "running", **how)
        assert ray.is_initialized()
        assert contents(tmp_path / "running") == contents(folder)
        task = Task(0, tmp_path / "none", "0" * 64, ("nmr",), 0, 1, ["CCO"])
        with pytest.raises(ArtefactError, match="no such model folder"):
            list(run("ray", [task], None))
    finally:
        ray.shutdown()


def test_without_ray(
    model: Artefact, molecules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(Unsupported, match="Ray is not installed") as caught:
        build(model, molecules, tmp_path / "lib", engine="ray")
    assert "acml-core[ray]" in caught.value.remedy
    assert not (tmp_path / "lib").exists()
