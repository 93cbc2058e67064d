"""Freed blocks of many sizes go back to the system."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
import torch
from acml_core.memory import give_back_free_memory

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

if sys.argv[1] == "set":
    assert give_back_free_memory()
block = torch.empty(33_000_000, dtype=torch.uint8).fill_(1)  # from a freed one, glibc learns its size
del block
before = resident()
kept = []
for size in range(24):
    large = torch.empty(32_700_000 + (size << 10), dtype=torch.uint8).fill_(1)
    kept.append((large, torch.empty(100_000, dtype=torch.uint8).fill_(1)))
kept = [small for _, small in kept]  # the small ones lie between, and hold the heap open
print(resident() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator")
def test_free_memory_goes_back() -> None:
    grown = {
        how: int(subprocess.check_output([sys.executable, "-c", PROGRAM, how], timeout=120))
        for how in ("set", "unset")
    }
    assert grown["set"] < 100 << 20
    assert grown["unset"] > 2 * grown["set"]
