"""Work that is shared out is done once, and torch's threads are afterwards what they were."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from acml_core.threads import Threads, one_thread


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("items", [0, 1, 3, 7])
def test_each_item_once(count: int, items: int) -> None:
    before = torch.get_num_threads()
    done: list[int] = []
    inside: set[int] = set()

    def work(share: Sequence[int]) -> None:
        inside.add(torch.get_num_threads())
        done.extend(share)

    with Threads(count) as threads:
        threads.run(work, list(range(items)))
        threads.run(work, list(range(items)))
    assert sorted(done) == sorted(2 * list(range(items)))
    assert count == 1 or inside <= {1}
    assert torch.get_num_threads() == before


def test_a_thread_that_starts_late_computes_with_one_too() -> None:
    """It starts while the caller already sets torch's threads back; before, one run in 70 had two."""
    inside: set[int] = set()
    for _ in range(300):
        with Threads(3) as threads:
            for _ in range(2):
                threads.run(lambda _: inside.add(torch.get_num_threads()), list(range(7)))
    assert inside == {1}


def test_one_thread() -> None:
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
