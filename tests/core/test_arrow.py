"""Arrays made without pyarrow.array are those that it makes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from acml_core import arrow

TEXTS = ["", "C", "[Na+].[Cl-]", "δ 13С", "C" * 5000]


@pytest.mark.parametrize("texts", [[], TEXTS, TEXTS * 100])
def test_strings(texts: list[str]) -> None:
    made = arrow.strings(texts)
    made.validate(full=True)
    assert made.equals(pa.array(texts, pa.string()))


@pytest.mark.parametrize("kind", ["int32", "int64", "float64"])
def test_numbers(kind: str) -> None:
    values = np.arange(-3, 9).astype(kind)
    for part in (values, values[::2], values[:0]):
        made = arrow.numbers(part)
        made.validate(full=True)
        assert made.equals(pa.array(part))


@pytest.mark.parametrize("kind", ["int32", "int64", "float64"])
@pytest.mark.parametrize("parts", [[], [(2, 5)], [(2, 5), (0, 0), (1, 2)]])
def test_values(kind: str, parts: list[tuple[int, int]]) -> None:
    array = pa.array(np.arange(9).astype(kind))
    column = pa.chunked_array([array[a:b] for a, b in parts], array.type)
    for given in (column, array[3:7]):
        found = arrow.values(given)
        assert found.dtype == np.dtype(kind)
        assert np.array_equal(found, given.to_numpy())


def test_pandas_is_not_looked_for() -> None:
    """Of every package that can be imported, a stand-in for pandas says that it was."""
    script = """
import sys
class Seen:
    def find_spec(self, name, path=None, target=None):
        if name == "pandas":
            print("looked for")
sys.meta_path.insert(0, Seen())
from acml_core.graphs.build import build
build(["CCO", "C"], workers=1, progress=False)
print("made")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.splitlines()[0] == "made", done.stdout + done.stderr
