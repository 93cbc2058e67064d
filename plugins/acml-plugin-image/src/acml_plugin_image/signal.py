"""One picture of a molecular structure."""

from __future__ import annotations

from pydantic import field_validator

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

ENDS = {MAGIC[0]: b"IEND", MAGIC[1]: b"\xff\xd9"}
"""What stands at the end of a whole PNG or JPEG."""

TAIL = 1024
"""Bytes at the end of a file in which that is looked for: some programs add a few of their own."""


class ImageSignal(Signal):
    """A picture.

    Attributes:
        image: the content of a picture's file: PNG, or another raster format that Pillow reads. The
            readers give PNG. Its first page or frame is used.
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
        for start, end in ENDS.items():
            if image.startswith(start) and end not in image[-TAIL:]:
                raise ValueError("the picture is cut off")
        return image
