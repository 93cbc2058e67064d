"""Two columns of text to a signal."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

from acml_core import BadInput, sources
from acml_core.modality import OnReject
from acml_plugin_NAME.signal import COLUMNS, TitleSignal

SUFFIXES = (".csv", ".tsv", ".txt")
REMEDY = "Give two columns, position and value, one point a line."


def read(source: Path | str, *, on_reject: OnReject | None = None) -> Iterator[TitleSignal]:
    """The one curve of a file, or of literal text.

    Raises:
        BadInput: no such file, no text, or a line that is no pair of numbers.
    """
    path = sources.locate(source, SUFFIXES, example="two columns of numbers")
    text = str(source) if path is None else sources.read_text(path, remedy=REMEDY)
    place = "text" if path is None else str(path)
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
    yield TitleSignal(origin=Path(place).name, **columns)


def _pair(line: str) -> tuple[float, float] | None:
    """Two finite numbers of a line. With ";" between them, a comma is the decimal mark."""
    if ";" in line:
        line = line.replace(",", ".")
    try:
        x, y = (float(part) for part in re.split(r"[;,\s]+", line.strip(";, ")))
    except ValueError:
        return None
    return (x, y) if math.isfinite(x) and math.isfinite(y) else None
