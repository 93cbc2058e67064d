"""Learning rate over a run: linear warm-up, then half a cosine to zero."""

from __future__ import annotations

import math
import time


def factor(progress: float, warmup: float) -> float:
    """Share of the highest learning rate at ``progress`` in [0, 1] of the run."""
    if progress < warmup:
        return progress / warmup
    done = (progress - warmup) / (1 - warmup)
    return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


class Clock:
    """How far a run is: by steps, or by time where a limit is set, whichever is further.

    Args:
        total_steps: steps of the whole run.
        max_seconds: time limit [s], or None.
        elapsed: time that the run has used already, before it was interrupted or before its first
            step [s].
        before: of the time, what passed before the first step [s]: pretraining, preparing. It counts
            against the limit, but the way from 0 to 1 is that of the steps, so that a learning rate
            warms up whenever they begin.
    """

    def __init__(
        self,
        total_steps: int,
        max_seconds: float | None,
        elapsed: float = 0.0,
        before: float = 0.0,
    ) -> None:
        self.total_steps = total_steps
        self.max_seconds = max_seconds
        self.before = before
        self._before = elapsed
        self._start = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Time used so far, interrupted parts included [s]."""
        return self._before + time.monotonic() - self._start

    def progress(self, step: int) -> float:
        """In [0, 1]; 1 means that the run is over."""
        by_steps = step / self.total_steps
        if self.max_seconds is None:
            return min(1.0, by_steps)
        left = self.max_seconds - self.before
        by_time = (self.elapsed - self.before) / left if left > 0 else 1.0
        return min(1.0, max(by_steps, by_time))
