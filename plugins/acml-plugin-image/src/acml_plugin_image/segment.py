"""Cut a page into the drawings on it.

Text is made of small separate glyphs; a drawing has long strokes that hang together (rings, chains).
Ink is joined where it is near; of the groups, those that hold a stroke much larger than a glyph, and
that is no straight rule, are drawings. A group that holds more glyphs than a drawing can have is
text, whatever else is in it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image
from scipy import ndimage

from acml_plugin_image.ink import INK, find_ink, flatten

STROKE_INCH = 0.16
"""Least extent of a connected stroke of a drawing, along both axes together; an 18 pt capital letter
is as large."""

GAP_INCH = 0.055
"""Ink nearer than this belongs together: labels to their bonds."""

BORDER_INCH = 0.05
"""Free border left around a drawing."""

MOST_GLYPHS = 300
"""Separate pieces of ink in one drawing; a column of text has more."""


def drawings(page: Image.Image, dpi: float) -> Iterator[Image.Image]:
    """Pictures cut from a page, top to bottom.

    Args:
        page: the rendered page.
        dpi: its resolution [px/inch].
    """
    page = flatten(page)
    ink = find_ink(page) > INK
    pieces, _ = ndimage.label(ink, structure=np.ones((3, 3)))
    strokes = [
        (y, x) for y, x in ndimage.find_objects(pieces) if _is_stroke(_extent(y), _extent(x), dpi)
    ]
    reach = max(1, round(GAP_INCH * dpi))
    near = ndimage.uniform_filter(ink.astype(np.float32), 2 * reach + 1, mode="constant") > 1e-6
    groups, _ = ndimage.label(near)
    boxes = ndimage.find_objects(groups)
    wanted = sorted({int(np.bincount(groups[stroke][ink[stroke]]).argmax()) for stroke in strokes})
    for number in wanted:
        if number == 0:
            continue
        box = boxes[number - 1]
        glyphs = np.unique(pieces[box][(groups[box] == number) & ink[box]])
        if len(glyphs) <= MOST_GLYPHS:
            yield _cut(page, box, round(BORDER_INCH * dpi))


def _is_stroke(height: int, width: int, dpi: float) -> bool:
    """Large, and not only a horizontal or vertical rule."""
    least = STROKE_INCH * dpi
    return max(height, width) >= least and min(height, width) >= least / 3


def _cut(page: Image.Image, box: tuple[slice, slice], border: int) -> Image.Image:
    y, x = box
    return page.crop(
        (
            max(0, x.start - border),
            max(0, y.start - border),
            min(page.width, x.stop + border),
            min(page.height, y.stop + border),
        )
    )


def _extent(place: slice) -> int:
    return place.stop - place.start
