"""Standard tests of ``collate``: batch axis, determinism, and no trace left in its input."""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence

import numpy as np
import torch

from acml_core.modality import Modality, Signal
from acml_core.testing.preparing import assert_same
from acml_core.testing.samples import Samples

SEED = 20
"""Of torch's generator, wherever the same augmentation is wanted twice."""


class CollatingTests(Samples):
    """Batches of prepared signals."""

    def test_collate_gives_tensors_of_batch_length(
        self, plugin: Modality, signals: list[Signal]
    ) -> None:
        """Tensors by name, each with the batch axis first, for one signal and for many."""
        items = [plugin.prepare(signal) for signal in signals]
        for rows in (items[:1], items):
            for train in (False, True):
                batch = plugin.collate(rows, train=train)
                assert batch, "collate gives no tensor"
                for name, value in batch.items():
                    assert isinstance(value, torch.Tensor), f"{name} is {type(value).__name__}"
                    assert len(value) == len(rows), f"{name}: {len(value)} for {len(rows)} signals"

    def test_collate_is_deterministic(self, plugin: Modality, signals: list[Signal]) -> None:
        """Without ``train`` nothing is random."""
        items = [plugin.prepare(signal) for signal in signals]
        batches = [_collate(plugin, items, seed, train=False) for seed in range(3)]
        for batch in batches[1:]:
            assert_equal_batches(batch, batches[0], "collate(train=False) is random")

    def test_augmentation_follows_torch_seed(self, plugin: Modality, signals: list[Signal]) -> None:
        """With ``train``, torch's default generator is the only source of randomness."""
        items = [plugin.prepare(signal) for signal in signals]
        expected = _collate(plugin, items, 0, train=True)
        for other in (1, 2):
            batch = _collate(plugin, items, other, train=True)
            assert_equal_batches(
                batch, expected, "augmentation draws from another generator than torch's"
            )

    def test_collate_leaves_its_items(self, plugin: Modality, signals: list[Signal]) -> None:
        """Prepared signals are kept for the whole training: augmentation must not change them."""
        items = [plugin.prepare(signal) for signal in signals]
        before = copy.deepcopy(items)
        batch = plugin.augment(plugin.collate(items, train=True))
        for value in batch.values():
            value.zero_()  # a tensor that shares an item's memory would pass this on
        for item, expected in zip(items, before, strict=True):
            assert_same(item, expected, "after it was collated")


def _collate(
    plugin: Modality, items: Sequence[dict[str, np.ndarray]], other: int, *, train: bool
) -> dict[str, torch.Tensor]:
    """A batch, in training an augmented one.

    Torch's generator is as always then, and the others at another state.
    """
    random.seed(other)
    np.random.seed(other)  # noqa: NPY002  what careless code would draw from
    torch.manual_seed(SEED if train else other)
    batch = plugin.collate(items, train=train)
    return plugin.augment(batch) if train else batch


def assert_equal_batches(
    batch: dict[str, torch.Tensor], expected: dict[str, torch.Tensor], otherwise: str
) -> None:
    """Fail unless two batches are the same, bit by bit."""
    assert set(batch) == set(expected), otherwise
    for name, value in batch.items():
        assert torch.equal(value, expected[name]), f"{name}: {otherwise}"
