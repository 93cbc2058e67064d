"""Find the ink of a picture, whatever its colours and light.

The background is a smooth surface (quadratic in x and y) through the medians of blocks of the picture,
fitted with less and less weight on blocks that lie off it. Ink is the largest absolute difference to it
over the colour channels, so that light ink on dark paper counts like dark ink on light paper, and
yellow sulphur like black carbon. Single pixels, stripes over the whole width or height and dust are
left out (``dust``). What is not above the background's own noise is cut; the darkest ink becomes 1.
"""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy.ndimage import maximum_filter

from acml_plugin_image.dust import (
    is_dotted,
    pieces,
    smeared,
    without_dust,
    without_single_pixels,
    without_stripes,
)

BLOCKS = 6
"""Blocks along each side for the background's surface."""

BLOCK = 12
"""Pixels along each side of a block that its median is taken of."""

EVEN = 1.5
"""A background whose blocks differ less is one colour [grey levels]."""

FIT_STEPS = 4
"""Rounds of weighted least squares."""

OFF_SURFACE = 12.0
"""A block this far off the background's surface has half its weight [grey levels]."""

NOISE_FACTOR, NOISE_MOST = 2.5, 0.6
"""Ink must exceed this many standard deviations of the background's noise, but never more than this
share of full ink: what is no drawing at all still leaves something."""

MEDIAN_TO_SD = 1.4826
"""Standard deviation over median absolute value, of normal noise."""

HIGH_FACTOR, HIGH_MOST = 1.2, 0.35
"""Ink must also exceed this many times the third quartile (scan lines, dots of a screen), unless
that is more than this share of full ink: then the quartile is ink itself."""

LEAST_SHARE = 0.1
"""Ink must exceed this share of full ink: what shows through from the page's other side does not."""

LEAST_CONTRAST = 5.0
"""Ink weaker than this is none [grey levels of 255]."""

DARKEST_SHARE = 0.004
"""Share of the pixels whose mean counts as full ink."""

INK = 0.3
"""Ink at a pixel that belongs to the drawing [of full ink], for the bounding box."""

PALE, PALE_MOST, PALE_PIXELS = 0.15, 0.19, 12
"""So does less ink, where it hangs together with such ink, or with so many pixels of which one at least
has more than the second: pale letters at the rim, as sulphur's yellow is in a grey copy."""

HALO = 3
"""Pale ink so near to such ink is its blurred edge [px]."""

PALE_PIECES = 12
"""More pieces of pale ink than this are dust, dots or grains of the paper."""

NEIGHBOURS = 3
"""Of the 3 x 3 pixels around (and with) it that must have ink, else it is a speck."""

WORK_FACTOR = 3
"""Larger pictures are first reduced to this many times the final size."""


def work_size(picture: Image.Image, size: int) -> Image.Image:
    """The picture itself, made smaller where it is much larger than ``size`` [px]."""
    picture.thumbnail((WORK_FACTOR * size, WORK_FACTOR * size), Image.Resampling.BILINEAR)
    return picture


def flatten(picture: Image.Image) -> Image.Image:
    """The picture as grey or RGB, without transparency."""
    if picture.mode in ("L", "RGB"):
        return picture.copy()
    if picture.mode.startswith(("I", "F")):
        values = np.asarray(picture, dtype=np.float64)
        low, high = float(values.min()), float(values.max())
        values = (values - low) * (255 / (high - low) if high > low else 1.0)
        return Image.fromarray(values.astype(np.uint8))
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        rgba = picture.convert("RGBA")
        values = np.asarray(rgba)
        opaque = values[..., 3] > 127
        light = bool(opaque.any()) and not opaque.all() and values[opaque, :3].mean() > 160
        paper = Image.new("RGBA", rgba.size, "black" if light else "white")
        return Image.alpha_composite(paper, rgba).convert("RGB")
    return picture.convert("L" if picture.mode == "1" else "RGB")


