"""Work over processes, when the process that asked for it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

WAITING = """
import time
from acml_core.parallel import map_chunks

if __name__ == "__main__":
    list(map_chunks(time.sleep, [600, 600, 600], 2))
"""
PATIENCE_S = 120


def workers(pid: int) -> set[int]:
    """Processes that a process started to work for it."""
    found = set()
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, file.read_text().split()):
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.add(child)
    return found


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for processes in /proc")
def test_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    script = tmp_path / "waiting.py"
    script.write_text(WAITING)
    parent = subprocess.Popen([sys.executable, str(script)])
    until = time.monotonic() + PATIENCE_S
    while len(found := workers(parent.pid)) < 2 and time.monotonic() < until:
        time.sleep(0.1)
    assert len(found) == 2
    time.sleep(2)  # they are importing, or asleep already: both must end
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    while (left := {one for one in found if Path(f"/proc/{one}").exists()}) and (
        time.monotonic() < until
    ):
        time.sleep(0.1)
    for one in left:
        os.kill(one, signal.SIGKILL)
    assert not left
