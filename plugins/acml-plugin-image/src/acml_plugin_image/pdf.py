"""Drawings on the pages of a PDF, with pdfium (extra ``[pdf]``).

A page is rendered, whatever on it is vector graphics or an embedded picture, and cut into separate
drawings, see ``segment``. Where that finds none, its embedded pictures of a sensible size are taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from acml_core.errors import BadInput, Unsupported
from acml_plugin_image.segment import drawings

DPI = 200
MAX_PAGES = 500
MIN_EMBEDDED_PX = 80
"""Smaller embedded pictures are logos, rules and the like."""

MAX_PAGE_PX = 6000
"""Longest side that a page is rendered at [px]."""

MAGIC = b"%PDF"


def pages(
    path: Path, *, max_pixels: int
) -> Iterator[tuple[str, Image.Image] | tuple[str, BadInput]]:
    """``(where, picture)`` of each drawing of the file, or the reason why one was left out.

    Raises:
        BadInput: not a PDF, damaged, or locked by a password.
        Unsupported: pdfium is not installed.
    """
    try:
        import pypdfium2
    except ImportError:
        raise Unsupported(
            "reading PDF needs pypdfium2", remedy="pip install 'acml-plugin-image[pdf]'"
        ) from None
    try:
        document = pypdfium2.PdfDocument(path)
    except (pypdfium2.PdfiumError, OSError) as error:
        raise BadInput(
            f"the PDF cannot be opened ({error})",
            source=path,
            remedy="It may be truncated, or need a password: give a picture of the page.",
        ) from None
    try:
        if len(document) > MAX_PAGES:
            raise BadInput(
                f"the PDF has more than {MAX_PAGES} pages", source=path, remedy="Split it."
            )
        for number in range(len(document)):
            place = f"page {number + 1}"
            try:
                found = list(_page(document[number], max_pixels))
            except (pypdfium2.PdfiumError, ValueError, OSError) as error:
                yield place, BadInput(f"{place} cannot be rendered ({error})", source=path)
                continue
            for index, picture in enumerate(found, start=1):
                yield f"{place}, drawing {index}", picture
    finally:
        document.close()


def _page(page: Any, max_pixels: int) -> Iterator[Image.Image]:
    scale = min(DPI / 72, MAX_PAGE_PX / max(page.get_width(), page.get_height(), 1))
    found = list(drawings(page.render(scale=scale).to_pil(), scale * 72))
    yield from found or _embedded(page, max_pixels)


def _embedded(page: Any, max_pixels: int) -> Iterator[Image.Image]:
    from pypdfium2 import raw

    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE]):
        width, height = item.get_px_size()
        if min(width, height) >= MIN_EMBEDDED_PX and width * height <= max_pixels:
            yield item.get_bitmap().to_pil()
