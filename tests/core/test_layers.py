"""The core knows no modality: its code, docstrings and comments aside, names none."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import acml_core

CORE = Path(acml_core.__file__).parent
ALLOWED = ("data/sources",)
"""Folders that read one public dataset a file, and so name what it measures."""

# An adduct is no modality's: the masses of ions filter candidates, whatever was measured.
WORDS = {
    *("nmr", "13c", "1h", "nmrshiftdb2", "jcamp", "nmrglue", "bruker", "multiplicity"),
    *("ms", "massbank", "mgf", "msp", "mzml", "precursor"),
    *("ir", "infrared", "raman", "wavenumber", "absorbance"),
}


def docstrings(tree: ast.AST) -> set[int]:
    """Identities of the expressions that are docstrings (or strings beneath an attribute)."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of every identifier, imported module and one-word string of a module.

    A string with a space in it is text for people, such as an example in a command's help.
    """
    passed = docstrings(tree)
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        match node:
            case ast.Name(id=text) | ast.Attribute(attr=text) | ast.arg(arg=text):
                yield line, text
            case ast.FunctionDef(name=text) | ast.ClassDef(name=text) | ast.alias(name=text):
                yield line, text
            case ast.ImportFrom(module=str(text)) | ast.keyword(arg=str(text)):
                yield line, text
            case ast.Constant(value=str(text)) if id(node) not in passed and " " not in text:
                yield line, text


def told(source: str) -> list[str]:
    tree = ast.parse(source)
    return [
        f"{line}: {text}"
        for line, text in names(tree)
        if WORDS & set(re.split(r"[^a-z0-9]+|_", text.lower())) or "acml_plugin_" in text
    ]


@pytest.mark.parametrize(
    "source",
    [
        "if name == 'nmr': pass",
        "read_jcamp = 1",
        "from acml_plugin_raman import x",
        "row.shifts_13c",
        "f(precursor_mz=1)",
        "import acml_plugin_x",
    ],
)
def test_the_search_finds_what_it_is_for(source: str) -> None:
    assert told(source)


def test_the_search_passes_docstrings_and_text_for_people() -> None:
    assert not told('"""About nmr."""\nx = "acml train --modality nmr"\nterms = items = 1')


def test_no_file_of_the_core_names_a_modality() -> None:
    found = {}
    for path in sorted(CORE.rglob("*.py")):
        inside = path.relative_to(CORE).as_posix()
        if not inside.startswith(ALLOWED) and (hits := told(path.read_text(encoding="utf-8"))):
            found[inside] = hits
    assert found == {}
