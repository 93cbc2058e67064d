"""Trying again where the Hub asks to wait, or drops a connection."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Any, TypeVar

T = TypeVar("T")

ATTEMPTS = 4
"""How often one request is tried in all."""

FIRST_WAIT_S = 1.0
"""Wait before the second try [s] where the Hub names none; doubled for each further one."""

LONGEST_WAIT_S = 120.0
"""A longer wait that the Hub asks for [s] is an error at once, which says how long it is."""

BUSY = (429, 502, 503, 504)
"""Answers that mean "later": too many requests, or the Hub is restarting."""

OUT_OF_ORDER = (502, 503, 504)
"""The same without 429, for downloads: there the client itself waits as long as the Hub asks."""

DROPPED = frozenset(
    {"ReadError", "WriteError", "RemoteProtocolError", "ChunkedEncodingError", "ProtocolError"}
)
"""Names of the exceptions of a connection that broke in the middle, whatever the HTTP library."""


def retrying(
    call: Callable[[], T], report: Callable[[str], None], busy: Collection[int] = BUSY
) -> T:
    """``call()``, again where it failed for a reason that passes.

    Args:
        call: one request; it must be safe to repeat.
        report: told of each wait.
        busy: answers that are worth another try.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return call()
        except Exception as error:
            wait = _wait(error, attempt, busy)
            if wait is None or attempt == ATTEMPTS:
                raise
            report(f"the Hub did not answer ({_why(error)}); trying again in {wait:.0f} s")
            time.sleep(wait)
    raise AssertionError("unreachable")


def status(error: BaseException | None) -> int | None:
    """HTTP status of a failed request, or of the one behind it."""
    while error is not None:
        code = getattr(getattr(error, "response", None), "status_code", None)
        if code is not None:
            return int(code)
        error = error.__cause__
    return None


def retry_after(error: BaseException | None) -> float | None:
    """Seconds that the Hub asks to wait, where it says so."""
    while error is not None:
        headers: Any = getattr(getattr(error, "response", None), "headers", None) or {}
        value = str(headers.get("Retry-After") or "").strip()
        if value.isdigit():
            return float(value)
        error = error.__cause__
    return None


def _wait(error: Exception, attempt: int, busy: Collection[int]) -> float | None:
    """Seconds until the next try, or None where another one would not help."""
    if status(error) not in busy and type(error).__name__ not in DROPPED:
        return None
    asked = retry_after(error)
    if asked is not None and asked > LONGEST_WAIT_S:
        return None
    return asked if asked is not None else FIRST_WAIT_S * 2 ** (attempt - 1)


def _why(error: Exception) -> str:
    code = status(error)
    return f"HTTP {code}" if code else type(error).__name__
