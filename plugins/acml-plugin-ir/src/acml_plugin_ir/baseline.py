"""Baselines of absorption spectra."""

from __future__ import annotations

import numpy as np

BLOCK = 8
"""Points of a block that gives one candidate (its lowest point) for the hull."""

SMOOTH = 5
"""Points of the running mean that the hull is laid under, so that noise does not pull it down."""

ALS_ROUNDS = 8


def rubberband(y: np.ndarray) -> np.ndarray:
    """The lower convex hull of a curve on an even axis: (N,) to (N,).

    Broad bands stay whole, since the hull bridges whatever is above it.
    """
    n = len(y)
    smooth = _running_mean(y, min(SMOOTH, n))
    starts = np.arange(0, n, BLOCK)
    inside = np.array([start + int(np.argmin(smooth[start : start + BLOCK])) for start in starts])
    x = np.unique(np.concatenate([[0], inside, [n - 1]]))
    height = smooth[x]
    hull: list[int] = []
    for i in range(len(x)):
        while len(hull) >= 2:
            a, b = hull[-2], hull[-1]
            turn = (x[b] - x[a]) * (height[i] - height[a]) - (x[i] - x[a]) * (height[b] - height[a])
            if turn > 0:
                break
            hull.pop()
        hull.append(i)
    return np.interp(np.arange(n), x[hull], height[hull])


def als(y: np.ndarray, smoothness: float, asymmetry: float) -> np.ndarray:
    """Asymmetric least squares baseline on an even axis: (N,) to (N,).

    Minimises sum w (y - z)^2 + smoothness * sum (second difference of z)^2, with w = asymmetry where
    y > z and 1 - asymmetry elsewhere (Eilers and Boelens, Baseline Correction with Asymmetric Least
    Squares Smoothing, Leiden 2005).
    """
    from scipy.linalg import solveh_banded

    n = len(y)
    if n < 5:
        return np.full(n, y.min())
    # D'D of second differences, upper banded form
    bands = np.zeros((3, n))
    bands[2] = 6.0
    bands[2, [0, -1]], bands[2, [1, -2]] = 1.0, 5.0
    bands[1, 1:] = -4.0
    bands[1, [1, -1]] = -2.0
    bands[0, 2:] = 1.0
    bands *= smoothness
    weights = np.ones(n)
    z = y
    for _ in range(ALS_ROUNDS):
        system = bands.copy()
        system[2] += weights
        z = solveh_banded(system, weights * y)
        weights = np.where(y > z, asymmetry, 1 - asymmetry)
    return z


def _running_mean(y: np.ndarray, width: int) -> np.ndarray:
    padded = np.pad(y, (width // 2, width - 1 - width // 2), mode="edge")
    total = np.cumsum(np.concatenate([[0.0], padded]))
    return (total[width:] - total[:-width]) / width
