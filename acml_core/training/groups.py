"""Parameters for AdamW: weight decay shrinks matrices, and leaves biases and norms alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import nn


def groups(
    parts: Iterable[tuple[Iterable[nn.Parameter], dict[str, Any]]], weight_decay: float
) -> list[dict[str, Any]]:
    """Groups of an optimiser.

    Args:
        parts: parameters, and what else their groups hold, such as ``{"lr": 1e-3}``. Those that are
            locked are left out.
        weight_decay: of parameters with two dimensions or more.
    """
    found: list[dict[str, Any]] = []
    for parameters, options in parts:
        learning = [one for one in parameters if one.requires_grad]
        for decay, chosen in (
            (weight_decay, [one for one in learning if one.ndim > 1]),
            (0.0, [one for one in learning if one.ndim <= 1]),
        ):
            if chosen:
                found.append({"params": chosen, "weight_decay": decay, **options})
    return found
