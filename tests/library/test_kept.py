"""A start on a library that no search has met, before torch is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from acml_core.files import sha256
from acml_core.graphs import ahead
from acml_core.library import kept


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ACML_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("acml_core.parallel.cores", lambda: 2)
    path = tmp_path / "mine.smi"
    path.write_text("\n".join("C" * n for n in range(1, ahead.FEWEST + 1)))
    return path


def test_a_file_that_no_search_has_met_is_begun_and_given_up(library: Path) -> None:
    with kept.read_ahead([library]):
        ((smiles, _),) = ahead._begun
        assert len(smiles) == ahead.FEWEST
    assert not ahead._begun


def test_a_file_whose_library_is_there_is_not(library: Path) -> None:
    kept.folder(sha256(library), "0" * 64, "nmr").mkdir(parents=True)
    with kept.read_ahead([library]):
        assert not ahead._begun


def test_what_is_no_small_file_of_molecules_is_passed_over(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads it in earnest says what is wrong."""
    table = library.with_suffix(".csv")
    table.write_text("name\nethanol\n")
    picture = library.with_suffix(".png")
    picture.write_bytes(b"\x89PNG")
    with kept.read_ahead([library.parent, table, picture, "absent.smi", "nmr/library", ""]):
        assert not ahead._begun
    monkeypatch.setattr(kept, "MOST_BYTES", 10)
    with kept.read_ahead([library]):
        assert not ahead._begun


def test_one_core_has_nothing_to_spare(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acml_core.parallel.cores", lambda: 1)
    with kept.read_ahead([library]):
        assert not ahead._begun


def test_a_failure_ends_the_work(library: Path) -> None:
    with pytest.raises(KeyError), kept.read_ahead([library]):
        raise KeyError
    assert not ahead._begun


def test_no_torch_is_imported() -> None:
    """That is what the workers are begun before."""
    code = (
        "import sys\nfrom acml_core.library.kept import read_ahead\n"
        "with read_ahead(['absent.smi']):\n    print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
