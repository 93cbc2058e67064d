"""What is installed, what works, and what mends the rest: the findings of ``acml doctor``."""

from __future__ import annotations

from acml_core.doctor.finding import BROKEN, OK, WARNING, Finding
from acml_core.doctor.installation import caches, device, of_plugins, versions
from acml_core.doctor.published import hub, registry

__all__ = ["BROKEN", "OK", "WARNING", "Finding", "examine"]


def examine(*, ask_hub: bool = True) -> list[Finding]:
    """Look at everything; nothing that is wrong stops the rest.

    Args:
        ask_hub: whether to make a request to the Hub.
    """
    found: list[Finding] = []
    parts = [versions(), device(), of_plugins(), caches(), registry()]
    for part in [*parts, hub()] if ask_hub else parts:
        found.extend(part)
    return found
