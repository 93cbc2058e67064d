"""Building libraries: shards, kills, repeats, rejects, appending and merging."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from rdkit import Chem

from acml_core.artefact import Artefact
from acml_core.errors import AcmlError, ArtefactError, BadInput
from acml_core.graphs.build import build as pack
from acml_core.library import manifest
from acml_core.library.build import build
from acml_core.library.library import open_folder
from acml_core.library.locked import locked
from acml_core.library.merge import merge
from acml_core.library.opening import open_any
from acml_core.library.source import find
from acml_core.molecule import canonicalise

BAD, SHARD_ROWS = ["C1CC", "notasmiles"], 100
"""As in conftest.py."""


def quiet(_: str) -> None:
    pass


def contents(folder: Path) -> dict[str, str]:
    """Hash of every file by its path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def lines(path: Path) -> list[str]:
    return path.read_text().split("\n")


def written(path: Path, smiles: list[str]) -> Path:
    path.write_text("\n".join(smiles))
    return path


# ---- what a library holds -----------------------------------------------------------------------


def test_each_molecule_once_with_its_row_and_vector(
    model: Artefact, folder: Path, molecules: Path
) -> None:
    about = manifest.read(folder)
    (source,) = about.sources
    rows = lines(molecules)
    assert source.rejects == about.rejects == 2
    assert source.rows == len(rows) == source.molecules + source.rejects + source.duplicates
    assert len(about.shards) == -(-len(rows) // SHARD_ROWS)
    library = open_folder(folder, model, "nmr")
    records = [library.molecules.row(i) for i in range(len(library))]
    keys = [one["inchikey"][:14] for one in records]
    assert len(set(keys)) == len(keys) == about.molecules
    for one in records:
        made = canonicalise(rows[one["row"] - 1])
        assert (made.smiles, made.inchikey) == (one["smiles"], one["inchikey"])
        assert (made.formula, made.mass) == (one["formula"], one["mass"])
    assert [one["row"] for one in records] == sorted(one["row"] for one in records)
    graphs = pack([one["smiles"] for one in records], workers=1, progress=False).graphs
    expected = model.model.encode_molecules(graphs, "nmr")
    found = library.vectors["nmr"].take(np.arange(len(library)))
    assert found.dtype == torch.float16
    assert torch.allclose(found.float(), expected, atol=2e-3)


def test_rejects_are_listed_with_their_rows(folder: Path, molecules: Path) -> None:
    text = (folder / "rejects.csv").read_text().splitlines()
    assert [row.split(",")[1] for row in text[1:]] == BAD
    for row in text[1:]:
        number, value, reason = row.split(",", 2)
        assert lines(molecules)[int(number) - 1] == value
        assert reason


def test_repeats_across_shards_are_dropped(model: Artefact, tmp_path: Path) -> None:
    """The second shard holds one molecule of the first, in another spelling; the third nothing else."""
    file = written(tmp_path / "a.smi", ["CCO", "CCN", "OCC", "CCC", "NCC", "C(C)O"])
    about = build(model, file, tmp_path / "lib", shard_rows=2, workers=1)
    assert [one.molecules for one in about.shards] == [2, 1]
    assert about.sources[0].duplicates == 3
    library = open_folder(tmp_path / "lib", model, "nmr")
    assert library.molecules.smiles(np.arange(3)) == ["CCO", "CCN", "CCC"]
    assert [library.molecules.row(i)["row"] for i in range(3)] == [1, 2, 4]
    assert {path.name for path in (tmp_path / "lib/shards").iterdir()} == {
        one.name for one in about.shards
    }


def test_every_kind_of_file_gives_the_same_molecules(model: Artefact, tmp_path: Path) -> None:
    smiles = ["CCO", "c1ccccc1O", "notasmiles", "CC(=O)N"]
    kept = [one for one in smiles if one != "notasmiles"]
    written(tmp_path / "a.smi", [f"{one} name" for one in smiles])
    pq.write_table(pa.table({"smiles": smiles, "other": [1, 2, 3, 4]}), tmp_path / "a.parquet")
    written(tmp_path / "a.csv", ["id,SMILES", *(f"{i},{one}" for i, one in enumerate(smiles))])
    with Chem.SDWriter(str(tmp_path / "a.sdf")) as writer:
        for one in kept:
            writer.write(Chem.MolFromSmiles(one))
    found = {}
    for suffix in ("smi", "parquet", "csv", "sdf"):
        out = tmp_path / suffix
        build(model, tmp_path / f"a.{suffix}", out, workers=1)
        library = open_folder(out, model, "nmr")
        found[suffix] = library.molecules.smiles(np.arange(len(library)))
        assert manifest.read(out).rejects == (suffix != "sdf")
    assert found["smi"] == [canonicalise(one).smiles for one in kept]
    assert all(one == found["smi"] for one in found.values())


def test_an_sdf_with_a_damaged_record_first(tmp_path: Path, model: Artefact) -> None:
    good = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO"))
    (tmp_path / "a.sdf").write_text("broken\n\n\n  x\n$$$$\n" + good + "$$$$\n")
    about = build(model, tmp_path / "a.sdf", tmp_path / "lib", workers=1)
    assert (about.molecules, about.rejects) == (1, 1)
    assert "unreadable record 1" in (tmp_path / "lib/rejects.csv").read_text()


def test_two_processes_write_the_same_bytes_as_one(
    model: Artefact, folder: Path, molecules: Path, tmp_path: Path
) -> None:
    build(model, molecules, tmp_path / "two", shard_rows=SHARD_ROWS, workers=2)
    assert contents(tmp_path / "two") == contents(folder)


# ---- killed work --------------------------------------------------------------------------------

DYING = """
import os, signal, sys
from acml_core import artefact
from acml_core.library import build, shard

write, done = shard.Shard.write, []

def dying(self, folder):
    write(self, folder)
    done.append(folder)
    if len(done) == 2:
        os.kill(os.getpid(), signal.SIGKILL)

shard.Shard.write = dying
model, rows = artefact.load(sys.argv[1]), int(sys.argv[4])
build.build(model, sys.argv[2], sys.argv[3], shard_rows=rows, workers=1)
"""


def test_a_killed_build_goes_on(
    model: Artefact, folder: Path, molecules: Path, tmp_path: Path
) -> None:
    """Killed after two shards: the library is refused; the second run keeps them and ends alike."""
    out = tmp_path / "lib"
    args = [str(model.path), str(molecules), str(out), str(SHARD_ROWS)]
    done = subprocess.run([sys.executable, "-c", DYING, *args], timeout=600, check=False)
    assert done.returncode == -signal.SIGKILL
    with pytest.raises(ArtefactError, match=r"half built \(2 of 4 shards\)") as caught:
        open_any(out, model, "nmr", report=quiet)
    assert "same 'acml library' command again" in caught.value.remedy
    with pytest.raises(ArtefactError, match="half built"):
        build(model, molecules, out, append=True)
    first = {path.name: path.stat().st_mtime_ns for path in (out / "shards").iterdir()}
    assert len(first) == 2
    build(model, molecules, out, shard_rows=SHARD_ROWS, workers=1)
    again = {path.name: path.stat().st_mtime_ns for path in (out / "shards").iterdir()}
    assert first.items() <= again.items()
    assert contents(out) == contents(folder)


def test_a_library_that_is_there_is_not_built_again(
    model: Artefact, molecules: Path, copy: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
    told: list[str] = []
    build(model, molecules, copy, shard_rows=SHARD_ROWS, report=told.append)
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*")} == before
    assert any("there already" in line for line in told)


def test_another_source_replaces_the_library(model: Artefact, copy: Path, tmp_path: Path) -> None:
    build(model, written(tmp_path / "b.smi", ["CCO"]), copy, workers=1)
    assert len(open_folder(copy, model, "nmr")) == 1
    assert len(list((copy / "shards").iterdir())) == 1
    assert not (copy / "rejects.csv").exists()


def test_one_writer_at_a_time(model: Artefact, molecules: Path, copy: Path) -> None:
    with locked(copy), pytest.raises(AcmlError, match="another process is writing"):
        build(model, molecules, copy)


# ---- append and merge ---------------------------------------------------------------------------


def test_append_adds_what_is_new(model: Artefact, folder: Path, copy: Path, tmp_path: Path) -> None:
    before = open_folder(folder, model, "nmr")
    more = written(tmp_path / "more.smi", ["OCC", "CCCCCCCCCl", "bad", "ClCCCCCCCC", "CCCCCCCCBr"])
    about = build(model, more, copy, append=True, workers=1)
    source = about.sources[1]
    assert (source.molecules, source.rejects, source.duplicates) == (2, 1, 2)
    assert "bad" in (copy / str(source.rejects_file)).read_text()
    assert source.rejects_file != about.sources[0].rejects_file
    after = open_folder(copy, model, "nmr")
    n = len(before)
    assert after.molecules.smiles(np.arange(n, n + 2)) == ["CCCCCCCCCl", "CCCCCCCCBr"]
    assert [after.molecules.row(n + i)["source"] for i in range(2)] == [1, 1]
    every = np.arange(n)
    assert torch.equal(before.vectors["nmr"].take(every), after.vectors["nmr"].take(every))
    assert after.molecules.smiles(every) == before.molecules.smiles(every)
    again = build(model, more, copy, append=True, workers=1)
    assert (again.molecules, again.sources[2].molecules) == (about.molecules, 0)


def test_what_cannot_be_appended_to(
    model: Artefact, molecules: Path, copy: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="no library to append to"):
        build(model, molecules, tmp_path / "none", append=True)
    assert not (tmp_path / "none").exists()
    about = json.loads((copy / "library.json").read_text())
    (copy / "library.json").write_text(json.dumps({**about, "model": "0" * 64}))
    with pytest.raises(ArtefactError, match="built with another model"):
        build(model, molecules, copy, append=True)
    dims = {**about["dims"], "other": 8}
    (copy / "library.json").write_text(json.dumps({**about, "dims": dims}))
    with pytest.raises(BadInput, match="has vectors for nmr, other"):
        build(model, molecules, copy, append=True, modalities=["nmr"])


def test_merged_libraries_hold_each_molecule_once(
    model: Artefact, folder: Path, tmp_path: Path
) -> None:
    more = written(tmp_path / "more.smi", ["CCCCCCCCCl", "OCC", "CCCCCCCCBr"])
    build(model, more, tmp_path / "b", workers=1)
    about = merge([folder, tmp_path / "b"], tmp_path / "both", shard_rows=64)
    one, both = (open_folder(path, model, "nmr") for path in (folder, tmp_path / "both"))
    n = len(one)
    assert about.molecules == len(both) == n + 2
    assert [shard.molecules for shard in about.shards[:-1]] == [64] * (len(about.shards) - 1)
    assert both.molecules.smiles(np.arange(n)) == one.molecules.smiles(np.arange(n))
    assert both.molecules.smiles(np.array([n, n + 1])) == ["CCCCCCCCCl", "CCCCCCCCBr"]
    assert [both.molecules.row(i)["source"] for i in (0, n)] == [0, 1]
    every = np.arange(n)
    assert torch.equal(both.vectors["nmr"].take(every), one.vectors["nmr"].take(every))
    assert both.molecules.first_seen().all()
    again = merge([tmp_path / "both"], tmp_path / "full")
    assert len(again.shards) == 1
    assert again.molecules == n + 2


def test_what_cannot_be_merged(folder: Path, copy: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="one of the libraries"):
        merge([folder, copy], copy)
    about = json.loads((copy / "library.json").read_text())
    (copy / "library.json").write_text(json.dumps({**about, "model": "0" * 64}))
    with pytest.raises(ArtefactError, match="another model than"):
        merge([folder, copy], tmp_path / "out")
    (copy / "library.json").write_text(json.dumps({**about, "dims": {"other": 32}}))
    with pytest.raises(ArtefactError, match="vectors for other"):
        merge([folder, copy], tmp_path / "out")
    assert not (tmp_path / "out").exists()


# ---- names and bad input ------------------------------------------------------------------------


def test_a_name_of_a_registry(
    model: Artefact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = find("nci5k")
    assert [file.name for file in shipped.files] == ["first_5K.smi"]
    assert shipped.files[0].is_file()
    written(tmp_path / "a.smi", ["CCO"])
    written(tmp_path / "b.smi", ["CCN", "CCC"])
    registry = tmp_path / "own.toml"
    registry.write_text(
        'schema = 1\n[molecules.ours]\nsource = { kind = "path", path = "." }\n'
        'files = ["a.smi", "b.smi"]\nlicence = "CC0"\nsummary = "two files"\n'
    )
    monkeypatch.setenv("ACML_REGISTRY", str(registry))
    told: list[str] = []
    about = build(model, "ours", tmp_path / "lib", workers=1, report=told.append)
    assert (about.molecules, about.sources[0].name) == (3, "ours")
    assert any("licence: CC0" in line for line in told)
    with pytest.raises(BadInput, match=r"is called 'nci5'.*nci5k"):
        find("nci5")
    registry.write_text(registry.read_text().replace("a.smi", "../../etc/passwd"))
    with pytest.raises(BadInput, match="leads out of its folder"):
        find("ours")


def test_sources_that_are_none(model: Artefact, tmp_path: Path) -> None:
    for source, match in (
        (tmp_path / "none.smi", "no such file"),
        (tmp_path, "a folder"),
        ("hf:nothing", "no data set"),
    ):
        with pytest.raises(BadInput, match=match):
            build(model, source, tmp_path / "lib")
    (tmp_path / "a.smi").write_text("xyz\nC1\n")
    with pytest.raises(BadInput, match=r"no molecule of the file can be used.*SMILES"):
        build(model, tmp_path / "a.smi", tmp_path / "lib")
    with pytest.raises(BadInput, match="no engine is called 'spark'"):
        build(model, written(tmp_path / "b.smi", ["C"]), tmp_path / "lib", engine="spark")
    with pytest.raises(BadInput, match="no such file"):
        open_any(tmp_path / "none.smi", model, "nmr", report=quiet)


def test_a_folder_with_something_else_is_not_overwritten(
    model: Artefact, molecules: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(BadInput, match="something else"):
        build(model, molecules, tmp_path)
    with pytest.raises(AcmlError, match="a file of that name"):
        build(model, molecules, tmp_path / "mine.txt")
    assert os.listdir(tmp_path) == ["mine.txt"]


def refused(copy: Path, model: Artefact, match: str) -> str:
    with pytest.raises(ArtefactError, match=match) as caught:
        open_any(copy, model, "nmr", report=quiet)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 1
    assert caught.value.remedy
    return caught.value.remedy


def test_libraries_of_another_model_or_version(copy: Path, model: Artefact) -> None:
    path = copy / "library.json"
    about = json.loads(path.read_text())
    for change, match, remedy in (
        ({"model": "0" * 64}, "built with another model", "acml library build"),
        ({"schema": 3}, "of a later version", "pip install --upgrade acml-core"),
        ({"schema": 1}, "another version", "acml library build"),
        ({"dims": {"other": 32}}, "no vectors for 'nmr'", "with this model"),
        ({"dims": {"nmr": 31}}, "31 numbers, not 32", "acml library build"),
        ({"molecules": "many"}, "damaged", "acml library build"),
    ):
        path.write_text(json.dumps({**about, **change}))
        assert remedy in refused(copy, model, match)
    path.write_text("{")
    refused(copy, model, "damaged")
    path.unlink()
    refused(copy, model, "not a library")


def test_damaged_shards(copy: Path, model: Artefact) -> None:
    shard = copy / "shards" / manifest.read(copy).shards[1].name
    vectors = (shard / "nmr.npy").read_bytes()
    for content in (b"", vectors[:200], b"\x80\x04K\x01.", vectors[:-64], vectors + b"more"):
        (shard / "nmr.npy").write_bytes(content)
        refused(copy, model, "vectors are damaged")
    np.save(shard / "nmr.npy", np.zeros((3, 32), dtype=np.float16))
    refused(copy, model, r"\(3, 32\)")
    np.save(shard / "nmr.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    refused(copy, model, "object")
    (shard / "nmr.npy").write_bytes(vectors)
    names = (shard / "molecules.arrow").read_bytes()
    for content in (b"", names[:100], names[:-100], b"ARROW1"):
        (shard / "molecules.arrow").write_bytes(content)
        refused(copy, model, "damaged")
    shutil.rmtree(shard)
    refused(copy, model, "damaged")
