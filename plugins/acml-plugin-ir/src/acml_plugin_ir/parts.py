"""The bands of an infrared spectrum, one by one: what an explanation leaves out.

Of a band list they are its entries. A curve is cut where it is lowest between neighbouring maxima,
and where it has fallen to a small share of its maximum; leaving a band out sets the curve to its
baseline there. Both happen on the grid and after the baseline correction that ``prepare`` makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from scipy.signal import find_peaks

from acml_core.modality import Part
from acml_plugin_ir.prepare import prepare
from acml_plugin_ir.signal import IrSignal

PROMINENCE = 0.03
"""Least rise of a maximum above the higher of the valleys beside it, of the highest point."""

FOOT = 0.05
"""A band ends where the curve has fallen to this share of its maximum."""

MOST_PARTS = 40
"""Bands of a curve; the least prominent are left out beyond that."""

ALMOST_ZERO = 1e-9
"""In place of zeros, which at the ends of a curve would mean "not measured"."""


class Band(NamedTuple):
    """Points ``start`` to ``stop`` (not included) of the grid, the maximum at ``top``."""

    start: int
    stop: int
    top: int


def parts(signal: IrSignal, config: Any) -> list[Part]:
    """The bands, rising in wavenumber [cm-1] for a curve, in the list's order for a list."""
    if not _is_curve(signal):
        return [Part(f"{at:.0f} cm-1", at, at) for at in signal.bands]
    grid = config.grid()
    curve = prepare(signal, config)["absorbance"]
    return [
        Part(f"{grid[one.top]:.0f} cm-1", float(grid[one.start]), float(grid[one.stop - 1]))
        for one in bands(curve)
    ]


def without(signal: IrSignal, left_out: Sequence[int], config: Any) -> IrSignal:
    """The spectrum less some of its bands; of a curve, on the grid of ``config``."""
    gone = set(left_out)
    if not gone:
        return signal
    values = dict(signal)
    if not _is_curve(signal):
        kept = [number for number in range(len(signal.bands)) if number not in gone]
        values["bands"] = tuple(signal.bands[number] for number in kept)
        if signal.strengths:
            values["strengths"] = tuple(signal.strengths[number] for number in kept)
        return IrSignal(**values)
    made = prepare(signal, config)
    curve = made["absorbance"].astype(np.float64)
    for number, one in enumerate(bands(made["absorbance"])):
        if number in gone:
            curve[one.start : one.stop] = 0.0
    curve = np.where(made["measured"] > 0, np.maximum(curve, ALMOST_ZERO), np.nan)
    values |= {"wavenumber": tuple(config.grid().tolist()), "transmittance": ()}
    values |= {"lines": (), "intensities": ()}  # they would bring the bands back
    values["absorbance"] = tuple(curve.tolist())
    return IrSignal(**values)


def bands(curve: np.ndarray) -> list[Band]:
    """Bands of a corrected curve ``(G,)``, rising; they do not overlap."""
    padded = np.concatenate([[0.0], curve, [0.0]])  # a maximum may stand at an end
    tops, about = find_peaks(padded, prominence=PROMINENCE * max(float(curve.max()), 1e-12))
    strongest = np.sort(np.argsort(-about["prominences"], kind="stable")[:MOST_PARTS])
    tops = tops[strongest] - 1
    cuts = [0, *(a + int(curve[a:b].argmin()) for a, b in pairwise(tops))]
    cuts.append(len(curve))
    found = []
    for top, (low, high) in zip(tops, pairwise(cuts), strict=True):
        start, stop = int(top), int(top) + 1
        foot = FOOT * curve[top]
        while start > low and curve[start - 1] > foot:
            start -= 1
        while stop < high and curve[stop] > foot:
            stop += 1
        found.append(Band(start, stop, int(top)))
    return found


def _is_curve(signal: IrSignal) -> bool:
    return bool(signal.absorbance or signal.transmittance or signal.lines)
