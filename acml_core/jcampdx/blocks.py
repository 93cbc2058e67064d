"""Blocks of a JCAMP-DX file: labelled records, each with the line where it stands.

McDonald and Wilks, Appl. Spectrosc. 1988, 42, 151, doi:10.1366/0003702884428734, sections 3 and 4.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

from acml_core.errors import BadInput
from acml_core.modality import OnReject

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
"""A number as data and headers have it."""

_LABEL = re.compile(r"^[ \t]*##([^=\n]*)=", re.M)
_COMMENT = re.compile(r"\$\$[^\n]*")

T = TypeVar("T")


class Record(NamedTuple):
    """What stands after a label, comments left out, up to the next label.

    Attributes:
        line: number of the label's line in the file, from 1.
    """

    text: str
    line: int


@dataclass
class Block:
    """One block.

    Attributes:
        records: by label in capitals without blanks, "-", "/" and "_"; a label may stand repeatedly.
        start: line of its first label.
        ended: whether its ##END= is there.
    """

    records: dict[str, list[Record]] = field(default_factory=dict)
    start: int = 1
    ended: bool = False

    def first(self, *labels: str) -> Record | None:
        """The first record of the first of ``labels`` that the block has."""
        return next((self.records[name][0] for name in labels if name in self.records), None)

    def get(self, *labels: str) -> str:
        """Its first line, stripped, or ""."""
        found = self.first(*labels)
        return found.text.split("\n", 1)[0].strip() if found else ""

    def number(self, *labels: str) -> float | None:
        """The first number in it, or None."""
        found = NUMBER.search(self.get(*labels))
        return float(found[0]) if found else None

    def line(self, *labels: str) -> int | None:
        """Line of the first of ``labels`` that the block has."""
        found = self.first(*labels)
        return found.line if found else None

    def has(self, *labels: str) -> str:
        """The first of ``labels`` that the block has, or ""."""
        return next((name for name in labels if name in self.records), "")


def blocks(text: str) -> list[Block]:
    """Blocks in the order in which they begin; a link block's children follow it."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = list(_LABEL.finditer(text))
    result: list[Block] = []
    stack: list[Block] = []
    line, counted = 1, 0
    for match, end in zip(found, [*(m.start() for m in found[1:]), len(text)], strict=False):
        line += text.count("\n", counted, match.start())
        counted = match.start()
        label = re.sub(r"[\s/_-]", "", match[1]).upper()
        if label == "":  # ##= is a comment
            continue
        if label == "TITLE" or not stack:
            stack.append(Block(start=line))
            result.append(stack[-1])
        if label == "END":
            stack.pop().ended = True
            continue
        body = _COMMENT.sub("", text[match.end() : end])
        stack[-1].records.setdefault(label, []).append(Record(body, line))
    return result


def each(
    text: str,
    source: str | Path,
    labels: tuple[str, ...],
    read: Callable[[Block], T],
    on_reject: OnReject | None = None,
) -> Iterator[T]:
    """What ``read`` makes of each block that holds data or says what kind of data it is.

    Args:
        labels: of data tables.
        on_reject: told of blocks that ``read`` refuses, where there are several blocks.

    Raises:
        BadInput: no such block, or ``read`` refused all: the first refusal.
    """
    data = [block for block in blocks(text) if block.has(*labels, "DATATYPE", "DATACLASS")]
    data = [block for block in data if block.get("DATATYPE").upper() != "LINK"]
    if not data:
        raise BadInput(
            "no JCAMP-DX data block found",
            source=source,
            remedy="The file may be truncated: it needs ##DATA TYPE= and ##XYDATA= or"
            " ##PEAK TABLE=.",
        )
    errors: list[BadInput] = []
    given = 0
    for block in data:
        try:
            found = read(block)
        except BadInput as error:
            errors.append(error)
            if on_reject is not None and len(data) > 1:
                on_reject(error)
            continue
        given += 1
        yield found
    if not given:
        raise errors[0]


def truncated(block: Block, label: str, points: int, source: str | Path) -> BadInput | None:
    """What is to be said of a data table whose end is missing; None where it is whole."""
    stated = block.number("NPOINTS")
    if stated is None and not block.ended:
        what = "the block has neither ##NPOINTS= nor ##END=, so its end may be missing"
    elif stated is not None and points < stated:
        what = f"the spectrum has {points} of {int(stated)} points"
    else:
        return None
    return BadInput(
        what,
        source=source,
        line=block.line(label),
        remedy="The file is truncated: export or download it again.",
    )
