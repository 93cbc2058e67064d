"""From SMILES to packed graphs: order, rejects, duplicates, processes, cache."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from acml_core.graphs import build as module
from acml_core.graphs.build import CHUNK, PARALLEL_FROM, build, cached
from acml_core.graphs.packed import PackedGraphs
from acml_core.molecule import canonicalise
from acml_core.rejects import read_csv, write_csv

ROWS = ["CCO", "not a SMILES", "c1ccccc1", "OCC", "", "C(C", "C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"]


def alkanols(count: int) -> list[str]:
    """Different SMILES, quickly made: chains of up to 60 carbon atoms about an O, S or N."""
    chains = ["C" * n for n in range(1, 61)]
    every = [f"{left}{mid}{right}" for mid in "OSN" for left in chains for right in chains]
    return every[:count]


def same(a: PackedGraphs, b: PackedGraphs) -> bool:
    return a.molecules.equals(b.molecules) and all(
        torch.equal(getattr(a, name), getattr(b, name))
        for name in ("atoms", "bonds", "bond_features", "atom_offsets", "bond_offsets")
    )


def test_rows_rejects_and_duplicates() -> None:
    graphs, rows, rejects = build(ROWS)
    assert rows.dtype == np.int64
    assert rows.tolist() == [0, -1, 1, 0, -1, -1, 2, 2]
    assert graphs.smiles.tolist() == ["CCO", "c1ccccc1", "C[C@H](N)C(=O)O"]
    assert [reject.row for reject in rejects] == [2, 5, 6]
    assert [reject.value for reject in rejects] == ["not a SMILES", "", "C(C"]
    assert "empty" in rejects[1].reason
    assert all("\n" not in reject.reason for reject in rejects)


def test_duplicates_are_kept_when_asked() -> None:
    graphs, rows, _ = build(ROWS, dedupe=False)
    assert rows.tolist() == [0, -1, 1, 2, -1, -1, 3, 4]
    assert graphs.keys[0] == graphs.keys[2] == canonicalise("CCO").key


def test_any_iterable_and_nothing() -> None:
    assert build(iter(["C", "CC"])).rows.tolist() == [0, 1]
    graphs, rows, rejects = build([])
    assert (len(graphs), rows.shape, rejects) == (0, (0,), [])


def test_a_row_that_is_no_text_is_rejected() -> None:
    graphs, rows, rejects = build(["C", None, 3.0])  # type: ignore[list-item]
    assert rows.tolist() == [0, -1, -1]
    assert [reject.value for reject in rejects] == ["None", "3.0"]
    assert len(graphs) == 1


@pytest.mark.parametrize("size", [CHUNK - 1, CHUNK, CHUNK + 1])
def test_chunks_keep_the_order(size: int) -> None:
    smiles = alkanols(size)
    smiles[CHUNK // 2] = "bad"
    graphs, rows, rejects = build(smiles, workers=1, dedupe=False)
    assert rows.tolist() == [*range(CHUNK // 2), -1, *range(CHUNK // 2, size - 1)]
    assert graphs.smiles[-1] == canonicalise(smiles[-1]).smiles
    assert rejects[0].row == CHUNK // 2 + 1


def test_a_repeated_text_is_made_once() -> None:
    repeated = ["CCO", "bad", "CCO", "C", "bad"]
    graphs, rows, rejects = build(repeated)
    assert list(graphs.smiles) == ["CCO", "C"]
    assert rows.tolist() == [0, -1, 0, 1, -1]
    assert [reject.row for reject in rejects] == [2, 5]


@pytest.mark.slow
def test_processes_give_the_same(capfd: pytest.CaptureFixture[str]) -> None:
    smiles = alkanols(PARALLEL_FROM + 1)
    smiles[7] = "bad"
    alone = build(smiles, workers=1, progress=False)
    assert capfd.readouterr() == ("", "")
    together = build(smiles, workers=2)
    assert same(alone.graphs, together.graphs)
    assert alone.rows.tolist() == together.rows.tolist()
    assert alone.rejects == together.rejects
    out, err = capfd.readouterr()
    assert out == ""
    assert "graphs" in err


SCRIPT = """
import os, sys
from pathlib import Path

FOLDER = Path(sys.argv[1])
if __name__ == "__mp_main__":  # a worker, which runs this file before anything else
    (FOLDER / f"starting-{os.getpid()}").touch()

from acml_core.graphs import build, worker

