"""One thing that ``acml doctor`` looked at."""

from __future__ import annotations

from dataclasses import dataclass

OK, WARNING, BROKEN = "ok", "warning", "broken"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        topic: ``versions``, ``device``, ``plugins``, ``caches``, ``registry`` or ``hub``.
        name: what was looked at.
        status: ``ok``, ``warning`` (works, with a limit) or ``broken``.
        found: what is so.
        remedy: what to do about it, where something is to be done.
    """

    topic: str
    name: str
    status: str
    found: str
    remedy: str = ""
