"""Prepared curves as a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch


def collate(items: Sequence[dict[str, np.ndarray]], config: Any, *, train: bool) -> dict[str, Any]:
    """``curve`` (B, points) float32; in training with noise and a drifting base line."""
    curve = torch.from_numpy(np.stack([item["curve"] for item in items]))
    if train:
        base = config.baseline * torch.randn(len(items), 1)
        curve = curve + base + config.noise * torch.randn_like(curve)
    return {"curve": curve}
