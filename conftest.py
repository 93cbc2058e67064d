"""Fixtures for the tests of the core and of every plugin in this repository."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of real measurements, from ``ACML_DATA``; where it is unset the test is skipped."""
    folder = os.environ.get("ACML_DATA")
    if not folder:
        pytest.skip("needs real measurements: ACML_DATA is not set")
    path = Path(folder)
    if not path.is_dir():
        pytest.fail(f"ACML_DATA is {folder!r}, which is not a folder")
    return path


# A deadline judges the machine, not the code: two busy cores fail examples that are right.
hypothesis.settings.register_profile("acml", deadline=None)
hypothesis.settings.load_profile("acml")
