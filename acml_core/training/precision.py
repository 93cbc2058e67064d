"""Choosing the precision of matrix products by measuring, since it helps on some machines only."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from functools import cache

import torch

TRIAL_SIZE = (2048, 256, 256)
"""Rows, inner and outer width of the trial product: those of one layer over one batch."""
TRIALS = 5
GAIN = 1.2
"""bfloat16 must be this much faster to be chosen: it also costs casts and digits."""


@cache
def faster(device: str) -> str:
    """``"bfloat16"`` or ``"float32"``, whichever multiplies matrices faster on the device.

    CPUs without bfloat16 instructions emulate them tens of times slower, so asking beats assuming.
    """
    seconds = {}
    n, k, m = TRIAL_SIZE
    for dtype in (torch.float32, torch.bfloat16):
        a = torch.randn(n, k, device=device).to(dtype)
        b = torch.randn(k, m, device=device).to(dtype)
        a @ b
        best = float("inf")
        for _ in range(TRIALS):
            _wait(device)
            start = time.perf_counter()
            a @ b
            _wait(device)
            best = min(best, time.perf_counter() - start)
        seconds[dtype] = best
    return "bfloat16" if seconds[torch.bfloat16] * GAIN < seconds[torch.float32] else "float32"


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """The context in which a training step runs."""
    chosen = faster(device.type) if precision == "auto" else precision
    if chosen == "bfloat16":
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
