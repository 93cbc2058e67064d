"""SVG to a picture, with resvg (extra ``[svg]``)."""

from __future__ import annotations

import io
import re
import zlib
from pathlib import Path

from PIL import Image

from acml_core.errors import BadInput, Unsupported

WIDTH_PX = 600
"""Width that drawings are rendered at [px]."""

MAX_BYTES = 20_000_000
"""Largest SVG text [bytes]."""

GZIP = b"\x1f\x8b"
_HREF = re.compile(rb"""(?:xlink:)?href\s*=\s*["'](?!#|data:)[^"']*["']""", re.I)
_ENTITY = re.compile(rb"<!ENTITY", re.I)


def looks_like_svg(head: bytes) -> bool:
    """Whether a file's first bytes are those of an SVG."""
    return b"<svg" in head.lower()


def unpacked(data: bytes, source: str | Path) -> bytes:
    """The text of an .svgz, or the data itself.

    Raises:
        BadInput: damaged, or larger than ``MAX_BYTES``.
    """
    if not data.startswith(GZIP):
        return data
    try:
        unpack = zlib.decompressobj(wbits=31)
        text = unpack.decompress(data, MAX_BYTES)
        if unpack.unconsumed_tail or not unpack.eof:
            raise BadInput("the SVG is cut off or too large", source=source)
    except zlib.error as error:
        raise BadInput(f"not a readable .svgz ({error})", source=source) from None
    return text


def render(data: bytes, source: str | Path) -> Image.Image:
    """The drawing on its own background or white, ``WIDTH_PX`` wide, RGB.

    Nothing outside the text is opened: references to other files and entities are refused.

    Raises:
        BadInput: not SVG, too large, damaged, or refers to other files.
        Unsupported: resvg is not installed.
    """
    if len(data) > MAX_BYTES:
        raise BadInput("the SVG is too large", source=source, remedy="Give it as PNG.")
    if _ENTITY.search(data):
        raise BadInput("the SVG declares entities", source=source, remedy="Save it as plain SVG.")
    data = _HREF.sub(b"", data)
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise Unsupported(
            "reading SVG needs resvg", remedy="pip install 'acml-plugin-image[svg]'"
        ) from None
    try:
        text = data.decode("utf-8-sig")
        picture = Image.open(io.BytesIO(svg_to_bytes(svg_string=text, width=WIDTH_PX)))
        picture.load()
    except (ValueError, OSError) as error:
        raise BadInput(
            f"the SVG cannot be rendered ({error})",
            source=source,
            remedy="It may be truncated: export it again, or give a PNG.",
        ) from None
    return picture
