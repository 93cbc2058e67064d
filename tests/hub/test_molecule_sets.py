"""Libraries from data sets of the Hub and from the sets that a registry names there."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rows import Use
from server import HubServer

from acml_core.errors import AcmlError, BadInput
from acml_core.library.source import find


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Two tables of molecules, and what is none."""
    monkeypatch.setenv("ACML_CACHE", str(tmp_path / "acml"))
    pq.write_table(pa.table({"smiles": ["CCO", "bad"]}), tmp_path / "a.parquet")
    return {
        "README.md": b"---\nlicense: cc0-1.0\n---\n",
        "data/a.parquet": (tmp_path / "a.parquet").read_bytes(),
        "data/b.csv": b"id,smiles\n1,CCN\n",
        "data/notes.txt": b"no molecules",
    }


def test_a_data_set_gives_the_rows_of_all_its_tables(
    hub: HubServer, files: dict[str, bytes]
) -> None:
    hub.add("datasets/alice/molecules", files)
    told: list[str] = []
    found = find("hf:alice/molecules", told.append)
    assert list(found.rows()) == ["CCO", "bad", "CCN"]
    assert any("licence: cc0-1.0" in line for line in told)
    assert found.digest == find("hf:alice/molecules").digest


def test_a_registry_pins_a_commit_and_names_the_files(
    hub: HubServer, files: dict[str, bytes], use: Use
) -> None:
    commit = hub.add("datasets/alice/molecules", files)
    use(
        "[molecules.ours]\n"
        f'source = {{ kind = "hf", repo = "alice/molecules", revision = "{commit}" }}\n'
        'files = ["data/b.csv"]\nlicence = "CC0"\nsummary = "one table"\n'
    )
    assert list(find("ours").rows()) == ["CCN"]


def test_data_sets_that_hold_none_or_are_none(hub: HubServer, files: dict[str, bytes]) -> None:
    hub.add("datasets/alice/text", {"README.md": files["README.md"], "a.txt": b"x"})
    with pytest.raises(BadInput, match="no file of molecules"):
        find("hf:alice/text")
    with pytest.raises(AcmlError):
        find("hf:alice/none")
