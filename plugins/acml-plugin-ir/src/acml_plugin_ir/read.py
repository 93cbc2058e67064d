"""The one entry to all readers: a file or literal text to ``IrSignal``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from acml_core import sources
from acml_core.errors import BadInput, did_you_mean
from acml_core.modality import OnReject
from acml_plugin_ir.signal import IrSignal

SUFFIXES = (
    ".jdx", ".dx", ".jcamp", ".jcm", ".csv", ".tsv", ".txt", ".dpt", ".spc", ".parquet", ".0", ".1",
)  # fmt: skip
"""Lower-case suffixes that ``read`` takes; OPUS files have a number as suffix."""

FORMATS = ("bands", "csv", "table", "jcamp", "spc", "opus")
"""Names for ``read(..., format=)``; "csv" is two columns or a table, as its first lines say."""

_BY_SUFFIX = {
    ".parquet": "table", ".csv": "csv", ".tsv": "csv", ".dpt": "csv", ".jdx": "jcamp",
    ".dx": "jcamp", ".jcamp": "jcamp", ".jcm": "jcamp", ".spc": "spc",
}  # fmt: skip
MAX_BYTES = 1_000_000_000
"""Largest file read at once [bytes]."""

EXAMPLE = "bands such as 'IR (KBr) 3310, 1720 cm-1'"
NOT_TEXT = "It is neither SPC, OPUS nor parquet: export the spectrum as JCAMP-DX or CSV."
"""What to give instead of nothing, and of a binary file."""


def read(
    source: Path | str, *, format: str | None = None, on_reject: OnReject | None = None
) -> Iterator[IrSignal]:
    """Signals of a file or of literal text.

    A string is a path when that path exists; a string that only looks like one (a single word with a
    known suffix) is taken for a path with a mistake; everything else is the text itself.

    Raises:
        BadInput: at once where the source or format is wrong, else while iterating.
    """
    if format is not None and format not in FORMATS:
        raise BadInput(f"no IR format is called {format!r}", remedy=did_you_mean(format, FORMATS))
    path = sources.locate(source, SUFFIXES, example=EXAMPLE)
    if path is None:
        return _literal(str(source), format, on_reject)
    if path.is_dir():
        raise BadInput(
            "a folder is no infrared spectrum", source=path, remedy="Give one file of it."
        )
    return _file(path, format, on_reject)


def _literal(text: str, format: str | None, on_reject: OnReject | None) -> Iterator[IrSignal]:
    from acml_plugin_ir.readers.bands import read_bands
    from acml_plugin_ir.readers.columns import looks_like_columns, read_columns
    from acml_plugin_ir.readers.jcamp import read_jcamp

    if text.lstrip().startswith("##") and format in (None, "jcamp"):
        return read_jcamp(text, Path("text"), on_reject=on_reject)
    if looks_like_columns(text) and format in (None, "csv"):
        return read_columns(text, Path("text"))
    if format in (None, "bands"):
        return read_bands(text, on_reject=on_reject)
    raise BadInput(
        f"the format {format!r} needs a file", source=text, remedy="Give an existing file's path."
    )


def _file(path: Path, format: str | None, on_reject: OnReject | None) -> Iterator[IrSignal]:
    from acml_plugin_ir.readers import bands, columns, jcamp, opus, spc, tables

    head = sources.probe(path, max_bytes=MAX_BYTES)
    kind = format or _kind(head, path)
    if kind == "opus":
        return opus.read_opus(path)
    if kind == "spc":
        return spc.read_spc(path, on_reject=on_reject)
    if kind == "table":
        if path.suffix.lower() != ".parquet":
            sources.refuse_binary(head, path, remedy=NOT_TEXT)
        return tables.read_table(path, on_reject=on_reject)
    text = sources.read_text(path, remedy=NOT_TEXT)
    if kind == "jcamp":
        return jcamp.read_jcamp(text, path, on_reject=on_reject)
    if kind == "csv":
        if tables.is_table(path):
            return tables.read_table(path, on_reject=on_reject)
        return columns.read_columns(text, path)
    if kind != "bands" and columns.looks_like_columns(text):
        return columns.read_columns(text, path)
    return bands.read_bands(text, source=path, on_reject=on_reject)


def _kind(head: bytes, path: Path) -> str:
    """Format of a file: by its first bytes, then by its suffix; "" for text of some kind."""
    from acml_plugin_ir.readers.opus import MAGIC

    if head.startswith(MAGIC):
        return "opus"
    if head.startswith(b"PAR1"):
        return "table"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"##"):
        return "jcamp"
    return _BY_SUFFIX.get(path.suffix.lower(), "")
