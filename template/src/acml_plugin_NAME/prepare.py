"""A curve as an array on a common grid."""

from __future__ import annotations

from typing import Any

import numpy as np

from acml_plugin_NAME.signal import COLUMNS, TitleSignal

TINY = 1e-12
"""A curve whose largest value is below this is taken as it is."""


def prepare(signal: TitleSignal, config: Any) -> dict[str, np.ndarray]:
    """``curve`` (points,) float32: y on the grid from low to high; its largest value is 1.

    Outside the measured range it is 0.
    """
    x, y = (np.array(getattr(signal, name), dtype=np.float64) for name in COLUMNS)
    order = np.argsort(x, kind="stable")
    grid = np.linspace(config.low, config.high, config.points)
    curve = np.interp(grid, x[order], y[order], left=0.0, right=0.0)
    top = np.abs(curve).max()
    return {"curve": (curve / top if top > TINY else curve).astype(np.float32)}
