"""The one entry to all readers: a file, a folder of records, or literal text to ``MsSignal``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from acml_core import sources
from acml_core.errors import BadInput, did_you_mean
from acml_core.modality import OnReject
from acml_plugin_ms.signal import MsSignal

SUFFIXES = (
    ".mgf", ".msp", ".mzml", ".mzxml", ".txt", ".jdx", ".dx", ".jcamp", ".csv", ".tsv", ".json",
    ".jsonl", ".parquet",
)  # fmt: skip
"""Lower-case suffixes that ``read`` takes for files."""

FORMATS = (
    "mgf", "msp", "mzml", "mzxml", "massbank", "jcamp", "csv", "json", "table", "text",
)  # fmt: skip
"""Names for ``read(..., format=)``; "csv" is a peak list or a table, as its columns say."""

_BY_SUFFIX = {
    ".mgf": "mgf", ".msp": "msp", ".mzml": "mzml", ".mzxml": "mzxml", ".jdx": "jcamp",
    ".dx": "jcamp", ".jcamp": "jcamp", ".csv": "csv", ".tsv": "csv", ".json": "json",
    ".jsonl": "json", ".parquet": "table",
}  # fmt: skip
EXAMPLE = "peaks such as '43:100 58:27'"
"""What to give instead of nothing."""


def read(
    source: Path | str, *, format: str | None = None, on_reject: OnReject | None = None
) -> Iterator[MsSignal]:
    """Signals of a file, of a folder of MassBank records, or of literal text.

    A string is a path when that path exists; a string that only looks like one (a single word with a
    known suffix) is taken for a path with a mistake; everything else is the text itself.

    Args:
        source: a path, or peaks as text.
        format: one of ``FORMATS``; None to find out by suffix and content.
        on_reject: receives bad records of a file whose others are good, and a note of MS1 scans
            that were passed over.

    Raises:
        BadInput: at once where the source or format is wrong, else while iterating.
    """
    from acml_plugin_ms.readers.record import signals

    if format is not None and format not in FORMATS:
        raise BadInput(f"no MS format is called {format!r}", remedy=did_you_mean(format, FORMATS))
    path = sources.locate(source, SUFFIXES, example=EXAMPLE)
    if path is None:
        return _read_literal(str(source), format, on_reject)
    if path.is_dir():
        return _read_folder(path, format, on_reject)
    kind = format or _kind(path)
    return signals(_READERS[kind](path, on_reject), path, on_reject)


def _read_literal(text: str, format: str | None, on_reject: OnReject | None) -> Iterator[MsSignal]:
    from acml_plugin_ms.readers import jcampdx, jsonfile, massbank, mgf, msp
    from acml_plugin_ms.readers import text as plain
    from acml_plugin_ms.readers.record import signals

    kind = format or by_content(text)
    numbered = enumerate(text.splitlines(), start=1)
    if kind == "mgf":
        found = mgf.read_mgf(numbered, "text")
    elif kind == "msp":
        found = msp.read_msp(numbered, "text")
    elif kind == "massbank":
        found = massbank.read_massbank(numbered, "text")
    elif kind == "jcamp":
        found = jcampdx.read_jcamp(text, "text")
    elif kind == "json":
        found = jsonfile.read_json(text, "text")
    elif kind == "text":
        found = plain.read_text(text, "text")
    else:
        raise BadInput(
            f"the format {kind!r} needs a file",
            source=text,
            remedy="Give the path of an existing file.",
        )
    return signals(found, "text", on_reject)


def _read_folder(path: Path, format: str | None, on_reject: OnReject | None) -> Iterator[MsSignal]:
    """Every MassBank record below a folder, in order of name."""
    from acml_plugin_ms.readers.record import signals

    if format not in (None, "massbank"):
        raise BadInput(f"a folder is not in the format {format!r}", source=path)
    records = sorted(path.rglob("*.txt"))
    if not records:
        raise BadInput(
            "the folder holds no MassBank records (*.txt)",
            source=path,
            remedy="Give a file, or a folder of MassBank records.",
        )
    bad = 0
    for record in records:
        try:
            yield from signals(_massbank(record, on_reject), record, None)
        except BadInput as error:
            if on_reject is None:
                raise
            on_reject(error)
            bad += 1
    if bad == len(records):
        raise BadInput("none of the folder's records could be read", source=path)


def _kind(path: Path) -> str:
    """Format of a file from its first bytes, where its suffix does not tell or deceives."""
    from acml_plugin_ms.readers import files

    head = sources.probe(path)
    if head.startswith(b"PAR1"):
        return "table"
    kind = _BY_SUFFIX.get(path.suffix.lower())
    if kind is not None:
        return kind
    files.refuse_binary(head, path)
    encoding = files.text_encoding(path)
    return by_content(head.decode(encoding, errors="replace"))


def by_content(text: str) -> str:
    """Format of a text from its beginning: one of ``FORMATS``."""
    text = text.lstrip("\ufeff \r\n\t")
    if text.startswith("##"):
        return "jcamp"
    if text.startswith("<"):
        return "mzxml" if "<mzXML" in text else "mzml"
    if re.match(r"(?:\[\s*)?\{|\[\s*\[", text):
        return "json"
    if re.search(r"^BEGIN IONS\s*$", text, re.M | re.I):
        return "mgf"
    if re.search(r"^ACCESSION:", text, re.M):
        return "massbank"
    if re.search(r"^Num ?Peaks\s*:", text, re.M | re.I) or re.match(r"NAME:", text, re.I):
        return "msp"
    return "text"


# ---- one function a format, so that a reader's modules are imported when it is used ---------------


def _mgf(path: Path, on_reject: OnReject | None) -> Iterator:  # type: ignore[type-arg]
    from acml_plugin_ms.readers import files, mgf

    return mgf.read_mgf(files.lines(path), path)


def _msp(path: Path, on_reject: OnReject | None) -> Iterator:  # type: ignore[type-arg]
    from acml_plugin_ms.readers import files, msp

    return msp.read_msp(files.lines(path), path)


def _massbank(path: Path, on_reject: OnReject | None) -> Iterator:  # type: ignore[type-arg]
    from acml_plugin_ms.readers import files, massbank

    return massbank.read_massbank(files.lines(path), path)


def _mzml(path: Path, on_reject: OnReject | None) -> Iterator:  # type: ignore[type-arg]
    from acml_plugin_ms.readers import mzml

    return mzml.read_mzml(path, on_reject)


def _mzxml(path: Path, on_reject: OnReject | None) -> Iterator:  # type: ignore[type-arg]
    from acml_plugin_ms.readers import mzml

    return mzml.read_mzxml(path, on_reject)


def _jcamp(path: Path, on_reject: OnReject | None) -> Iterator:  # type: ignore[type-arg]
    from acml_plugin_ms.readers import files, jcampdx

    return jcampdx.read_jcamp(files.read_text(path), path)


def _json(path: Path, on_reject: OnReject | None) -> Iterator:  # type: ignore[type-arg]
    from acml_plugin_ms.readers import files, jsonfile

    return jsonfile.read_json(files.read_text(path), path)


def _csv(path: Path, on_reject: OnReject | None) -> Iterator:  # type: ignore[type-arg]
    from acml_plugin_ms.readers import tables

    return tables.read_csv(path)


def _table(path: Path, on_reject: OnReject | None) -> Iterator:  # type: ignore[type-arg]
    from acml_plugin_ms.readers import tables

    if not sources.probe(path).startswith(b"PAR1"):
        return tables.read_csv(path)
    return tables.read_table(path)


def _text(path: Path, on_reject: OnReject | None) -> Iterator:  # type: ignore[type-arg]
    from acml_plugin_ms.readers import files, text

    return text.read_text(files.read_text(path), path)


_READERS = {
    "mgf": _mgf, "msp": _msp, "massbank": _massbank, "mzml": _mzml, "mzxml": _mzxml,
    "jcamp": _jcamp, "json": _json, "csv": _csv, "table": _table, "text": _text,
}  # fmt: skip
