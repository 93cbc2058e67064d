"""Opening files: text whatever its encoding, and clear words for what is no text."""

from __future__ import annotations

from pathlib import Path

from acml_core.errors import BadInput

MAX_BYTES = 1_000_000_000
"""Largest file read at once."""

CONTROL_SHARE = 0.02
"""Share of control characters above which a file is binary."""

PROBE = 8192
"""Bytes looked at to tell text from binary data."""

_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f\x1a"))


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
    if not head.strip(b"\0 \t\r\n\x1a"):
        raise BadInput("the file is empty", source=path, remedy="Export or download it again.")
    if path.stat().st_size > MAX_BYTES:
        raise BadInput("the file is too large", source=path, remedy="Split it.")
    return head


def is_binary(head: bytes) -> bool:
    """Whether the first bytes of a file are not text."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return False
    odd = len(head) - len(head.translate(None, _CONTROL))
    return b"\0" in head or odd > CONTROL_SHARE * len(head)


def read_text_file(path: Path) -> str:
    """A text file as a string: UTF-8, UTF-16 with a mark, else Windows Latin.

    Raises:
        BadInput: missing, empty, too large, or binary.
    """
    head = probe(path)
    if is_binary(head):
        raise BadInput(
            "the file is binary, and neither SPC, OPUS nor parquet",
            source=path,
            remedy="Export the spectrum as JCAMP-DX or CSV.",
        )
    data = path.read_bytes()
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")
