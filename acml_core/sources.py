"""For authors of plugins: what every ``Modality.read`` does before it looks for its own data.

Is the source a path or literal text (``locate``)? Is the file there, and is it text (``probe``,
``is_binary``, ``refuse_binary``)? Then its text, whatever its encoding (``read_text``), or line by
line where a file may be too large for the memory (``lines``, or ``text_encoding`` for one's own
``open``). Records are parsed one by one, and the bad ones reported (``parsed``). Every failure is one
``BadInput``. What only the plugin can know, such as the formats that it suggests instead, is an
argument.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from acml_core.errors import BadInput

MAX_PATH = 4096
"""Longest string that can be a path [characters]."""

PROBE = 8192
"""Bytes looked at to tell text from binary data, and one encoding from another."""

MAX_BYTES = 2_000_000_000
"""Largest text file read at once [bytes]; ``lines`` has no limit."""

CONTROL_SHARE = 0.02
"""Share of control characters above which a file is binary."""

UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f\x1a"))
_BLANK = b"\0 \t\r\n\x1a"
_LIKE_A_PATH = re.compile(r"(?:~|\.{0,2}/|[A-Za-z]:\\)\S*")


Record = TypeVar("Record")
Parsed = TypeVar("Parsed")


def parsed(
    records: Iterable[Record],
    parse: Callable[[Record], Parsed | None],
    on_reject: Callable[[BadInput], None] | None,
) -> Iterator[Parsed]:
    """``parse`` of each record but those for which it is None; a bad one does not stop the rest.

    Args:
        on_reject: receives the error of each bad record.

    Raises:
        BadInput: of the first bad record, where ``on_reject`` is None.
    """
    for record in records:
        try:
            one = parse(record)
        except BadInput as error:
            if on_reject is None:
                raise
            on_reject(error)
            continue
        if one is not None:
            yield one


def locate(source: Path | str, suffixes: Collection[str], *, example: str) -> Path | None:
    r"""The path that ``source`` is, or None where it is literal text.

    A string is a path where that path exists. One that only looks like a path is taken for a path
    with a mistake: a single word that ends in a known suffix and has a letter in it ("3310.0" is a
    number, whatever ".0" is the suffix of), or that begins as paths do ("./", "/", "~", "C:\").
    Everything else is text.

    Args:
        source: a path, or a string that is a path or the data itself.
        suffixes: lower-case suffixes of the files that the plugin reads, such as ".csv".
        example: what could be given instead of nothing, such as "two numbers a line".

    Raises:
        BadInput: an empty string, or a path to nothing.
    """
    if isinstance(source, Path):
        if not _exists(source):
            raise BadInput("no such file", source=source, remedy="Check the path.")
        return source
    text = source.strip()
    if not text:
        raise BadInput("the input is empty", remedy=f"Give a file, or {example}.")
    if "\n" in text or "\0" in text or len(text) >= MAX_PATH:
        return None
    path = Path(text)
    try:
        if path.exists():
            return path
    except (OSError, ValueError):  # e.g. a name longer than the file system's longest
        return None
    one_word = not re.search(r"\s", text)
    if one_word and path.suffix.lower() in suffixes and any(map(str.isalpha, text)):
        raise BadInput("no such file", source=text, remedy="Check the path.")
    if _LIKE_A_PATH.fullmatch(text):
        raise BadInput("no such file or folder", source=text, remedy="Check the path.")
    return None


def probe(path: Path, *, max_bytes: int | None = None) -> bytes:
    """The first ``PROBE`` bytes of a file, to tell its format from.

    Args:
        path: of the file.
        max_bytes: largest size of the file, where all of it will be read at once [bytes].

    Raises:
        BadInput: no such file, unreadable, without content, or too large.
    """
    try:
        with path.open("rb") as file:
            head = file.read(PROBE)
        size = path.stat().st_size
    except FileNotFoundError:
        raise BadInput("no such file", source=path, remedy="Check the path.") from None
    except OSError as error:
        raise BadInput(f"cannot be opened ({error.strerror})", source=path) from None
    if not head.removeprefix(codecs.BOM_UTF8).strip(_BLANK):
        raise BadInput("the file is empty", source=path, remedy="Export or download it again.")
    if max_bytes is not None and size > max_bytes:
        raise BadInput("the file is too large", source=path, remedy="Split it.")
    return head


def is_binary(head: bytes) -> bool:
    """Whether the first bytes of a file are not text; UTF-16 counts as text where it has a mark."""
    if head.startswith(UTF16_MARKS):
        return False
    control = len(head) - len(head.translate(None, _CONTROL))
    return b"\0" in head or control > CONTROL_SHARE * len(head)


def refuse_binary(head: bytes, path: Path, *, remedy: str) -> None:
    """Raise where the first bytes of a file are not text.

    Args:
        head: the first bytes, from ``probe``.
        path: of the file, for the message.
        remedy: what to give instead, as a full sentence.

    Raises:
        BadInput: the file is binary.
    """
    if is_binary(head):
        raise BadInput("the file is binary, not text", source=path, remedy=remedy)


def text_encoding(path: Path, *, remedy: str) -> str:
    """Encoding of a text file by its beginning: UTF-8, UTF-16 with a mark, else Windows Latin.

    Open the file with ``errors="replace"``: what follows the beginning is not looked at.

    Raises:
        BadInput: missing, empty or (with ``remedy``) binary.
    """
    head = probe(path)
    refuse_binary(head, path, remedy=remedy)
    # A character that the end of the probe cuts in two is no mistake; one at the file's end is.
    return _encoding(head, whole=len(head) < PROBE)


def read_text(path: Path, *, remedy: str, max_bytes: int = MAX_BYTES) -> str:
    """A whole text file: UTF-8, UTF-16 with a mark, else Windows Latin. The mark is left out.

    Args:
        path: of the file.
        remedy: what to give instead of a binary file, as a full sentence.
        max_bytes: largest size [bytes].

    Raises:
        BadInput: missing, empty, too large or binary.
    """
    refuse_binary(probe(path, max_bytes=max_bytes), path, remedy=remedy)
    data = path.read_bytes()
    return data.decode(_encoding(data, whole=True), errors="replace")


def lines(path: Path, *, remedy: str) -> Iterator[tuple[int, str]]:
    """Lines of a text file, without their ends, and their numbers from 1; not read at once.

    Raises:
        BadInput: missing, empty or (with ``remedy``) binary; at the first line.
    """
    encoding = text_encoding(path, remedy=remedy)
    with path.open(encoding=encoding, errors="replace") as file:
        for number, line in enumerate(file, start=1):
            yield number, line.rstrip("\r\n")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise BadInput(f"cannot be opened ({error.strerror})", source=path) from None


def _encoding(data: bytes, *, whole: bool) -> str:
    """Encoding of text, of which ``data`` is all or the beginning."""
    if data.startswith(UTF16_MARKS):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, final=whole)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"
