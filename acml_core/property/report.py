"""A suite's report as files: ``report.json``, ``report.csv``, ``property.png``."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from acml_core.files import whole, write_text
from acml_core.property.plot import plot

HEADER = (
    "task", "row", "metric", "mean", "std", "seeds", "against",
    "gain", "gain_low", "gain_high", "p", "test_sha256",
)  # fmt: skip


def lines(report: dict[str, Any]) -> list[list[Any]]:
    """One a task and row, then one an average and row, in the order of ``HEADER``."""
    found = [
        _line(name, row, about["metric"], one, about["test_sha256"])
        for name, about in report["tasks"].items()
        for row, one in about["rows"].items()
    ]
    return found + [
        _line(f"mean of {len(about['tasks'])}", row, about["metric"], one, None)
        for about in report["averages"]
        for row, one in about["rows"].items()
    ]


def _line(task: str, row: str, metric: str, one: dict[str, Any], test: str | None) -> list[Any]:
    risen = one["gain"] or {"value": None, "ci95": None, "p": None}
    low, high = risen["ci95"] or (None, None)
    spread = [one.get("std"), one.get("seeds"), one["against"]]
    return [task, row, metric, one["mean"], *spread, risen["value"], low, high, risen["p"], test]


def write(out: Path, report: dict[str, Any]) -> None:
    """Write the three, each whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    write_text(out / "report.json", json.dumps(report, indent=1))
    with whole(out / "report.csv") as part, part.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *lines(report)])
    figure = plot(report)
    if figure is not None:
        with whole(out / "property.png") as part:
            figure.savefig(part, format="png", dpi=130)
