"""One colour scale for atoms and parts: white says nothing, orange carries, blue speaks against."""

from __future__ import annotations

import numpy as np

CARRIES = (0.90, 0.45, 0.0)
AGAINST = (0.25, 0.55, 0.85)
DEEPEST = 0.85
"""Share of the full colour at the largest loss, so that letters on it can be read."""


def scale(losses: np.ndarray) -> float:
    """The loss that has the deepest colour; above zero."""
    return max(float(np.abs(losses).max(initial=0.0)), 1e-12)


def colour(loss: float, limit: float) -> tuple[float, float, float, float]:
    """Red, green, blue and opacity 1, each 0 to 1, mixed with white."""
    share = DEEPEST * min(abs(loss) / limit, 1.0)
    full = CARRIES if loss >= 0 else AGAINST
    red, green, blue = (1 - share * (1 - one) for one in full)
    return red, green, blue, 1.0
