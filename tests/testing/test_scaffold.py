"""``acml plugins new``: what it makes works unedited, and what cannot be named is refused."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from packaging.requirements import Requirement

import acml_core
from acml_core import scaffold
from acml_core.errors import BadInput

if TYPE_CHECKING:
    from conftest import Sandbox

ROWS = 96


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nmr", "exists: acml-plugin-nmr"),
        ("UvVis", "cannot name a modality"),
        ("uv-vis", "cannot name a modality"),
        ("2d", "cannot name a modality"),
        ("uv_", "cannot name a modality"),
        ("", "cannot name a modality"),
        ("../up", "cannot name a modality"),
        ("a" * 41, "cannot name a modality"),
        ("class", "means something"),
        ("type", "means something"),
        ("items", "means something"),
    ],
)
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as caught:
        scaffold.new_plugin(name, tmp_path)
    assert caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_left_alone(tmp_path: Path) -> None:
    folder = scaffold.new_plugin("uvvis", tmp_path)
    (folder / "README.md").write_text("mine", encoding="utf-8")
    with pytest.raises(BadInput, match="exists already"):
        scaffold.new_plugin("uvvis", tmp_path)
    assert (folder / "README.md").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["uvvis", "circular_dichroism"])
def test_nothing_of_the_template_shows_in_the_copy(tmp_path: Path, name: str) -> None:
    folder = scaffold.new_plugin(name, tmp_path / "made" / "for" / "it")
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) >= 12
    for path in files:
        assert scaffold.NAME not in path.as_posix()
        text = path.read_text(encoding="utf-8")
        assert scaffold.NAME not in text, path
        assert scaffold.TITLE not in text, path
        if path.suffix == ".py":
            compile(text, str(path), "exec")
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == folder.name == f"acml-plugin-{name.replace('_', '-')}"
    assert project["entry-points"]["acml"] == {name: f"acml_plugin_{name}"}
    (core,) = [Requirement(line) for line in project["dependencies"]]
    assert core.specifier.contains(acml_core.__version__)


@pytest.mark.slow
def test_the_copy_works_unedited(sandbox: Sandbox) -> None:
    assert "acml-plugin-two_ways" not in sandbox.run("acml plugins new two_ways --out made")
    sandbox.run("pip install ./made/acml-plugin-two-ways")
    listed = {row["name"]: row for row in json.loads(sandbox.run("acml plugins list --json"))}
    assert listed["two_ways"]["distribution"] == "acml-plugin-two-ways"
    sandbox.run("acml plugins check two_ways")
    summary = sandbox.run("pytest -q made/acml-plugin-two-ways").splitlines()[-1]
    assert "passed" in summary
    assert "failed" not in summary

    _write_table(sandbox.folder)
    sandbox.run("acml train --modality two_ways --data table.csv --epochs 2 --out run")
    example = "made/acml-plugin-two-ways/tests/example.csv"
    search = f"acml search --modality two_ways {example} --model run --library table.csv --json"
    found = json.loads(sandbox.run(search))
    assert found["candidates"] == ROWS
    assert found["hits"][0]["rank"] == 1
    sandbox.run(
        f"head -c 40 /dev/urandom > bad.csv && {search.replace(example, 'bad.csv')}", code=2
    )


def _write_table(folder: Path) -> None:
    """Alkanols, with a band that moves with the chain."""
    x = np.arange(220, 760, 12)
    lines = ["smiles,x,y"]
    for n in range(ROWS):
        y = np.exp(-(((x - 230 - 5 * n) / 25) ** 2)).round(4)
        lines.append(f'{"C" * (n + 1)}O,"{x.tolist()}","{y.tolist()}"')
    (folder / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
