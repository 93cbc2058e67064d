"""Peaks as text: two numbers, however separated, one or more a line."""

from __future__ import annotations

import re

NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?nan|[-+]?inf"
_PAIR = re.compile(rf"\s*[(\[]?\s*({NUMBER})\s*[:\s,\t]\s*({NUMBER})\s*[)\]]?", re.I)
_SPLIT = re.compile(r"[;\n]")


def pairs_of(line: str) -> list[tuple[float, float]] | None:
    """Peaks of one line such as "41 10", "41:10 43:100", "41 10; 43 100", or None.

    What follows the second number is an annotation unless it is more pairs divided by ";" or the
    line is made of "m/z:intensity" items.
    """
    found: list[tuple[float, float]] = []
    if ":" in line and ";" not in line:
        for item in line.split():
            left, colon, right = item.partition(":")
            try:
                found.append((float(left), float(right)))
            except ValueError:
                return found or None if not colon else None
        return found or None
    for part in _SPLIT.split(line):
        if not part.strip():
            continue
        pair = _PAIR.match(part)
        if pair is None:
            return None
        found.append((float(pair[1]), float(pair[2])))
    return found or None
