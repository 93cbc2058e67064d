"""``acml doctor``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from acml_core.cli.common import Json, show

if TYPE_CHECKING:
    from acml_core.doctor import Finding

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
        _print(findings)
    if any(one.status == BROKEN for one in findings):
        raise typer.Exit(1)


def _print(findings: Sequence[Finding]) -> None:
    """A paragraph a topic, a line a finding, its remedy below it; what is wrong counted at the end."""
    for topic, found in groupby(findings, key=lambda one: one.topic):
        of_topic = list(found)
        width = max((len(one.name) for one in of_topic if len(one.name) <= LONGEST_NAME), default=0)
        typer.echo(topic)
        for one in of_topic:
            typer.echo(f"  {one.status.ljust(8)}{one.name.ljust(width)}  {one.found}")
            if one.remedy:
                typer.echo(f"{' ' * 10}{one.remedy}")
    count = Counter(one.status for one in findings)
    typer.echo(", ".join(f"{count[status]} {status}" for status in ("ok", "warning", "broken")))


LONGEST_NAME = 40
"""Names up to here are padded; a longer one, a path, pushes its own line alone."""
