"""What a model's card tells of the machine that it was made on: nothing."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from acml_core.command import as_typed


def test_folders_stay_private(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data = tmp_path / "data"
    monkeypatch.setenv("ACML_DATA", str(data))
    typed = ["train", "--data", str(data / "nmr" / "a.parquet"), f"--recipe={tmp_path}/mine.toml"]
    typed += ["--out", "runs/nmr", "--set", "graph.dim=64", "--tower", str(tmp_path / "my tower")]
    found = as_typed(typed)
    assert found == (
        'acml train --data "$ACML_DATA/nmr/a.parquet" --recipe=mine.toml --out runs/nmr'
        " --set graph.dim=64 --tower 'my tower'"
    )
    assert str(tmp_path) not in found
    monkeypatch.delenv("ACML_DATA")
    assert as_typed(typed).startswith("acml train --data a.parquet ")


def test_what_needs_quotes_has_them() -> None:
    typed = ["search", "13C NMR \u03b4 170.1, 21.0", "--top", "3"]
    assert shlex.split(as_typed(typed)) == ["acml", *typed]
