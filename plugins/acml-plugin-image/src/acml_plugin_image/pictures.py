"""Decode pictures with Pillow: nothing damaged, nothing huge, nothing blank comes through."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageOps, ImageSequence

from acml_core.errors import BadInput
from acml_plugin_image.ink import bounding_box, find_ink, flatten, work_size

FORMATS = ("PNG", "JPEG", "TIFF", "GIF", "BMP", "WEBP", "PPM")
"""What Pillow may open: raster formats decoded in its own memory, without helper programs."""

PAGES = ("TIFF",)
"""Formats of several pages; in the others, frames are an animation, and the first is taken."""

MAX_PAGES = 500
KEPT_PX = 1200
"""Longest side of the picture that a signal keeps [px]."""

DAMAGED = "It may be truncated or damaged: export or download it again."


def frames(
    data: bytes, source: str | Path, *, max_pixels: int, formats: tuple[str, ...] = FORMATS
) -> Iterator[Image.Image]:
    """Pages of a picture's file, the way up that its camera says; RGB, RGBA or grey.

    Args:
        data: the file's content.
        source: its name, for messages.
        max_pixels: refuse more than this a page: a small file can unpack to gigabytes.

    Raises:
        BadInput: not a picture, damaged, or too large.
    """
    with _problems(source, max_pixels), Image.open(io.BytesIO(data), formats=formats) as picture:
        for number, page in enumerate(ImageSequence.Iterator(picture), start=1):
            _check_size(page, source, max_pixels)
            if number > MAX_PAGES:
                raise BadInput(
                    f"the file has more than {MAX_PAGES} pages", source=source, remedy="Split it."
                )
            page.load()
            yield ImageOps.exif_transpose(page)
            if picture.format not in PAGES:
                return


def png(picture: Image.Image) -> bytes:
    """The picture as PNG, at most ``KEPT_PX`` a side, without transparency."""
    picture = flatten(picture)
    picture.thumbnail((KEPT_PX, KEPT_PX), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def shows_something(picture: Image.Image, size: int) -> bool:
    """Whether anything stands out from the background at the encoder's resolution."""
    return bounding_box(find_ink(work_size(flatten(picture), size)) > 0) is not None


def _check_size(picture: Image.Image, source: str | Path, max_pixels: int) -> None:
    width, height = picture.size
    if width * height > max_pixels:
        raise BadInput(
            f"the picture has {width} x {height} pixels, more than {max_pixels / 1e6:g} million",
            source=source,
            remedy="Make it smaller, or raise the setting max_megapixels.",
        )


@contextmanager
def _problems(source: str | Path, max_pixels: int) -> Iterator[None]:
    """Whatever Pillow raises as ``BadInput``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of bombs and odd metadata; sizes are checked here
            yield
    except (BadInput, GeneratorExit):
        raise
    except Image.DecompressionBombError:
        raise BadInput(
            f"the picture has far more than {max_pixels / 1e6:g} million pixels",
            source=source,
            remedy="Make it smaller.",
        ) from None
    except Image.UnidentifiedImageError:
        raise BadInput(
            "not a picture in a format that is read here",
            source=source,
            remedy="Give PNG, JPEG, TIFF, GIF, BMP, WebP, SVG or PDF.",
        ) from None
    except Exception as error:  # its decoders raise OSError, SyntaxError, struct.error and others
        raise BadInput(
            f"the picture cannot be decoded ({error})", source=source, remedy=DAMAGED
        ) from None
