"""The one entry to all readers: a file, a folder or literal text to ``NmrSignal``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from acml_core import sources
from acml_core.data import rows
from acml_core.errors import BadInput, did_you_mean
from acml_core.modality import OnReject
from acml_plugin_nmr.signal import NmrSignal

SUFFIXES = (
    ".txt", ".csv", ".tsv", ".parquet", ".jdx", ".dx", ".jcamp", ".sdf", ".sd", ".str", ".nef", ".zip",
)  # fmt: skip
"""Lower-case suffixes that ``read`` takes for files; Bruker and Varian data are folders."""

FORMATS = (
    "text", "numbers", "csv", "table", "jcamp", "nmrshiftdb2", "nmrstar", "bruker", "varian",
)  # fmt: skip
"""Names for ``read(..., format=)``; "csv" is a peak list or a table, as its columns say."""

_BY_SUFFIX = {
    ".parquet": "table", ".csv": "csv", ".tsv": "csv", ".jdx": "jcamp", ".dx": "jcamp",
    ".jcamp": "jcamp", ".sdf": "nmrshiftdb2", ".sd": "nmrshiftdb2", ".str": "nmrstar",
    ".nef": "nmrstar", ".zip": "zip",
}  # fmt: skip
EXAMPLE = "shifts such as '170.1, 128.4, 55.3'"
NOT_TEXT = "Give a text format, a parquet table, or the folder (or .zip) of the spectrometer."
"""What to give instead of nothing, and of a binary file."""


def read(
    source: Path | str, *, format: str | None = None, on_reject: OnReject | None = None
) -> Iterator[NmrSignal]:
    """Signals of a file, a spectrometer's folder, or literal text.

    A string is a path when that path exists; a string that only looks like one (a single word with a
    known suffix) is taken for a path with a mistake; everything else is the text itself.

    Args:
        source: a path, or text as papers print it, or shifts separated by commas.
        format: one of ``FORMATS``; None to find out by suffix and content.
        on_reject: receives bad records of a file whose others are good.

    Raises:
        BadInput: at once where the source or format is wrong, else while iterating.
    """
    if format is not None and format not in FORMATS:
        raise BadInput(f"no NMR format is called {format!r}", remedy=did_you_mean(format, FORMATS))
    path = sources.locate(source, SUFFIXES, example=EXAMPLE)
    if path is None:
        return _read_literal(str(source), format, on_reject)
    return _read_path(path, format, on_reject)


def _read_literal(text: str, format: str | None, on_reject: OnReject | None) -> Iterator[NmrSignal]:
    if format in (None, "text", "numbers"):
        if text.lstrip().startswith("##") and "=" in text:
            from acml_plugin_nmr.readers.jcamp import read_jcamp

            return read_jcamp(text, Path("text"), on_reject=on_reject)
        from acml_plugin_nmr.readers.text import read_text

        return read_text(text, on_reject=on_reject)
    raise BadInput(
        f"the format {format!r} needs a file",
        source=text,
        remedy="Give the path of an existing file.",
    )


def _read_path(path: Path, format: str | None, on_reject: OnReject | None) -> Iterator[NmrSignal]:
    from acml_plugin_nmr.readers import vendor

    if path.is_dir():
        if format not in (None, "bruker", "varian"):
            raise BadInput(f"a folder is not in the format {format!r}", source=path)
        return vendor.read_folder(path)
    if format in ("bruker", "varian") and path.suffix.lower() != ".zip":
        inside = path.parent
        if path.name.lower() in ("fid", "acqus", "procpar", "1r"):
            return vendor.read_folder(inside.parent.parent if path.name == "1r" else inside)
        raise BadInput("a folder (or its .zip) is needed", source=path, remedy="Give the folder.")
    head = sources.probe(path)
    kind = format or _BY_SUFFIX.get(path.suffix.lower()) or _by_content(head, path)
    return _READERS[kind](path, on_reject)


def _by_content(head: bytes, path: Path) -> str:
    """Format of a file whose suffix does not tell, from its first bytes."""
    if head.startswith(b"PAR1"):
        return "table"
    if head.startswith(b"PK\x03\x04"):
        return "zip"
    if path.name.lower() in ("fid", "acqus", "procpar", "1r"):
        return "inside"
    sources.refuse_binary(head, path, remedy=NOT_TEXT)
    text = head.decode("utf-8", errors="replace").lstrip("\ufeff \r\n\t")
    if text.startswith("##"):
        return "jcamp"
    if re.match(r"data_\S", text) or "\nsave_" in text:
        return "nmrstar"
    if re.search(r"^.{30,}V[23]000\s*$", text, re.M) or "M  END" in text:
        return "nmrshiftdb2"
    return "text"


def _text(path: Path, on_reject: OnReject | None) -> Iterator[NmrSignal]:
    from acml_plugin_nmr.readers import peaklist
    from acml_plugin_nmr.readers.text import read_text

    text = sources.read_text(path, remedy=NOT_TEXT)
    kind = _by_content(text[: sources.PROBE].encode(), path)
    if kind != "text":
        return _READERS[kind](path, on_reject)
    if peaklist.looks_like_rows(text):
        return peaklist.read_numbers(text, path)
    return read_text(text, source=path, on_reject=on_reject)


def _numbers(path: Path, on_reject: OnReject | None) -> Iterator[NmrSignal]:
    from acml_plugin_nmr.readers import peaklist

    return peaklist.read_numbers(sources.read_text(path, remedy=NOT_TEXT), path)


def _csv(path: Path, on_reject: OnReject | None) -> Iterator[NmrSignal]:
    from acml_plugin_nmr.readers import peaklist, tables

    sources.refuse_binary(sources.probe(path), path, remedy=NOT_TEXT)
    header = rows.columns(path)
    if tables.has_columns(header) or tables.has_structures(header):
        return tables.read_table(path, on_reject=on_reject)
    return peaklist.read_peaks(sources.read_text(path, remedy=NOT_TEXT), path)


def _table(path: Path, on_reject: OnReject | None) -> Iterator[NmrSignal]:
    from acml_plugin_nmr.readers.tables import read_table

    return read_table(path, on_reject=on_reject)


def _jcamp(path: Path, on_reject: OnReject | None) -> Iterator[NmrSignal]:
    from acml_plugin_nmr.readers.jcamp import read_jcamp

    return read_jcamp(sources.read_text(path, remedy=NOT_TEXT), path, on_reject=on_reject)


def _sdf(path: Path, on_reject: OnReject | None) -> Iterator[NmrSignal]:
    from acml_plugin_nmr.readers.sdf import read_sdf

    sources.refuse_binary(sources.probe(path), path, remedy=NOT_TEXT)
    return read_sdf(path, on_reject=on_reject)


def _star(path: Path, on_reject: OnReject | None) -> Iterator[NmrSignal]:
    from acml_plugin_nmr.readers.star import read_star

    return read_star(sources.read_text(path, remedy=NOT_TEXT), path, on_reject=on_reject)


def _zip(path: Path, on_reject: OnReject | None) -> Iterator[NmrSignal]:
    from acml_plugin_nmr.readers.vendor import read_zip

    return read_zip(path)


def _inside(path: Path, on_reject: OnReject | None) -> Iterator[NmrSignal]:
    """A file of a spectrometer's folder stands for the folder."""
    from acml_plugin_nmr.readers.vendor import read_folder

    return read_folder(path.parent)


_READERS = {
    "text": _text, "numbers": _numbers, "csv": _csv, "table": _table, "jcamp": _jcamp,
    "nmrshiftdb2": _sdf, "nmrstar": _star, "zip": _zip, "bruker": _zip, "varian": _zip,
    "inside": _inside,
}  # fmt: skip
