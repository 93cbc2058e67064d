"""Opening files: text whatever its encoding, and clear words for what is no text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from acml_core.errors import BadInput

PROBE = 8192
"""Bytes looked at to tell text from binary data."""

MAX_BYTES = 2_000_000_000
"""Largest file read at once (JSON, JCAMP-DX); the other formats are streamed and have no limit."""

CONTROL_SHARE = 0.02
"""Share of control characters above which a file is binary."""

_ALLOWED = set(b"\t\n\r\f\x1a")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def probe(path: Path) -> bytes:
    """First bytes of a file.

    Raises:
        BadInput: no such file, unreadable, or empty.
    """
    try:
        with path.open("rb") as file:
            head = file.read(PROBE)
    except FileNotFoundError:
        raise BadInput("no such file", source=path, remedy="Check the path.") from None
    except OSError as error:
        raise BadInput(f"cannot be opened ({error.strerror})", source=path) from None
    if not head.strip(b"\0 \t\r\n\x1a\xef\xbb\xbf"):
        raise BadInput("the file is empty", source=path, remedy="Export or download it again.")
    return head


def refuse_binary(head: bytes, path: Path) -> None:
    """Raise ``BadInput`` where the first bytes of a file are not text."""
    if head[:2] in _UTF16:
        return
    odd = sum(byte < 32 and byte not in _ALLOWED for byte in head)
    if b"\0" in head or odd > CONTROL_SHARE * len(head):
        raise BadInput(
            "the file is binary, not text",
            source=path,
            remedy="Unpack it if it is compressed; convert a vendor's file to mzML "
            "(ProteoWizard's msconvert does), or give a parquet table.",
        )


def text_encoding(path: Path) -> str:
    """Encoding of a text file: UTF-8, UTF-16 with a mark, else Windows Latin.

    Raises:
        BadInput: missing, empty or binary.
    """
    head = probe(path)
    refuse_binary(head, path)
    if head[:2] in _UTF16:
        return "utf-16"
    try:
        head[: PROBE - 4].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < PROBE - 8:
            return "cp1252"
    return "utf-8-sig"


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines of a text file with their numbers, without line ends.

    Raises:
        BadInput: missing, empty or binary.
    """
    encoding = text_encoding(path)
    with path.open(encoding=encoding, errors="replace") as file:
        for number, line in enumerate(file, start=1):
            yield number, line.rstrip("\r\n")


def text_lines(text: str) -> Iterator[tuple[int, str]]:
    """The same for literal text."""
    return enumerate(text.splitlines(), start=1)


def read_text(path: Path) -> str:
    """A whole text file.

    Raises:
        BadInput: missing, empty, binary or too large.
    """
    encoding = text_encoding(path)
    if path.stat().st_size > MAX_BYTES:
        raise BadInput("the file is too large", source=path, remedy="Split it.")
    return path.read_bytes().decode(encoding, errors="replace")
