"""The peaks of a mass spectrum, one by one: what an explanation leaves out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acml_core.modality import Part
from acml_plugin_ms.prepare import UNIT_MASS_DEFECT
from acml_plugin_ms.signal import MsSignal

MOST_PARTS = 60
"""Strongest peaks that are left out one by one; weaker ones stay. Hundreds cannot be read."""


def parts(signal: MsSignal) -> list[Part]:
    """The strongest peaks, rising in m/z [Th]."""
    mz = np.array(signal.mz)
    unit = bool(len(mz)) and np.abs(mz - np.round(mz)).max() < UNIT_MASS_DEFECT
    decimals = 0 if unit else 4
    return [
        Part(f"m/z {mz[place]:.{decimals}f}", float(mz[place]), float(mz[place]))
        for place in _places(signal)
    ]


def without(signal: MsSignal, left_out: Sequence[int]) -> MsSignal:
    """The spectrum less some of its peaks. Intensities count relative to the strongest one left."""
    places = _places(signal)
    gone = {int(places[number]) for number in left_out}
    kept = [place for place in range(len(signal.mz)) if place not in gone]
    values = dict(signal)
    values["mz"] = tuple(signal.mz[place] for place in kept)
    values["intensity"] = tuple(signal.intensity[place] for place in kept)
    return MsSignal(**values)


def _places(signal: MsSignal) -> np.ndarray:
    """Places of the strongest peaks in the lists, rising."""
    order = np.argsort(-np.array(signal.intensity), kind="stable")
    return np.sort(order[:MOST_PARTS])
