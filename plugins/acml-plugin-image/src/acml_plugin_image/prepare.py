"""From a picture to an ink map: where there is ink, and how much.

The ink (see ``ink``) is cut to its bounding box, single specks left out, and scaled to fit a square.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from acml_plugin_image.ink import bounding_box, darkest, drawn, find_ink, flatten, work_size
from acml_plugin_image.pictures import frames

if TYPE_CHECKING:
    from torch import Tensor

    from acml_plugin_image.config import ImageConfig
    from acml_plugin_image.signal import ImageSignal


def prepare(signal: ImageSignal, config: ImageConfig) -> dict[str, np.ndarray]:
    """A picture as an ink map without a batch axis.

    Returns:
        ``image`` (S, S) uint8: ink, 0 (none) to 255, the drawing's longer side as large as the
        margin lets it be. All 0 where the picture shows nothing.

    Raises:
        BadInput: the picture cannot be decoded.
    """
    return {"image": ink_map(picture(signal, config), config.size, config.margin)}


def picture(signal: ImageSignal, config: ImageConfig) -> Image.Image:
    """The first page of a signal's picture.

    Raises:
        BadInput: it cannot be decoded.
    """
    return next(frames(signal.image, signal.origin or "image", max_pixels=config.max_pixels))


def ink_map(picture: Image.Image, size: int, margin: float) -> np.ndarray:
    """The picture's ink, (size, size) uint8.

    Args:
        picture: of any mode and size.
        size: side of the result [px].
        margin: free border of the result [share of its side].
    """
    return fit(picture, size, margin)[0]


def fit(
    picture: Image.Image, size: int, margin: float, around: int = 0
) -> tuple[np.ndarray, tuple[float, float, float]]:
    """As ``ink_map``, and how places in the picture become places in the map.

    Args:
        picture, size, margin: as there.
        around: so many pixels more on all sides show what lies beyond the ink's bounding box: letters
            that are too pale for it.

    Returns:
        the map, (size + 2 around,) * 2 uint8, and ``(factor, dx, dy)``: x [px] in the picture is
        ``factor * x + dx`` in the map.
    """
    width_before = picture.width
    small = work_size(flatten(picture), size)
    ink = find_ink(small)
    box = bounding_box(drawn(ink))
    if box is None:
        return np.zeros((size + 2 * around,) * 2, dtype=np.uint8), (0.0, 0.0, 0.0)
    top, bottom, left, right = box
    height, width = bottom - top, right - left
    scale = (1 - 2 * margin) * size / max(height, width)
    new = (max(1, round(width * scale)), max(1, round(height * scale)))
    beyond = math.ceil(around / scale)
    rim = round(beyond * scale)
    cut = np.pad(ink, beyond)[top : bottom + 2 * beyond, left : right + 2 * beyond]
    full = (new[0] + 2 * rim, new[1] + 2 * rim)
    fitted = np.asarray(Image.fromarray(cut).resize(full, Image.Resampling.BILINEAR))
    inner = fitted[rim : rim + new[1], rim : rim + new[0]]
    fitted = fitted * (255 / max(darkest(inner), 1e-6))
    # The rim is cut back to what is asked for: it was made of whole pixels of the picture.
    whole = np.zeros((size + 2 * rim,) * 2, dtype=np.uint8)
    y, x = ((size - one) // 2 for one in (new[1], new[0]))
    whole[y : y + full[1], x : x + full[0]] = np.clip(fitted, 0, 255)
    over = rim - around
    result = whole[over : len(whole) - over, over : len(whole) - over]
    x, y = x + around, y + around
    return result, (scale * small.width / width_before, x - scale * left, y - scale * top)


def collate(items: Sequence[dict[str, np.ndarray]]) -> dict[str, Tensor]:
    """``image`` (B, S, S) uint8."""
    import torch

    return {"image": torch.from_numpy(np.stack([item["image"] for item in items]))}
