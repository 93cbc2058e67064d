"""Tables with a column ``image``: parquet (bytes or paths), CSV and TSV (base64 or paths).

The core reads tables for training; this reader is for queries, which need no column ``smiles``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from acml_core.data import rows
from acml_core.errors import BadInput
from acml_core.modality import OnReject
from acml_core.sources import parsed
from acml_plugin_image import pictures
from acml_plugin_image.signal import ImageSignal

IMAGE, SMILES = "image", "smiles"


def read_table(
    path: Path, *, max_pixels: int, size: int, on_reject: OnReject | None = None
) -> Iterator[ImageSignal]:
    """Signals of a table; rows without a picture are passed over.

    Raises:
        BadInput: not a table, or without a column ``image``; or a bad row, when ``on_reject`` is
            None.
    """
    yield from parsed(
        _rows(path), lambda it: _signal(it[1], path, it[0], max_pixels, size), on_reject
    )


def _signal(
    row: dict[str, Any], path: Path, number: int, max_pixels: int, size: int
) -> ImageSignal | None:
    if not row.get(IMAGE):
        return None
    try:
        data = cell(row[IMAGE], path.parent)
        page = next(pictures.frames(data, path, max_pixels=max_pixels))
        if not pictures.shows_something(page, size):
            raise BadInput("the picture is blank")
        return ImageSignal(
            image=pictures.png(page), smiles=row.get(SMILES) or "", origin=f"{path.name}:{number}"
        )
    except (BadInput, ValidationError, ValueError, OSError) as error:
        what = error.what if isinstance(error, BadInput) else str(error)
        raise BadInput(what, source=path, line=number, remedy="Correct this row.") from None


def cell(value: Any, folder: Path) -> bytes:
    """A cell's picture: bytes, a path beside the table, base64, or a dictionary of those.

    Raises:
        ValueError: none of them.
    """
    found = rows.as_bytes(value, folder)
    if not isinstance(found, bytes):
        raise ValueError(f"neither bytes, a file nor base64: {str(value)[:80]!r}")
    return found


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Place and cells of each row.

    Raises:
        BadInput: not a table, or without a column ``image``.
    """
    names = rows.columns(path)
    if IMAGE not in names:
        raise BadInput(
            f"the table has no column {IMAGE!r}",
            source=path,
            remedy=f"Its columns: {', '.join(names)}.",
        )
    wanted = [name for name in (IMAGE, SMILES) if name in names]
    yield from rows.numbered(path, wanted)