if __name__ == "__mp_main__":
    make_chunk = worker.make_chunk

    def marked(chunk):
        (FOLDER / f"working-{os.getpid()}").touch()
        return make_chunk(chunk)

    worker.make_chunk = marked

if __name__ == "__main__":
    try:
        every = [f"{'C' * (n % 197 + 1)}{'[13C]' * (n // 197 % 9)}N" for n in range(1773)]
        long = [one + "O" * n for one in every for n in range(1, 50)]
        build.build(long, workers=2, progress=False)
    except KeyboardInterrupt:
        raise SystemExit(130)
"""

PATIENCE = 120.0
"""Seconds after which something hangs; a busy machine is slow, so nothing is timed."""


def wait_until(happened: Callable[[], object]) -> bool:
    """Whether it happened, sooner or later."""
    end = time.monotonic() + PATIENCE
    while not happened() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(happened())


def ended(group: int) -> bool:
    """Whether no process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="process groups are POSIX")
@pytest.mark.parametrize("when", ["starting", "working"])
def test_ctrl_c_ends_the_workers(tmp_path: Path, when: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert wait_until(lambda: list(tmp_path.glob(f"{when}-*")) or process.poll() is not None)
        assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 130, err
        assert "Traceback" not in err
        assert wait_until(lambda: ended(process.pid)), "a worker outlived its parent"
    finally:
        if not ended(process.pid):
            os.killpg(process.pid, signal.SIGKILL)


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def no_build(*_: object, **__: object) -> None:
    raise AssertionError("built again")


def test_cache_hit_does_not_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = cached(ROWS, cache_dir=tmp_path)
    before = contents(tmp_path)
    monkeypatch.setattr(module, "build", no_build)
    second = cached(ROWS, cache_dir=tmp_path)
    assert contents(tmp_path) == before
    assert same(first.graphs, second.graphs)
    assert first.rows.tolist() == second.rows.tolist()
    assert first.rejects == second.rejects


def test_cache_depends_on_the_input_and_the_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached(["CC", "C"], cache_dir=tmp_path)
    cached(["C", "CC"], cache_dir=tmp_path)
    cached(["CCC"], cache_dir=tmp_path)
    cached(["C", "CC"], cache_dir=tmp_path)
    assert len(list((tmp_path / "graphs").iterdir())) == 3
    monkeypatch.setattr(module, "fingerprint", lambda: "another")
    cached(["CCC"], cache_dir=tmp_path)
    assert len(list((tmp_path / "graphs").iterdir())) == 4


def test_default_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACML_CACHE", str(tmp_path / "here"))
    cached(["C"])
    assert (tmp_path / "here" / "graphs").is_dir()


@pytest.mark.parametrize("name", ["graphs/atoms.npy", "graphs/meta.json", "rows.npy"])
def test_damaged_entry_is_built_again(tmp_path: Path, name: str) -> None:
    first = cached(ROWS, cache_dir=tmp_path)
    before = contents(tmp_path)
    (damaged,) = tmp_path.glob(f"graphs/*/{name}")
    os.replace(damaged, tmp_path / "aside")  # the open map of `first` keeps its file
    damaged.write_bytes((tmp_path / "aside").read_bytes()[:-3])
    (tmp_path / "aside").unlink()
    second = cached(ROWS, cache_dir=tmp_path)
    assert same(first.graphs, second.graphs)
    assert contents(tmp_path) == before


def test_builders_of_one_entry_do_not_disturb_each_other(tmp_path: Path) -> None:
    smiles = alkanols(300)
    barrier = threading.Barrier(4)
    results: list = []

    def work() -> None:
        barrier.wait()
        results.append(cached(smiles, cache_dir=tmp_path))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert all(same(results[0].graphs, result.graphs) for result in results)
    assert len(list((tmp_path / "graphs").iterdir())) == 1  # and no part is left


def test_a_cache_that_cannot_be_written_is_no_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "graphs").write_text("in the way")
    graphs, _, _ = cached(["CCO"], cache_dir=tmp_path)
    assert graphs.smiles.tolist() == ["CCO"]
    assert "could not be cached" in capsys.readouterr().err


def test_rejects_file(tmp_path: Path) -> None:
    rejects = build(["a,b", '"', "new\nline", "é"]).rejects
    write_csv(rejects, tmp_path / "rejects.csv")
    assert read_csv(tmp_path / "rejects.csv") == rejects
    assert (tmp_path / "rejects.csv").read_text().splitlines()[0] == "row,value,reason"
    assert [path.name for path in tmp_path.iterdir()] == ["rejects.csv"]
