"""Many signals are prepared as one is, also by worker processes."""

from __future__ import annotations

import numpy as np
import pytest
from acml_plugin_nmr.modality import Nmr

from acml_core.data import preparing


@pytest.mark.parametrize("worth", [1e9, 0.0])
def test_in_order_and_as_one(worth: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "WORTH_SECONDS", worth)
    monkeypatch.setattr(preparing, "FIRST", 3)
    monkeypatch.setattr(preparing, "CHUNK", 2)
    plugin = Nmr()
    signals = [next(iter(plugin.read(f"13C NMR 20.{n}, 1{n}0.5"))) for n in range(1, 10)]
    found = preparing.prepare_all(plugin, signals)
    assert len(found) == 9
    for item, signal in zip(found, signals, strict=True):
        one = plugin.prepare(signal)
        assert item.keys() == one.keys()
        assert all(np.array_equal(item[key], one[key], equal_nan=True) for key in one)
