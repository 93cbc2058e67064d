"""Named parsers of a column map: a cell of somebody's table to a value of ours.

A list may stand in a cell as a list, as JSON, or as separated text; its items may be plain, objects,
or lists themselves, of which ``item`` says the part.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, get_args, get_origin

if TYPE_CHECKING:
    from acml_core.data.fetch_map import Column

Item = str | int | tuple[str | int, ...]
"""A key of an object, a place in a list, or several of these whose numbers are averaged."""

LEADING = re.compile(r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+))")
MOST_SHOWN = 60
"""Characters of a cell in a message."""


def text(cell: Any, how: Column) -> str:
    """One text; ``values`` and ``suffix`` are applied."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)  # a column of whole numbers in which one is missing is read as floats
    found = str(cell).strip()
    found = how.values.get(found, found)
    return found + how.suffix if found else found


def number(cell: Any, how: Column) -> float:
    """One number, scaled."""
    return _number(cell) * how.scale


def numbers(cell: Any, how: Column) -> list[float]:
    """A list of numbers, scaled. An ``optional`` item is 0 where it is not stated."""
    return [value * how.scale for value in _picked(cell, how, _number, 0.0)]


def leading_numbers(cell: Any, how: Column) -> list[float]:
    """The number at the beginning of each text: ``["3H", "1 H"]`` is 3 and 1."""
    return [value * how.scale for value in _picked(cell, how, _leading, 0.0)]


def texts(cell: Any, how: Column) -> list[str]:
    """A list of texts; ``values`` is applied. An ``optional`` item is "" where it is not stated."""
    return [how.values.get(one, one) for one in _picked(cell, how, _text, "")]


PARSERS: dict[str, Callable[[Any, Column], Any]] = {
    "text": text,
    "number": number,
    "numbers": numbers,
    "leading-numbers": leading_numbers,
    "texts": texts,
}
"""By the name that a map gives. Each raises ValueError, which becomes the row's reason."""


def default_parser(annotation: Any) -> str:
    """The parser of a column of ours of this type."""
    several = get_origin(annotation) in (tuple, list)
    inner = get_args(annotation)[0] if several else annotation
    numeric = inner in (float, int) or float in get_args(inner)  # Annotated[float, ...]
    return ("numbers" if several else "number") if numeric else ("texts" if several else "text")


def empty(cell: Any) -> bool:
    """Whether a cell states nothing."""
    if isinstance(cell, str):
        return not cell.strip() or cell.strip().lower() in ("null", "none", "nan")
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def _picked(cell: Any, how: Column, convert: Callable[[Any], Any], absent: Any) -> list[Any]:
    """``convert`` of each item of a list; an empty list where no item states an optional part."""
    items = _listed(cell, how, numeric=absent == 0.0)
    found = [_pick(one, how, convert) for one in items]
    if None not in found:
        return found
    place = found.index(None)
    if not how.optional:
        raise ValueError(f"item {place + 1} {_shape(items[place])}; the map takes {_wanted(how)}")
    if all(one is None for one in found):
        return []
    return [absent if one is None else one for one in found]


def _listed(cell: Any, how: Column, *, numeric: bool) -> list[Any]:
    if isinstance(cell, str) and cell.lstrip()[:1] in ("[", "{"):
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"broken JSON: {error}") from None
    if isinstance(cell, dict):
        key = next((key for key in how.within if key in cell), None)
        if key is None:
            raise ValueError(f"the cell {_shape(cell)}; 'within' names none of them")
        cell = cell[key]
    if isinstance(cell, str):
        mark = next((mark for mark in ("|", ";", ",") if mark in cell), None)
        if numeric:  # a mark at either end separates nothing; blanks may separate
            return cell.strip(f" {mark}").split(mark) if mark else cell.split()
        return [part.strip() for part in cell.split(mark)] if mark else [cell.strip()]
    if not isinstance(cell, list | tuple):
        return [] if cell is None else [cell]
    return list(cell)


def _pick(one: Any, how: Column, convert: Callable[[Any], Any]) -> Any:
    """The wanted part of an item, or None where it has none."""
    if not isinstance(one, dict | list | tuple):
        return convert(one)
    for wanted in how.item:
        parts = wanted if isinstance(wanted, tuple) else (wanted,)
        values = [_part(one, part) for part in parts]
        if any(value is None for value in values):
            continue
        if len(values) == 1:
            return convert(values[0])
        return sum(convert(value) for value in values) / len(values)
    return None


def _part(one: Any, part: str | int) -> Any:
    if isinstance(one, dict):
        return one.get(part) if isinstance(part, str) else None
    return one[part] if isinstance(part, int) and -len(one) <= part < len(one) else None


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{_shown(value)} is no number")
    try:
        found = float(value)
    except (ValueError, OverflowError):
        raise ValueError(f"{_shown(value)} is no number") from None
    if not math.isfinite(found):
        raise ValueError(f"{_shown(value)} is not a finite number")
    return found


def _leading(value: Any) -> float:
    match = LEADING.match(value) if isinstance(value, str) else None
    return float(match[1]) if match else _number(value)


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _shape(value: Any) -> str:
    if isinstance(value, dict):
        return "has the keys " + ", ".join(map(repr, list(value)[:8]))
    return f"is a list of {len(value)}" if isinstance(value, list | tuple) else _shown(value)


def _wanted(how: Column) -> str:
    return ", ".join(map(repr, how.item)) or "plain values"


def _shown(value: Any) -> str:
    found = repr(value)
    return found if len(found) <= MOST_SHOWN else found[: MOST_SHOWN - 3] + "..."
