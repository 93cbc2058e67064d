"""Work in chunks over processes; ends at once, and without a word, on Ctrl-C.

Each worker computes with one thread: as many threads each as there are cores, as torch and the linear
algebra libraries have it by default, would fight over the cores that the workers already fill.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from multiprocessing import connection, get_context, parent_process
from typing import Generic, TypeVar

from acml_core.errors import AcmlError

Chunk = TypeVar("Chunk")
Result = TypeVar("Result")

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Variables that the numeric libraries read once, when they are loaded."""


def map_chunks(
    function: Callable[[Chunk], Result],
    chunks: Sequence[Chunk],
    workers: int | None = None,
    *,
    ordered: bool = True,
) -> Generator[Result, None, None]:
    """``function`` of each chunk, in order, or each as soon as it is there.

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
    with closing(begin(function, chunks, workers, ordered=ordered)) as begun:
        yield from begun


def begin(
    function: Callable[[Chunk], Result],
    chunks: Sequence[Chunk],
    workers: int | None = None,
    *,
    ordered: bool = True,
) -> Begun[Result]:
    """``map_chunks`` by worker processes that start at once; close what is not iterated to its end."""
    # spawn: forking a process in which torch runs threads can deadlock
    pool = ProcessPoolExecutor(
        min(workers or cores(), len(chunks)),
        mp_context=get_context("spawn"),
        initializer=_start,
    )
    results: Iterator[Result]
    with _interrupts_wait():
        if ordered:
            results = pool.map(function, chunks)
        else:
            futures = as_completed([pool.submit(function, chunk) for chunk in chunks])
            results = (one.result() for one in futures)
    return Begun(pool, results)


class Begun(Generic[Result]):
    """Results of work that was begun; to be iterated once.

    Args:
        pool: that works.
        results: as they come.
    """

    def __init__(self, pool: ProcessPoolExecutor, results: Iterator[Result]) -> None:
        self._pool = pool
        self._results = results

    def __iter__(self) -> Iterator[Result]:
        """The results.

        Raises:
            AcmlError: the worker processes died.
        """
        try:
            yield from self._results
        except BrokenProcessPool:
            raise AcmlError(
                "the worker processes died",
                remedy="If memory ran out, use fewer workers; in a script of your own, call this under "
                'if __name__ == "__main__".',
            ) from None

    def close(self) -> None:
        """End the workers, and what is still to be done."""
        self._pool.shutdown(cancel_futures=True)


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
    """A worker's first acts: one thread; Ctrl-C, or its parent's end, ends it without a word."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ |= dict.fromkeys(THREADS, "1")
    torch = sys.modules.get("torch")  # loaded already where the parent's script imports it
    if torch is not None:
        torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _end_with_parent() -> None:
    """A killed parent tells nobody, and its workers would wait for their next chunk for ever."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
