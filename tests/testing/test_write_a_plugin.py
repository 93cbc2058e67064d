"""docs/how-to/write-a-plugin.md, followed to the letter."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Sandbox

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-plugin.md"
BLOCK = re.compile(r'^```(\w+)(?: title="(.*?)")?\n(.*?)^```$', re.M | re.S)
MOST_LINES = 60
"""The author's own lines of code, fewer than this, blank ones left out."""

UNKNOWN = "Oc1ccc(O)cc1"
"""Structure of row 40 of the page's table, whose curve is searched."""


def blocks() -> list[tuple[str, str, str]]:
    """Language, title and text of each block of the page."""
    return BLOCK.findall(PAGE.read_text(encoding="utf-8"))


def test_the_authors_own_code_is_short() -> None:
    lines = [
        line
        for language, _, text in blocks()
        if language == "python"
        for line in text.splitlines()
        if line.strip()
    ]
    assert 0 < len(lines) < MOST_LINES


def test_every_python_block_says_which_file_it_is() -> None:
    assert all(title for language, title, _ in blocks() if language == "python")


@pytest.mark.slow
def test_the_page_works(sandbox: Sandbox) -> None:
    said = {}
    for language, title, text in blocks():
        if language == "python":
            (sandbox.folder / title).write_text(text, encoding="utf-8")
        elif language == "sh":
            for command in text.splitlines():
                said[command] = sandbox.run(command)
    (found,) = [text for command, text in said.items() if command.startswith("acml search")]
    assert UNKNOWN in found.split()
    tests = [text for command, text in said.items() if command.startswith("pytest")]
    assert tests
    assert all("passed" in text and "failed" not in text for text in tests)
