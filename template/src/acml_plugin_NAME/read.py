"""Two columns of text to a signal."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

from acml_core import BadInput
from acml_core.modality import OnReject
from acml_plugin_NAME.signal import COLUMNS, TitleSignal

SUFFIXES = (".csv", ".tsv", ".txt")
REMEDY = "Give two columns, position and value, one point a line."


def read(source: Path | str, *, on_reject: OnReject | None = None) -> Iterator[TitleSignal]:
    """The one curve of a file, or of literal text of several lines.

    Raises:
        BadInput: no such file, no text, or a line that is no pair of numbers.
    """
    text, place = _text(source)
    points = []
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        pair = _pair(line)
        if pair is None and not points and re.match(r"[^\W\d_]", line):
            continue  # the columns' names
        if pair is None:
            raise BadInput(
                f"not two numbers: {line[:40]!r}", source=place, line=number, remedy=REMEDY
            )
        points.append(pair)
    if not points:
        raise BadInput("there is no point in it", source=place, remedy=REMEDY)
    columns = dict(zip(COLUMNS, zip(*sorted(points), strict=True), strict=True))
    yield TitleSignal(origin=Path(place).name if place else "text", **columns)


def _text(source: Path | str) -> tuple[str, str]:
    """The text, and the path it is from ("" for literal text)."""
    if isinstance(source, str) and "\n" in source:
        return source, ""
    try:
        return Path(source).read_text(encoding="utf-8-sig"), str(source)
    except UnicodeDecodeError:
        raise BadInput("the file is not text", source=source, remedy=REMEDY) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"cannot be read: {reason}", source=source, remedy=REMEDY) from None


def _pair(line: str) -> tuple[float, float] | None:
    """Two finite numbers of a line. With ";" between them, a comma is the decimal mark."""
    if ";" in line:
        line = line.replace(",", ".")
    try:
        x, y = (float(part) for part in re.split(r"[;,\s]+", line.strip(";, ")))
    except ValueError:
        return None
    return (x, y) if math.isfinite(x) and math.isfinite(y) else None
