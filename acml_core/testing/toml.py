"""Settings as TOML text: the few kinds of values that settings have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def dumps(settings: Mapping[str, Any]) -> str:
    """A flat or nested dictionary as TOML; what is None is left out, since TOML has no null."""
    return "".join(
        f"{json.dumps(key)} = {_value(value)}\n"
        for key, value in settings.items()
        if value is not None
    )


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        inside = (f"{json.dumps(k)} = {_value(v)}" for k, v in value.items() if v is not None)
        return "{" + ", ".join(inside) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    if isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int | float):
        return repr(value)
    raise TypeError(f"{value!r} has no place in a TOML file")
