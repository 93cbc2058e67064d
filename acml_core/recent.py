"""For authors of plugins: results that are kept for the last keys that were asked of.

A second opinion meets the same candidates for measurement after measurement. ``functools.lru_cache``
makes results one by one of a hashable argument; here new ones are made together, of more than their
keys.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """Values of the ``most`` keys that were asked of last."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._kept: dict[Key, Value] = {}  # in the order in which they were asked of
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def of(
        self, keys: Sequence[Key], make: Callable[[Sequence[int]], Iterable[Value]]
    ) -> list[Value]:
        """The keys' values, which are not to be written to.

        Args:
            make: the values of some places in ``keys``, in order: of those that are not kept, each
                key once.
        """
        place = {key: number for number, key in enumerate(keys)}
        with self._lock:
            found = {key: self._kept[key] for key in place if key in self._kept}
        new = [number for key, number in place.items() if key not in found]
        if new:
            found |= {keys[n]: one for n, one in zip(new, make(new), strict=True)}
        with self._lock:
            for key in place:
                self._kept.pop(key, None)
            self._kept |= {key: found[key] for key in place}
            for key in list(self._kept)[: max(0, len(self._kept) - self.most)]:
                del self._kept[key]
        return [found[key] for key in keys]
