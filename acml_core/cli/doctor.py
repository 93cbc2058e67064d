"""``acml doctor``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from acml_core.cli.common import Json, show, table

EXAMPLE = "Example: acml doctor --json"


def doctor(
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the Hub.")] = False,
    as_json: Json = False,
) -> None:
    """Say what is installed, what works, and what mends the rest. Exit code 1 if any is broken."""
    from acml_core.doctor import BROKEN, examine

    findings = examine(ask_hub=not offline)
    if as_json:
        show([asdict(one) for one in findings])
    else:
        rows = [
            [one.status, one.topic, one.name, f"{one.found}. {one.remedy}".rstrip(". ")]
            for one in findings
        ]
        table(rows, ["STATUS", "ABOUT", "NAME", ""])
    if any(one.status == BROKEN for one in findings):
        raise typer.Exit(1)
