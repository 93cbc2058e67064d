"""The picture as the ground that candidates are laid upon: its ink, and how far away ink is."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np
from PIL import Image
from scipy.ndimage import distance_transform_edt, label, maximum

from acml_plugin_image import dust
from acml_plugin_image.overlay.letters import bond_length, legend, pieces, unit_of_letters
from acml_plugin_image.prepare import fit

SIZE = 256
"""Side of the ink map that candidates are laid upon [px]."""

FINER = 2
"""The map that letters and bonds are read from has so many pixels for each of these along a side."""

BORDER = 48
"""Pixels around it, free but for what is too pale to count for the drawing's size."""

INKED, OF_PIECE = 64, 0.6
"""Ink at a pixel that belongs to the drawing [of 255]; or this share of the most in its piece of ink,
where that is less: some letters are pale as a whole."""

SAMPLES = 120
"""Pixels with ink, spread evenly, that a candidate has to explain."""

SPECK, FAINT = 12, 40
"""Pieces with fewer pixels of this much ink [of 255] are dust or dots of a screen."""

SPELT_PIECES, SPELT_SHARE = 8, 0.4
"""Where carbon is spelt out, bonds hang on nothing: at least so many pieces of ink, none of which is
longer than this share of the whole."""

TOGETHER = (4.0, 8.0)
"""Ink whose distance is less than twice this may belong to one component of a salt [px]."""

FEWEST_PIXELS = 12
"""A picture with less ink shows nothing that could be laid over."""


Lengths = TypeVar("Lengths", float, np.ndarray)


