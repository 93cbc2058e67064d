"""What README and documentation show is what works."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import typer

from acml_core import BadInput, plugins

if TYPE_CHECKING:
    from conftest import Site

ROOT = Path(__file__).parents[2]

PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted(ROOT.glob("plugins/*/README.md")),
    *sorted(ROOT.glob("plugins/*/src/*/data/README.md")),
]


@pytest.mark.parametrize("heading", ["## Run it", "## Test it"])
def test_the_readme_has_one_command_under_each_heading(heading: str) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split(f"\n{heading}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", section, flags=re.M | re.S)
    assert len(blocks) == 1
    language, command = blocks[0]
    assert language == "sh"
    assert command.count("\n") == 1
    assert "nox -s" in command


def test_the_plugin_in_the_documentation_keeps_the_contract(site: Site, tmp_path: Path) -> None:
    page = (ROOT / "docs/reference/contract.md").read_text(encoding="utf-8")
    parts = dict(re.findall(r'^```python title="(.*?)"\n(.*?)^```$', page, flags=re.M | re.S))
    code = parts["acml_plugin_raman/modality.py"] + parts["acml_plugin_raman/__init__.py"].replace(
        "    from acml_plugin_raman.modality import Raman  # late: listing plugins stays fast\n", ""
    )
    site.install("raman", code)
    assert plugins.check("raman").status in plugins.HEALTHY
    raman = plugins.get("raman")()

    spectrum = tmp_path / "spectrum.txt"
    spectrum.write_text("300 1\n1000 4\n3000 2\n")
    (signal,) = raman.read(spectrum)
    prepared = raman.prepare(signal)
    assert prepared["spectrum"].shape == (512,)
    assert prepared["spectrum"].dtype == np.float32
    batch = raman.collate([prepared, prepared], train=False)
    assert raman.encoder()(batch).shape == (2, 128)
    with pytest.raises(BadInput, match="Give two columns"):
        next(raman.read(tmp_path / "none.txt"))


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").split("\nnav:\n")[1]
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert pages == set(re.findall(r": (\S+\.md)$", navigation, flags=re.M))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    wrong = [f"{line}: {told}" for line in _commands(text) if (told := _unknown(line))]
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", text)
    assert not wrong + [one for one in links if not (page.parent / one).exists()]


def _commands(text: str) -> Iterator[str]:
    """Lines of code, and code within lines, that call ``acml``."""
    text = text.replace("\\\n", " ")
    yield from re.findall(r"^(?: {4})?(acml .*)$", text, flags=re.M)
    yield from (" ".join(one.split()) for one in re.findall(r"`(acml [^`]*)`", text))


def _unknown(line: str) -> str:
    """The first command or option that there is not, or ""."""
    command = _acml()
    _, *words = shlex.split(line, comments=True)
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        if words[0] not in command.commands:
            return words[0]
        command = command.commands[words.pop(0)]
    known = {name for one in command.params for name in [*one.opts, *one.secondary_opts]}
    given = [word.partition("=")[0] for word in words if word.startswith("--")]
    return next((name for name in given if name not in known | {"--help"}), "")


@cache
def _acml() -> Any:
    from acml_core.cli.app import app

    return typer.main.get_command(app)
