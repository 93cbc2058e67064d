"""Work in chunks over processes, in order; ends at once, and without a word, on Ctrl-C."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TypeVar

from acml_core.errors import AcmlError

Chunk = TypeVar("Chunk")
Result = TypeVar("Result")


def map_chunks(
    function: Callable[[Chunk], Result], chunks: Sequence[Chunk], workers: int | None = None
) -> Generator[Result, None, None]:
    """``function`` of each chunk, in order.

    Args:
        function: defined at the top of a module, since worker processes import it.
        workers: processes; by default as many as this process may use cores. With one, or for one
            chunk, everything happens in this process. Workers are spawned, so a script that calls
            this needs the ``if __name__ == "__main__"`` guard.

    Raises:
        AcmlError: the worker processes died.
    """
    workers = min(workers or cores(), len(chunks))
    if workers <= 1:
        yield from map(function, chunks)
        return
    # spawn: forking a process in which torch runs threads can deadlock
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start)
    try:
        with _interrupts_wait():
            results = pool.map(function, chunks)
        yield from results
    except BrokenProcessPool:
        raise AcmlError(
            "the worker processes died",
            remedy="If memory ran out, use fewer workers; in a script of your own, call this under "
            'if __name__ == "__main__".',
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Hold Ctrl-C back until the end of the block, and in processes started in it until ``_start``.

    The terminal sends Ctrl-C to every process; a worker that is still importing would answer with a
    traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start() -> None:
    """A worker's first act: from now on, Ctrl-C ends it without a word."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