@dataclass(frozen=True)
class Ground:
    """A picture's ink, with a border.

    Attributes:
        ink: (FINER S, FINER S) uint8, for reading.
        distance: (S, S) float32, distance to the nearest ink [px], 0 on ink.
        nearest: (S, S) complex64, place x + iy of the nearest ink [px].
        points: (N,) complex64, places of pixels with ink [px], spread evenly.
        length: of all lines [px].
        line: width of the lines [px].
        factor, shift: x in the picture is ``(x - shift[0]) / factor``, y likewise.
        usual: length of a bond in the candidates that are laid on it [px], see ``rerank``.
        read: what the readers see, by reader and place, see ``looks``.
    """

    ink: np.ndarray
    distance: np.ndarray
    nearest: np.ndarray
    points: np.ndarray
    length: float
    line: float
    factor: float
    shift: tuple[float, float]
    usual: float = math.inf
    _small: dict[int, np.ndarray] = field(default_factory=dict, repr=False)
    read: dict[str, dict[tuple[int, ...], np.ndarray]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, picture: Image.Image) -> Ground | None:
        """The ground that a picture gives; None where it shows nothing.

        Args:
            picture: of any mode and size.
        """
        fine, (factor, dx, dy) = fit(picture, FINER * SIZE, 0.0, FINER * BORDER)
        ink = np.asarray(Image.fromarray(fine).reduce(FINER))
        inked = _inked(ink)
        if inked.sum() < FEWEST_PIXELS:
            return None
        away, at = distance_transform_edt(~inked, return_indices=True)
        inside = distance_transform_edt(inked)
        y, x = np.nonzero(inked)
        spread = np.linspace(0, len(y) - 1, min(SAMPLES, len(y))).round().astype(int)
        # Along a strip the mean distance to its edge is a quarter of its width.
        line = 4 * float(inside[inked].mean()) - 1
        return cls(
            ink=fine,
            distance=away.astype(np.float32),
            nearest=(at[1] + 1j * at[0]).astype(np.complex64),
            points=(x + 1j * y).astype(np.complex64)[_evenly(x, y)[spread]],
            length=line_length(inked),
            line=max(line, 1.0),
            factor=factor / FINER,
            shift=(dx / FINER, dy / FINER),
        )

    @cached_property
    def boxes(self) -> np.ndarray:
        """(p, 4) float, left, top, right and bottom of the pieces of ink [px]."""
        return self._pieces[0]

    def unit_of_letters(self, unit: float) -> float:
        """Length of a bond that goes with the letters, where bonds are ``unit`` long [px]."""
        counted = self.counted_in(unit)
        own = unit_of_letters(*self._pieces, counted)
        return own if own < counted else unit

    @cached_property
    def _pieces(self) -> tuple[np.ndarray, np.ndarray]:
        return pieces(self.distance == 0)

    @cached_property
    def legend(self) -> np.ndarray:
        """(p,) bool, which of ``boxes`` may be a compound's number below the drawing."""
        return legend(*self._pieces)

    @cached_property
    def in_legend(self) -> np.ndarray:
        """(N,) bool, which of ``points`` lie there."""
        x, y = self.points.real[:, None], self.points.imag[:, None]
        left, top, right, bottom = self.boxes[self.legend].T
        return np.asarray(((x >= left) & (x < right) & (y >= top) & (y < bottom)).any(axis=1))

    @cached_property
    def spelt(self) -> bool:
        """Whether carbon may be spelt out: no piece of ink is much longer than a bond."""
        size = self.boxes[:, 2:] - self.boxes[:, :2]
        whole = self.boxes[:, 2:].max() - self.boxes[:, :2].min()
        return len(size) >= SPELT_PIECES and float(size.max()) < SPELT_SHARE * whole

    @cached_property
    def regions(self) -> list[np.ndarray]:
        """Numbers (S, S) of regions of near ink, for each of ``TOGETHER``; 0 is no region."""
        return [label(self.distance <= reach)[0] for reach in TOGETHER]

    @cached_property
    def largest(self) -> np.ndarray:
        """(m,) those of ``points`` in the region of near ink that holds most: without a legend."""
        region = self.among(self.regions[-1], self.points)
        return self.points[region == np.bincount(region).argmax()]

    def counted_in(self, unit: Lengths) -> Lengths:
        """What lengths are counted in for candidates whose bonds are ``unit`` long [px].

        A few bonds that are laid large over everything would else leave little unexplained.
        """
        return np.minimum(unit, self.usual)  # type: ignore[return-value]

    @cached_property
    def lone_unit(self) -> float:
        """Length that a bond would have beside letters of this size [px]."""
        return bond_length(self.boxes)

    def away(self, places: np.ndarray) -> np.ndarray:
        """Distance [px] of places, complex, to the nearest ink."""
        return self.distance.ravel()[self._index(places)]

    def towards(self, places: np.ndarray) -> np.ndarray:
        """The nearest ink of places, complex [px]."""
        return self.nearest.ravel()[self._index(places)]

    def among(self, numbers: np.ndarray, places: np.ndarray) -> np.ndarray:
        """What ``numbers`` (S, S) are at places, complex [px]."""
        return numbers.ravel()[self._index(places)]

    def reduced(self, side: int) -> np.ndarray:
        """The ink at ``side`` pixels a side, (side, side) float32, 0 to 1."""
        if side not in self._small:
            small = Image.fromarray(self.ink).resize((side, side), Image.Resampling.BOX)
            self._small[side] = np.asarray(small, dtype=np.float32) / 255
        return self._small[side]

    def _index(self, places: np.ndarray) -> np.ndarray:
        side = len(self.distance)
        x = np.clip(places.real + 0.5, 0, side - 1).astype(np.int32)
        y = np.clip(places.imag + 0.5, 0, side - 1).astype(np.int32)
        return y * side + x


def line_length(inked: np.ndarray) -> float:
    """Length of all lines [px], whatever their width: half of their outline.

    Cauchy's and Crofton's formula, with the outline's crossings along rows, columns and both diagonals.

    Args:
        inked: (S, S) bool.
    """
    straight = (inked[1:] != inked[:-1]).sum() + (inked[:, 1:] != inked[:, :-1]).sum()
    aslant = (inked[1:, 1:] != inked[:-1, :-1]).sum() + (inked[1:, :-1] != inked[:-1, 1:]).sum()
    return float(straight + aslant / math.sqrt(2)) * math.pi / 16


def _evenly(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Pixels in the order of tiles, so that equal steps along it are spread over the drawing."""
    tile = 6
    return np.lexsort((x, y, x // tile, y // tile))


def _inked(ink: np.ndarray) -> np.ndarray:
    """Pixels that belong to the drawing, (S, S) bool, of pieces of ink that are large enough."""
    numbers, size = dust.pieces(ink > FAINT)
    least = np.minimum(INKED, OF_PIECE * maximum(ink, numbers, np.arange(len(size))))
    return np.asarray((size >= SPECK)[numbers] & (ink > least[numbers]))
