"""Profile spectra (every point of the detector's trace): how to tell them, and their centroids."""

from __future__ import annotations

import numpy as np

FEWEST = 40
"""Fewer points than this are not looked at: a peak list."""

WIDEST_GAP = 0.2
"""A profile's points lie nearer than this to one another, in the median [Th]."""

MAXIMA_SHARE = 0.25
"""A profile has fewer local maxima a point than this; a list of unrelated peaks has a third."""

NOISE_SHARE = 0.002
"""Centroids below this share of the highest are noise."""


def is_profile(mz: np.ndarray, intensity: np.ndarray) -> bool:
    """Whether the points trace out peaks of several points each."""
    if len(mz) < FEWEST:
        return False
    order = np.argsort(mz, kind="stable")
    gaps = np.diff(mz[order])
    if np.median(gaps) > WIDEST_GAP:
        return False
    trace = intensity[order]
    inner = trace[1:-1]
    maxima = (inner > trace[:-2]) & (inner >= trace[2:])
    filled = int((trace > 0).sum())
    return bool(maxima.sum() < MAXIMA_SHARE * max(filled, 1))


def centroid(mz: np.ndarray, intensity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Peaks of a profile: the intensity-weighted mean m/z between two minima, the apex's height.

    Negative points, from a subtracted baseline, count as zero. Splits at every local minimum.

    Returns:
        m/z [Th] and intensity, rising in m/z; empty where nothing rises above zero.
    """
    order = np.argsort(mz, kind="stable")
    x, y = mz[order], np.clip(intensity[order], 0, None)
    if not len(y) or y.max() <= 0:
        return np.empty(0), np.empty(0)
    padded = np.concatenate([[0.0], y, [0.0]])
    change = np.sign(np.diff(padded))
    # plateaus take the direction that led to them, so that each peak has one apex
    nonzero = np.where(change != 0, np.arange(len(change)), 0)
    change = change[np.maximum.accumulate(nonzero)]
    bottoms = np.flatnonzero((change[:-1] <= 0) & (change[1:] > 0))
    starts = np.unique(np.concatenate([[0], bottoms]))
    weight = np.add.reduceat(y, starts)
    moment = np.add.reduceat(y * x, starts)
    apex = np.maximum.reduceat(y, starts)
    keep = apex > max(NOISE_SHARE * y.max(), 0.0)
    return moment[keep] / weight[keep], apex[keep]