def find_ink(picture: Image.Image) -> np.ndarray:
    """Ink of each pixel of a grey or RGB picture, 0 to 1.

    Returns:
        (H, W) float32; zeros where nothing stands out from the background.
    """
    shown = np.asarray(picture)
    pixels = without_single_pixels(shown)
    dotted = is_dotted(shown, pixels)
    if dotted:
        pixels = smeared(shown)
    picture = Image.fromarray(pixels)
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    thumb = np.asarray(picture.resize((BLOCKS * BLOCK,) * 2, Image.Resampling.NEAREST))
    thumb = thumb.reshape(BLOCKS * BLOCK, BLOCKS * BLOCK, -1)
    if thumb.shape[2] == 3 and not np.ptp(thumb, axis=2).any():
        pixels, thumb = pixels[..., :1], thumb[..., :1]
    height, width = pixels.shape[:2]
    ink = np.zeros((height, width), dtype=np.float32)
    for i, surface in enumerate(background(thumb)):
        paper = _evaluate(surface, height, width)
        np.maximum(ink, np.abs(without_stripes(pixels[..., i] - paper)), out=ink)
    some = ink[::2, ::2].ravel()
    middle, high = np.partition(some, (some.size // 2, 3 * some.size // 4))[
        [some.size // 2, 3 * some.size // 4]
    ]
    full = darkest(ink)
    floor = max(
        min(NOISE_FACTOR * MEDIAN_TO_SD * middle, NOISE_MOST * full),
        min(HIGH_FACTOR * high, HIGH_MOST * full),
        LEAST_SHARE * full,
        1.0,
    )
    if full - floor < LEAST_CONTRAST:
        return np.zeros_like(ink)
    return without_dust(np.clip((ink - floor) / (full - floor), 0, 1), dotted=dotted)


def background(thumb: np.ndarray) -> np.ndarray:
    """Factors (C, 6) of a quadratic surface through the background of each channel [grey levels].

    Args:
        thumb: the picture at ``BLOCKS * BLOCK`` pixels a side, with C channels.
    """
    blocks = thumb.reshape(BLOCKS, BLOCK, BLOCKS, BLOCK, -1).transpose(4, 0, 2, 1, 3)
    medians = np.median(blocks.reshape(-1, BLOCKS * BLOCKS, BLOCK * BLOCK), axis=2)
    centre = (np.arange(BLOCKS) + 0.5) / BLOCKS
    terms = _quadratic(np.repeat(centre, BLOCKS), np.tile(centre, BLOCKS))
    factors = np.zeros((len(medians), terms.shape[1]))
    factors[:, 0] = np.median(medians, axis=1)
    for values, factor in zip(medians, factors, strict=True):
        for _ in range(FIT_STEPS):
            off = values - terms @ factor
            if np.abs(off).max() < EVEN:
                break
            root = 1 / np.sqrt(1 + (off / OFF_SURFACE) ** 2)
            factor[:] = np.linalg.lstsq(terms * root[:, None], values * root, rcond=1e-6)[0]
    return factors


def _evaluate(factors: np.ndarray, height: int, width: int) -> np.ndarray:
    """The surface (height, width), or (1, 1) where it is even; float32."""
    one, fy, fx, fyy, fxx, fxy = factors.astype(np.float32)
    if not factors[1:].any():
        return one.reshape(1, 1)
    y = ((np.arange(height) + 0.5) / height).astype(np.float32)[:, None]
    x = ((np.arange(width) + 0.5) / width).astype(np.float32)[None, :]
    return one + y * (fy + fyy * y) + x * (fx + fxx * x) + (fxy * y) * x


def drawn(ink: np.ndarray) -> np.ndarray:
    """Whether pixels belong to the drawing, (H, W) bool, see ``INK`` and ``PALE``.

    Args:
        ink: (H, W), 0 to 1.
    """
    inked = ink > INK
    numbers, size = pieces(ink > PALE)

    def hold(pixels: np.ndarray) -> np.ndarray:
        return np.bincount(numbers[pixels], minlength=len(size)) > 0

    dark = hold(inked)
    pale = (size >= PALE_PIXELS) & hold(ink > PALE_MOST) & ~dark
    kept = dark | (pale & (pale.sum() <= PALE_PIECES))
    edge = maximum_filter(inked, size=2 * HALO + 1, mode="constant")
    return np.asarray(inked | (kept[numbers] & ~edge))


def bounding_box(ink: np.ndarray) -> tuple[int, int, int, int] | None:
    """First and last row and column (ends exclusive) of the ink that is more than a speck.

    Args:
        ink: (H, W) bool.
    """
    padded = np.pad(ink.astype(np.uint8), 1)
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    around = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    kept = ink & (around >= NEIGHBOURS)
    if not kept.any():
        kept = ink
    y, x = np.flatnonzero(kept.any(axis=1)), np.flatnonzero(kept.any(axis=0))
    if not len(y):
        return None
    return int(y[0]), int(y[-1]) + 1, int(x[0]), int(x[-1]) + 1


def _quadratic(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.stack([np.ones_like(y), y, x, y * y, x * x, x * y], axis=1)


def darkest(ink: np.ndarray) -> float:
    """Mean of the ``DARKEST_SHARE`` of the pixels with most ink."""
    values = ink.ravel()
    count = max(1, int(DARKEST_SHARE * values.size))
    return float(np.partition(values, values.size - count)[-count:].mean())
