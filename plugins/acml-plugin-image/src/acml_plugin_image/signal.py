"""One picture of a molecular structure."""

from __future__ import annotations

from pydantic import field_validator

from acml_core.errors import BadInput
from acml_core.modality import Signal

MAGIC = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF8",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"RIFF",
)
"""First bytes of PNG, JPEG, GIF, BMP, TIFF (two byte orders) and WebP."""

MAX_PIXELS = 64_000_000
"""Largest picture in a table [px]: a small file can unpack to gigabytes. The readers keep less."""


class ImageSignal(Signal):
    """A picture.

    Attributes:
        image: the content of a picture's file: PNG, or another raster format that Pillow reads. The
            readers give PNG. Its first page or frame is used, and can be decoded: a damaged picture
            is no signal, so that a table lists it among its rejects.
    """

    image: bytes = b""

    @property
    def missing(self) -> bool:
        """True without a picture."""
        return not self.image

    @field_validator("image")
    @classmethod
    def _a_picture(cls, image: bytes) -> bytes:
        if image and not image.startswith(MAGIC):
            raise ValueError("image is not the content of a PNG, JPEG, GIF, BMP, TIFF or WebP file")
        if image:
            from acml_plugin_image.pictures import frames

            try:
                next(frames(image, "picture", max_pixels=MAX_PIXELS))
            except BadInput as error:
                raise ValueError(error.what) from None
        return image
