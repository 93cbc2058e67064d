"""Many small tensor operations without torch's own threads.

Torch's threads meet after each operation. Where something else keeps a core busy, hundreds of small
operations then wait many times as long as they work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

Item = TypeVar("Item")


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch computes with one thread inside the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Threads:
    """Python threads that share work out; each computes with one thread and waits for no other.

    Args:
        count: of threads; one works in the caller's, as torch has it.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.before = torch.get_num_threads()

    def __enter__(self) -> Threads:
        if self.count > 1:
            self.pool = ThreadPoolExecutor(self.count)
        return self

    def __exit__(self, *_: object) -> None:
        if self.count > 1:
            self.pool.shutdown()

    def run(self, function: Callable[[Sequence[Item]], None], work: Sequence[Item]) -> None:
        """The function with equal shares of the work."""
        if self.count == 1:
            function(work)
            return

        def alone(share: Sequence[Item]) -> None:
            # Not once a thread: torch takes over what was last set anywhere when a thread first asks.
            torch.set_num_threads(1)
            function(share)

        share = max(1, -(-len(work) // self.count))
        try:
            list(self.pool.map(alone, [work[i : i + share] for i in range(0, len(work), share)]))
        finally:
            torch.set_num_threads(self.before)  # the shares' 1 counts for new threads too
