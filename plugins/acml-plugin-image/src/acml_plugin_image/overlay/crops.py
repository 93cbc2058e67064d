"""Cut out what stands at an atom or along a bond, at one scale for all pictures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from acml_plugin_image.overlay.ground import Ground

FAINT = 0.15
"""The darkest ink of a crop becomes 1, unless it is less than this."""


NEAR_MIDDLE = 15
"""The darkest ink of a label's crop is looked for so many pixels to each side: letters may be paler
than the bonds around them."""


@dataclass(frozen=True)
class Window:
    """What a crop shows.

    Attributes:
        side: of a crop, or its width [px].
        across: the same [bond lengths].
        height: of a crop that is not a square [px].
    """

    side: int
    across: float
    height: int = 0

    @property
    def per_bond(self) -> float:
        """Pixels of a crop that a bond is long."""
        return self.side / self.across

    @cached_property
    def grid(self) -> np.ndarray:
        """(height, side) complex64, places of a crop's pixels from its centre [bond lengths]."""
        height = self.height or self.side
        x = (np.arange(self.side) - (self.side - 1) / 2) / self.per_bond
        y = (np.arange(height) - (height - 1) / 2) / self.per_bond
        return np.asarray(x[None, :] + 1j * y[:, None], dtype=np.complex64)


ATOM, BOND, LABEL = Window(32, 1.3), Window(24, 1.5), Window(96, 3.2, 60)


def atom_crops(
    ground: Ground, at: np.ndarray, unit: float, grid: np.ndarray | None = None
) -> np.ndarray:
    """(n, side, side) float32, darkest ink 1, around places ``at`` (n,), upright as letters are.

    Args:
        unit: length of a bond [px].
        grid: as ``ATOM.grid``; another one distorts.
    """
    grid = ATOM.grid if grid is None else grid
    return _cut(ground, at[:, None, None] + unit * grid, ATOM.per_bond / unit)


def label_crops(
    ground: Ground, at: np.ndarray, unit: float, grid: np.ndarray | None = None
) -> np.ndarray:
    """(n, height, side) float32 around places ``at`` (n,); the darkest ink near the middle is 1.

    Args:
        unit: length of a bond [px].
        grid: as ``LABEL.grid``; another one distorts, or turns.
    """
    grid = LABEL.grid if grid is None else grid
    return _cut(ground, at[:, None, None] + unit * grid, LABEL.per_bond / unit, NEAR_MIDDLE)


def bond_crops(
    ground: Ground,
    begin: np.ndarray,
    end: np.ndarray,
    unit: float,
    grid: np.ndarray | None = None,
) -> np.ndarray:
    """(b, side, side) float32, darkest ink 1, around the middles of bonds, which are turned level."""
    grid = BOND.grid if grid is None else grid
    step = end - begin
    along = step / np.maximum(np.abs(step), 1e-3)
    middle = (begin + end) / 2
    places = middle[:, None, None] + unit * along[:, None, None] * grid
    return _cut(ground, places, BOND.per_bond / unit)


def _cut(ground: Ground, places: np.ndarray, share: float, middle: int = 0) -> np.ndarray:
    """Ink at places (..., height, side).

    Args:
        share: of the ground's size that the ink is made small to first, so that no line is missed.
        middle: only ink so many pixels from the centre is made 1 where it is darkest; 0 for all.
    """
    whole = len(ground.distance)
    side = max(8, round(whole * min(len(ground.ink) / whole, share)))
    small = ground.reduced(side)
    share = side / whole
    x = np.clip((places.real + 0.5) * share - 0.5, 0, side - 1.001).astype(np.float32)
    y = np.clip((places.imag + 0.5) * share - 0.5, 0, side - 1.001).astype(np.float32)
    column, row = x.astype(np.int32), y.astype(np.int32)
    fx, fy = x - column, y - row
    index = row * side + column
    flat = small.ravel()
    top = flat[index] * (1 - fx) + flat[index + 1] * fx
    bottom = flat[index + side] * (1 - fx) + flat[index + side + 1] * fx
    crops = top * (1 - fy) + bottom * fy
    seen = crops
    if middle:
        row, column = crops.shape[-2] // 2, crops.shape[-1] // 2
        seen = crops[..., row - middle : row + middle, column - middle : column + middle]
    darkest = np.maximum(seen.max(axis=(-2, -1), keepdims=True), FAINT)
    return np.minimum(crops / darkest, 1).astype(np.float32)
