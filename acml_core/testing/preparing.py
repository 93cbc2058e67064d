"""Standard tests of ``prepare``: pure, deterministic, and blind to everything but the measurement."""

from __future__ import annotations

import copy
import random

import numpy as np
import torch

from acml_core.modality import Modality, Signal
from acml_core.testing.samples import Samples, make

REPEATS = 3
"""Times that a signal is prepared, under different states of every random generator."""


class PreparingTests(Samples):
    """What ``prepare`` gives, and what it may look at."""

    def test_prepare_gives_finite_arrays(self, plugin: Modality, signals: list[Signal]) -> None:
        """Numpy arrays by name, the same names for every signal, no NaN and no infinity."""
        names = set(plugin.prepare(signals[0]))
        assert names, "prepare gives no array"
        for signal in signals:
            item = plugin.prepare(signal)
            assert set(item) == names, f"other names than for the first signal: {set(item)}"
            for name, array in item.items():
                assert isinstance(array, np.ndarray), f"{name} is {type(array).__name__}"
                assert array.dtype.kind in "biuf", f"{name} has dtype {array.dtype}"
                assert np.isfinite(array).all(), f"{name} is not finite for {signal.origin}"

    def test_prepare_has_no_batch_axis(self, plugin: Modality, signals: list[Signal]) -> None:
        """``collate`` adds the batch axis: its tensors have more axes than ``prepare``'s arrays."""
        item = plugin.prepare(signals[0])
        batch = plugin.collate([item, item], train=False)
        for name in set(item) & set(batch):
            assert batch[name].ndim > item[name].ndim, (
                f"{name}: {item[name].shape} from prepare, {tuple(batch[name].shape)} from collate"
            )

    def test_prepare_is_deterministic(self, plugin: Modality, signals: list[Signal]) -> None:
        """The same signal gives the same arrays, in another instance and at any random state."""
        for signal in signals:
            expected = plugin.prepare(signal)
            for seed in range(REPEATS):
                random.seed(seed)
                np.random.seed(seed)  # noqa: NPY002  what careless code would draw from
                torch.manual_seed(seed)
                assert_same(make(type(self)).prepare(signal), expected, "prepared again")

    def test_prepare_ignores_smiles_and_origin(
        self, plugin: Modality, signals: list[Signal]
    ) -> None:
        """The structure must not leak into what the encoder sees."""
        for signal in signals:
            expected = plugin.prepare(signal.model_copy(update={"smiles": "", "origin": ""}))
            for smiles, origin in (("CCO", "a.txt:1"), ("c1ccc2ccccc2c1", "elsewhere.csv:2077")):
                other = signal.model_copy(update={"smiles": smiles, "origin": origin})
                assert_same(plugin.prepare(other), expected, f"with smiles={smiles!r}")

    def test_prepare_leaves_the_signal(self, plugin: Modality, signals: list[Signal]) -> None:
        """Preparing a signal does not change it."""
        for signal in signals:
            before = copy.deepcopy(signal)
            plugin.prepare(signal)
            assert signal == before


def assert_same(item: dict[str, np.ndarray], expected: dict[str, np.ndarray], when: str) -> None:
    """Fail unless two prepared signals are the same, bit by bit."""
    assert set(item) == set(expected), f"other names when {when}"
    for name, array in item.items():
        assert array.dtype == expected[name].dtype, f"{name}: other dtype when {when}"
        assert np.array_equal(array, expected[name]), f"{name}: other values when {when}"
