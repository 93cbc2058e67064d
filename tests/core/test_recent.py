"""Results that are kept for the last keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from acml_core.recent import Recent


def test_new_ones_are_made_together_and_each_once() -> None:
    recent: Recent[str, str] = Recent(3)
    made: list[list[str]] = []

    def ask(*keys: str) -> list[str]:
        return recent.of(keys, upper(keys))

    def upper(keys: Sequence[str]) -> Callable[[Sequence[int]], list[str]]:
        def make(new: Sequence[int]) -> list[str]:
            made.append(sorted(keys[number] for number in new))
            return [keys[number].upper() for number in new]

        return make

    assert ask("a", "b", "a") == ["A", "B", "A"]
    assert ask("b", "c", "a") == ["B", "C", "A"]
    assert made == [["a", "b"], ["c"]]
    assert ask("b", "d") == ["B", "D"]  # c was asked of longest ago, and goes
    assert ask("a", "b", "d") == ["A", "B", "D"]
    assert made[2:] == [["d"]]
    assert ask("c", "a") == ["C", "A"]
    assert made[3:] == [["c"]]


def test_more_than_are_kept() -> None:
    recent: Recent[int, int] = Recent(2)
    keys = list(range(9))
    assert recent.of(keys, lambda new: [-keys[number] for number in new]) == [-n for n in keys]
    assert len(recent) == 2
    assert recent.of([], lambda _: []) == []
