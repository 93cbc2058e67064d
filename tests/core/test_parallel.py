"""Workers compute with one thread each, whether torch is loaded before or after they start."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from acml_core.parallel import THREADS, map_chunks


def threads(number: int) -> tuple[int, int]:
    """The chunk's number and the threads that torch would use for it."""
    import torch

    return number, torch.get_num_threads()


def test_workers_have_one_thread_each(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in THREADS:
        monkeypatch.setenv(name, "2")
    assert list(map_chunks(threads, range(4), workers=2)) == [(n, 1) for n in range(4)]
    assert os.environ["OMP_NUM_THREADS"] == "2", "the parent keeps its own"


def wait(seconds: float) -> float:
    """The slowest chunk is the first."""
    time.sleep(seconds)
    return seconds


def test_results_come_in_order_or_as_they_are_there() -> None:
    chunks = [3.0, 0.0, 0.1]
    assert list(map_chunks(wait, chunks, workers=2)) == chunks
    assert list(map_chunks(wait, chunks, workers=2, ordered=False))[-1] == 3.0


SCRIPT = """
import torch
from acml_core.parallel import map_chunks

def threads(number):
    return torch.get_num_threads()

if __name__ == "__main__":
    torch.set_num_threads(2)
    print(torch.get_num_threads(), *map_chunks(threads, range(2), workers=2))
"""


def test_a_script_that_imports_torch_has_workers_of_one_thread(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script)],
        env=os.environ | dict.fromkeys(THREADS, "2"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["2", "1", "1"]


def test_with_one_worker_everything_happens_here() -> None:
    assert list(map_chunks(_pid, range(3), workers=1)) == [os.getpid()] * 3


def _pid(_: int) -> int:
    return os.getpid()
