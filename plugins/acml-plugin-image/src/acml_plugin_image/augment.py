"""Small changes of ink maps in training: none changes which molecule is shown."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from acml_plugin_image.modality import ImageConfig


def augment(image: Tensor, config: ImageConfig, motion: Tensor | None = None) -> Tensor:
    """Ink maps (B, S, S) float32, 0 to 255, moved, thickened, blurred and made noisy.

    A mirrored or turned picture has the same InChIKey-14, which knows no stereochemistry.
    Randomness comes from the default generator of the maps' device.

    Args:
        motion: (B, 2, 3) from ``motions``; by default a new one.
    """
    if motion is None:
        motion = motions(len(image), config, image.device)
    image = _moved(image, motion)
    image = _some(image, config.thicken, lambda x: functional.max_pool2d(x, 3, 1, 1))
    image = _some(image, config.thin, lambda x: -functional.max_pool2d(-x, 2, 1, 1)[..., 1:, 1:])
    image = _some(
        image, config.blur, lambda x: functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
    )
    size, device = len(image), image.device
    power = torch.exp(config.bend * torch.randn(size, 1, 1, device=device))
    image = 255 * (image / 255).clamp(0, 1) ** power
    noise = config.noise * 255 * torch.rand(size, 1, 1, device=device) ** 3
    return (image + noise * torch.randn_like(image)).clamp(0, 255)


def motions(size: int, config: ImageConfig, device: torch.device | None = None) -> Tensor:
    """Random turns, mirrors, scales, stretches and shifts, (size, 2, 3).

    Each takes a place in the result, from (-1, -1) to (1, 1), to where it comes from.
    """

    def uniform() -> Tensor:
        return torch.rand(size, device=device)

    def normal(*shape: int) -> Tensor:
        return torch.randn(size, *shape, device=device)

    angle = math.radians(config.turn_degrees) * normal()
    quarter = uniform() < config.quarter_turn
    angle += quarter * torch.randint(1, 4, (size,), device=device) * (math.pi / 2)
    mirror = torch.where(uniform() < config.mirror, -1.0, 1.0)
    # The grid says where a pixel comes from, so a factor above 1 makes the drawing smaller.
    scale = 1 + config.scale * uniform()
    stretch = 1 + config.stretch * normal()
    cos, sin = torch.cos(angle), torch.sin(angle)
    shift = config.shift * normal(2)
    return torch.stack(
        [
            torch.stack([scale * stretch * mirror * cos, -scale * sin, shift[:, 0]], dim=1),
            torch.stack([scale * stretch * mirror * sin, scale * cos, shift[:, 1]], dim=1),
        ],
        dim=1,
    )


def _moved(image: Tensor, motion: Tensor) -> Tensor:
    """All of a motion in one interpolation."""
    shape = [len(image), 1, *image.shape[1:]]
    grid = functional.affine_grid(motion, shape, align_corners=False)
    return functional.grid_sample(
        image.unsqueeze(1), grid, mode="bilinear", padding_mode="zeros", align_corners=False
    ).squeeze(1)


def _some(image: Tensor, share: float, change: Callable[[Tensor], Tensor]) -> Tensor:
    """The rows that chance picks, changed by half or wholly."""
    rows = (torch.rand(len(image), device=image.device) < share).nonzero().squeeze(1)
    if not len(rows):
        return image
    before = image[rows]
    weight = 0.3 + 0.7 * torch.rand(len(rows), 1, 1, device=image.device)
    image[rows] = before + weight * (change(before.unsqueeze(1)).squeeze(1) - before)
    return image
