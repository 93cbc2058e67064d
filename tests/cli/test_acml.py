"""The command line as its users meet it: exit codes, one-line errors, results on stdout."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from acml_plugin_nmr.signal import NmrSignal

from acml_core.data.table import read, write
from acml_core.hub import pretrained
from acml_core.library.library import open_records
from acml_core.library.manifest import read as read_manifest

COMMANDS = (
    "",
    "plugins",
    "plugins list",
    "plugins info",
    "plugins check",
    "data",
    "data import",
    "data simulate",
    "data split",
    "train",
    "eval",
    "eval retrieval",
    "library",
    "library build",
    "library info",
    "library merge",
    "search",
)
GROUPS = ("plugins", "data", "eval", "library")
TEXT = "13C NMR (101 MHz, CDCl3) δ 170.1, 134.5, 128.4, 21.0"


def shell(*args: str) -> subprocess.CompletedProcess[str]:
    """The installed command in a process of its own."""
    script = Path(sys.executable).with_name("acml")
    start = (
        [str(script)]
        if script.exists()
        else [sys.executable, "-c", "from acml_core.cli import main; main()"]
    )
    return subprocess.run([*start, *args], capture_output=True, text=True, timeout=120)


def one_line(result: Any, code: int) -> str:
    """The last line of stderr, after checking that it is an error as promised."""
    assert result.code == code, result.err
    assert "Traceback" not in result.err
    assert result.out == ""
    last = result.err.strip().splitlines()[-1]
    assert last.startswith("acml: "), result.err
    return last


# ---- a process of its own -----------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command: str, acml: Any) -> None:
    result = acml(*command.split(), "--help")
    assert result.code == 0
    assert result.err == ""
    assert "Usage: " in result.out
    assert command in GROUPS or "Example: acml " + command in result.out


def test_the_installed_command() -> None:
    found = shell("--help")
    assert (found.returncode, found.stderr) == (0, "")
    assert "Example: acml search" in found.stdout
    found = shell("train", "--moddality", "nmr")
    assert (found.returncode, found.stdout) == (2, "")
    assert "--moddality" in found.stderr
    found = shell("train", "--modality", "raman")
    assert (found.returncode, found.stdout) == (2, "")
    assert len(found.stderr.strip().splitlines()) == 1


def test_search_in_a_process_of_its_own(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.smi").write_text("CC(=O)c1ccccc1\nCCO\nC1CC\n")
    found = shell(
        "search",
        TEXT,
        "--modality",
        "nmr",
        "--model",
        str(trained),
        "--library",
        str(tmp_path / "mine.smi"),
        "--json",
    )
    assert found.returncode == 0, found.stderr
    answer = json.loads(found.stdout)  # nothing else on stdout
    assert {hit["smiles"] for hit in answer["hits"]} == {"CC(=O)c1ccccc1", "CCO"}
    assert "left out" in found.stderr


# ---- train --------------------------------------------------------------------------------------


def test_train_prints_results_on_stdout_and_progress_on_stderr(
    acml: Any, train_args: list[str], tmp_path: Path
) -> None:
    table = tmp_path / "t.csv"
    rows = read(Path(train_args[3]), NmrSignal).signals[:60]
    peptide = "N" + "[C@@H](C)C(=O)N" * 125 + "CC(=O)O"
    odd = ["[Na+].CC(=O)[O-]", "[13CH3]O", "C[CH2]", "C", peptide]
    rows += [NmrSignal(smiles=one, shifts_13c=(20.0, 170.0)) for one in odd]
    rows += [NmrSignal(smiles="C1CC", shifts_13c=(20.0,)), NmrSignal(smiles="CCN")]
    write(table, rows)
    with table.open("a") as file:
        file.write("CCF,here,,,,,\n")
    args = [*train_args]
    args[args.index("--data") + 1] = str(table)
    args[args.index("--epochs") + 1] = "2"
    out = tmp_path / "model"
    result = acml(
        "train", *args, "--set", "split.validation=0.2", "--set", "split.test=0.2", "--out", out
    )
    assert result.code == 0, result.err
    assert result.out.splitlines()[-1] == f"model: {out}"
    assert "RECALL@1" in result.out
    assert "spectrum-blind" in result.out
    assert "epoch   2" in result.err
    assert "epoch" not in result.out
    left_out = (out / "rejects.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in left_out] == ["row", "66", "68"]
    molecules = json.loads((out / "acml.json").read_text())["data"]["molecules"]
    assert sum(molecules.values()) == 60 + len(odd) + 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "t.csv"]
    before = {path: path.read_bytes() for path in out.iterdir()}
    again = one_line(acml("train", *args, "--out", out), 2)
    assert "holds a run already" in again
    assert {path: path.read_bytes() for path in out.iterdir()} == before
    assert "is finished" in one_line(acml("train", "--resume", out), 2)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--modality", "nmr", "--set", "epoch=3"], r"Did you mean 'epochs'"),
        (["--modality", "nmr", "--set", "graph.dims=3"], r"Did you mean 'dim'"),
        (["--modality", "nmr", "--set", "modality.nmr.noise=3"], r"Did you mean 'noise_ppm'"),
        (["--modality", "nmr", "--set", "graph.name=gine2"], r"Did you mean 'gine'"),
        (["--modality", "nmr", "--set", "loss.name=infonc"], r"Did you mean 'infonce'"),
        (["--modality", "nmr", "--set", "graph.name=gps", "--set", "graph.dim=30"], "multiple"),
        (["--modality", "nmr", "--set", "lr"], "key=value"),
        (["--modality", "nmr", "--set", "lr=fast"], "lr"),
        (["--modality", "nmr", "--unlock", "some"], "unlock"),
        (["--modality", "nmr", "--epochs", "0"], "epochs"),
        (["--modality", "nmr", "--recipe", "nonesuch"], "no recipe 'nonesuch'"),
        (["--modality", "nmr", "--device", "tpu"], "auto, cpu or cuda"),
        (["--modality", "nmr", "--only", "shifts_13"], r"Did you mean 'shifts_13c'"),
        (["--modality", "nmr", "--data", "none.parquet"], "none.parquet: no such file"),
        (["--modality", "nmrr"], "nmr"),
        (["--modality", "raman"], "raman"),
        ([], "--modality nmr"),
        (["--resume", "none"], "no run to resume"),
    ],
)
def test_bad_usage(acml: Any, tmp_path: Path, args: list[str], message: str) -> None:
    last = one_line(acml("train", *args, "--out", tmp_path / "model"), 2)
    assert message in last
    assert list(tmp_path.iterdir()) == []  # no half run stays behind


def test_a_plugin_that_is_not_installed(acml: Any, tmp_path: Path) -> None:
    from acml_core import catalog, plugins

    known = catalog.plugins().keys() - {info.name for info in plugins.installed()}
    if not known:
        pytest.skip("every plugin of the catalogue is installed here")
    name = sorted(known)[0]
    last = one_line(acml("train", "--modality", name, "--out", tmp_path / "m"), 2)
    assert f"pip install {catalog.plugins()[name].distribution}" in last


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,shifts_13c\n1,20\n", "no column 'smiles'"),
        ("smiles,name\nCCO,x\n", "shifts_13c"),
        ("smiles,shifts_13c\nC1CC,20\n", "no table has a usable measurement"),
        ("smiles,shifts_13c\nCCO,20\n", "too few"),
        ("", "empty"),
    ],
)
def test_bad_tables(acml: Any, tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "t.csv").write_text(content)
    last = one_line(
        acml("train", "--modality", "nmr", "--data", tmp_path / "t.csv", "--out", tmp_path / "m"), 2
    )
    assert message in last
    assert not (tmp_path / "m" / "run.json").exists()


def test_a_diverging_run_is_one_line(acml: Any, train_args: list[str], tmp_path: Path) -> None:
    more = ["lr=1e30", "clip=1e30", "warmup=0.0", "loss.name=acml"]
    settings = [part for item in more for part in ("--set", item)]
    last = one_line(acml("train", *train_args, *settings, "--out", tmp_path / "m"), 1)
    assert "no longer finite" in last
    assert "'lr'" in last
    assert not (tmp_path / "m" / "acml.json").exists()


# ---- the disk is full ---------------------------------------------------------------------------


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file may grow beyond ``size`` bytes: what a write meets on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_train_on_a_full_disk(acml: Any, train_args: list[str], tmp_path: Path) -> None:
    out = tmp_path / "model"
    args = [*train_args]
    args[args.index("--epochs") + 1] = "1"
    with files_up_to(20_000):
        result = acml("train", *args, "--out", out)
    last = one_line(result, 1)
    assert "File too large" in last
    assert "checkpoint.safetensors" in last
    assert {path.name for path in out.iterdir()} == {"run.json", "history.jsonl"}
    assert acml("train", "--resume", out).code == 0  # with space again
    assert (out / "acml.json").exists()


def test_library_on_a_full_disk(
    acml: Any, trained: Path, small_table: Path, tmp_path: Path
) -> None:
    out = tmp_path / "lib"
    with files_up_to(10_000):
        result = acml("library", "build", small_table, "--model", trained, "--out", out)
    last = one_line(result, 1)
    assert str(out) in last
    assert "Free some space" in last
    assert "half built" in one_line(acml("library", "info", out), 1)
    assert acml("library", "build", small_table, "--model", trained, "--out", out).code == 0
    assert acml("library", "info", out).code == 0  # with space again


def test_split_on_a_full_disk(acml: Any, small_table: Path, tmp_path: Path) -> None:
    with files_up_to(2_000):
        result = acml("data", "split", small_table, "--out", tmp_path / "out")
    assert "File too large" in one_line(result, 1)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_no_permission(acml: Any, small_table: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    result = acml("data", "split", small_table, "--out", tmp_path / "out")
    assert "Permission denied" in one_line(result, 1)


def test_out_is_a_file(acml: Any, trained: Path, small_table: Path, tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.write_text("mine")
    for args in (
        ("train", "--modality", "nmr", "--data", small_table),
        ("library", "build", small_table, "--model", trained),
        ("data", "split", small_table),
    ):
        assert str(taken) in one_line(acml(*args, "--out", taken), 1)
    assert taken.read_text() == "mine"


# ---- eval, library, search ----------------------------------------------------------------------


def test_eval_json(acml: Any, trained: Path, small_table: Path, tmp_path: Path) -> None:
    result = acml(
        "eval",
        "retrieval",
        "--model",
        trained,
        "--data",
        small_table,
        "--only",
        "shifts_13c",
        "--json",
        "--out",
        tmp_path / "out",
    )
    assert result.code == 0, result.err
    report = json.loads(result.out)
    assert report["columns"] == ["shifts_13c"]
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == report
    assert "written" in result.err


def test_eval_table(acml: Any, trained: Path, small_table: Path) -> None:
    result = acml("eval", "retrieval", "--model", trained, "--data", small_table)
    assert result.code == 0, result.err
    assert result.out.count("random") == 6
    assert "[" in result.out.splitlines()[2]


def test_library_and_search(
    acml: Any, trained: Path, small_table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lib = tmp_path / "lib"
    assert acml("library", "build", small_table, "--model", trained, "--out", lib).out == f"{lib}\n"
    about = json.loads(acml("library", "info", lib, "--json").out)
    assert list(about["dims"]) == ["nmr"]
    search = ("search", TEXT, "--model", trained, "--library", lib)
    answer = json.loads(acml(*search, "--top", 3, "--json").out)
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2, 3]
    assert answer["query"]["shifts_13c"] == [170.1, 134.5, 128.4, 21.0]
    plain = acml(*search, "--top", 3)
    assert answer["hits"][0]["inchikey"] in plain.out
    molecules = open_records(lib, read_manifest(lib).shards)
    formula = next(one for one in molecules.formulas if one.isalnum())  # no charge
    backwards = "".join(reversed(_parts(formula)))
    some = json.loads(acml(*search, "--formula", backwards, "--json").out)
    assert {hit["formula"] for hit in some["hits"]} == {formula}
    mass = float(molecules.mass[0])
    near = json.loads(acml(*search, "--mass", mass, "--ppm", 1, "--json").out)
    assert near["candidates"] >= 1
    assert "formula C2H2Xe" in one_line(acml(*search, "--formula", "XeC2H2"), 2)
    assert "widen --ppm" in one_line(acml(*search, "--mass", 3.3), 2)
    assert "not a molecular formula" in one_line(acml(*search, "--formula", "c2"), 2)
    assert acml(*search, "--top", 0).code == 2
    (tmp_path / "more.smi").write_text("CCCCCCCCCl\nbad\n")
    more = ("library", "build", "more.smi", "--model", trained, "--out")
    result = acml(*more, lib, "--append")
    assert "1 molecules; 1 rows left out, 0 repeated" in result.err
    assert "rejects" in result.err
    assert acml(*more, "other").code == 0
    assert acml("library", "merge", lib, "other", "--out", "both").out == "both\n"
    told = acml("library", "info", "both").out
    assert f"molecules: {about['molecules'] + 1} in 1 shards" in told
    assert "lib: small.parquet" in told
    assert acml(*more, "third", "--index", "hnsw").code == 2


def _parts(formula: str) -> list[str]:
    import re

    return re.findall(r"[A-Z][a-z]?\d*", formula)


def test_models_and_libraries_that_are_none(
    acml: Any, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "m.smi").write_text("CCO\n")
    library = ("--library", tmp_path / "m.smi")
    assert "no such model" in one_line(acml("search", TEXT, "--model", "none", *library), 1)
    assert "--model DIR" in one_line(acml("search", TEXT, *library), 2)
    with monkeypatch.context() as patch:
        patch.setattr(pretrained, "default", lambda *_: None)
        last = one_line(acml("search", TEXT, "--modality", "smiles", *library), 2)
        assert "acml train --modality smiles" in last
    search = ("search", TEXT, "--model", trained)
    last = one_line(acml(*search, "--modality", "nmrr", *library), 2)
    assert "Did you mean 'nmr'" in last
    assert "no such file" in one_line(acml(*search, "--library", "none.smi"), 2)
    assert "not a library" in one_line(acml(*search, "--library", tmp_path), 1)
    damaged = Path(shutil.copytree(trained, tmp_path / "model"))
    (damaged / "model.safetensors").write_bytes(b"x")
    assert "copy" in one_line(acml("search", TEXT, "--model", damaged, *library), 1)


def test_sources_that_are_none(acml: Any, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "m.smi").write_text("CCO\n")
    (tmp_path / "empty.csv").write_text("")
    for source in ("no numbers here", tmp_path / "empty.csv"):
        one_line(acml("search", source, "--model", trained, "--library", tmp_path / "m.smi"), 2)


def test_split_prints_counts(acml: Any, small_table: Path) -> None:
    result = acml("data", "split", small_table)
    counts = json.loads(result.out)
    assert list(counts) == ["train", "validation", "test"]
    assert sum(side["rows"] for side in counts.values()) == 300
    last = one_line(acml("data", "split", small_table, "--test", 0.7, "--validation", 0.3), 2)
    assert "nothing to train on" in last
