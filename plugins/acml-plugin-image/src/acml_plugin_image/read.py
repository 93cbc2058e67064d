"""The one entry to all readers: a file, a folder of files or literal SVG to ``ImageSignal``."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from acml_core import sources
from acml_core.errors import BadInput, did_you_mean
from acml_core.modality import OnReject
from acml_plugin_image import pdf, pictures, svg, tables
from acml_plugin_image.signal import MAGIC, ImageSignal

SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".bmp", ".webp", ".svg", ".svgz", ".pdf",
    ".parquet", ".csv", ".tsv",
)  # fmt: skip
"""Lower-case suffixes that ``read`` takes; what a file is, its first bytes say."""

FORMATS = ("picture", "svg", "pdf", "table", "folder")
"""Names for ``read(..., format=)``."""

TABLES = (".parquet", ".csv", ".tsv")
MAX_BYTES = 200_000_000
"""Largest file of a picture [bytes]."""

EXAMPLE = "the text of an SVG"
PICTURES = "Give PNG, JPEG, TIFF, GIF, BMP, WebP, SVG or PDF."
DATA_URI = "data:image/"


def read(
    source: Path | str,
    *,
    format: str | None = None,
    on_reject: OnReject | None = None,
    max_pixels: int,
    size: int,
) -> Iterator[ImageSignal]:
    """Signals of a picture, PDF, SVG, table or folder of such files.

    Args:
        source: a path; or the text of an SVG, or a "data:image/png;base64," address.
        format: one of ``FORMATS``; None to find out from the content.
        on_reject: receives what could not be read of a folder, a table or a PDF.
        max_pixels: largest page [px].
        size: resolution at which a picture must show something [px].

    Raises:
        BadInput: at once where the source or format is wrong, else while iterating.
    """
    if format is not None and format not in FORMATS:
        raise BadInput(
            f"no image format is called {format!r}", remedy=did_you_mean(format, FORMATS)
        )
    if isinstance(source, str) and source.lstrip().startswith((DATA_URI, "<")):
        return _literal(source.strip(), max_pixels, size)
    path = sources.locate(source, SUFFIXES, example=EXAMPLE)
    if path is None:
        raise BadInput(
            "this text is no picture",
            source=str(source),
            remedy="Give the path of a picture.",
        )
    if path.is_dir():
        return _folder(path, on_reject, max_pixels, size)
    if format == "folder":
        raise BadInput("not a folder", source=path)
    return _file(path, format, on_reject, max_pixels, size)


def _literal(text: str, max_pixels: int, size: int) -> Iterator[ImageSignal]:
    if text.startswith("<"):
        if not svg.looks_like_svg(text.encode()):
            raise BadInput("this text is no SVG", source=text, remedy="Give a picture's path.")
        return iter([_signal(svg.render(text.encode(), "SVG text"), "SVG text", "SVG text", size)])
    head, _, body = text.partition(",")
    try:
        data = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("the data address is not base64", source=head) from None
    return _pages(data, "data address", max_pixels, size)


def _folder(
    folder: Path, on_reject: OnReject | None, max_pixels: int, size: int
) -> Iterator[ImageSignal]:
    """Every picture right in the folder, by name; tables in it are left alone."""
    files = [
        path
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in SUFFIXES and path.suffix.lower() not in TABLES and path.is_file()
    ]
    if not files:
        raise BadInput(
            "no picture in the folder", source=folder, remedy=f"Read are: {', '.join(SUFFIXES)}."
        )
    for path in files:
        try:
            yield from _file(path, None, on_reject, max_pixels, size)
        except BadInput as error:
            if on_reject is None:
                raise
            on_reject(error)


def _file(
    path: Path, format: str | None, on_reject: OnReject | None, max_pixels: int, size: int
) -> Iterator[ImageSignal]:
    head = sources.probe(path, max_bytes=MAX_BYTES)
    kind = format or _kind(head, path)
    if kind == "table":
        return tables.read_table(path, max_pixels=max_pixels, size=size, on_reject=on_reject)
    if kind == "pdf":
        return _pdf(path, on_reject, max_pixels, size)
    if kind == "svg":
        data = svg.unpacked(path.read_bytes(), path)
        return iter([_signal(svg.render(data, path), path.name, path, size)])
    return _pages(path.read_bytes(), path, max_pixels, size)


def _kind(head: bytes, path: Path) -> str:
    """What a file is, by its first bytes; a table of text by its suffix.

    Raises:
        BadInput: none of what is read here.
    """
    if head.startswith(MAGIC):
        return "picture"
    if pdf.MAGIC in head[:1024]:
        return "pdf"
    if head.startswith(b"PAR1"):
        return "table"
    suffix = path.suffix.lower()
    if head.startswith(svg.GZIP) and suffix == ".svgz":
        return "svg"
    if not sources.is_binary(head):
        if svg.looks_like_svg(head):
            return "svg"
        if suffix in TABLES:
            return "table"
        raise BadInput("this is text, not a picture", source=path, remedy=PICTURES)
    if suffix in TABLES:
        raise BadInput("not a readable table", source=path, remedy="It may be damaged.")
    raise BadInput(
        "not a picture in a format that is read here",
        source=path,
        remedy=PICTURES,
    )


def _pages(data: bytes, source: str | Path, max_pixels: int, size: int) -> Iterator[ImageSignal]:
    name = source.name if isinstance(source, Path) else source
    blank: BadInput | None = None
    count = 0
    for number, page in enumerate(pictures.frames(data, source, max_pixels=max_pixels), start=1):
        try:
            signal = _signal(page, f"{name}:{number}", source, size)
        except BadInput as error:
            blank = error
            continue
        count += 1
        yield signal
    if not count:
        raise blank or BadInput("the file has no page", source=source)


def _pdf(
    path: Path, on_reject: OnReject | None, max_pixels: int, size: int
) -> Iterator[ImageSignal]:
    count = 0
    for place, found in pdf.pages(path, max_pixels=max_pixels):
        try:
            if isinstance(found, BadInput):
                raise found
            signal = _signal(found, f"{path.name}:{place}", path, size)
        except BadInput as error:
            if on_reject is not None:
                on_reject(error)
            continue
        count += 1
        yield signal
    if not count:
        raise BadInput(
            "no drawing was found in the PDF",
            source=path,
            remedy="Give a picture (a screenshot) of the structure.",
        )


def _signal(picture: Image.Image, origin: str, source: str | Path, size: int) -> ImageSignal:
    if not pictures.shows_something(picture, size):
        raise BadInput(
            "the picture is blank",
            source=source,
            remedy="Check that the structure is in it, and that it is not white on white.",
        )
    return ImageSignal(image=pictures.png(picture), origin=origin)
