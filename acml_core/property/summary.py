"""From finished results to a report: means, deviations, and paired differences to untrained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from acml_core.property.compare import described, difference, drawn
from acml_core.property.rows import Row
from acml_core.property.table import Task


@dataclass(frozen=True)
class Results:
    """What the rows said of one task's test molecules.

    Attributes:
        about: split, sizes and hashes, for the report.
        task: of the table.
        metric: that it is judged by.
        truth: (n, T) targets of the test molecules; nan is not measured.
        figures: by row, by seed, from ``metrics.figures``.
        said: by row, by seed, (n, T).
    """

    about: dict[str, Any]
    task: Task
    metric: str
    truth: np.ndarray
    figures: Mapping[str, Mapping[int, dict[str, Any]]]
    said: Mapping[str, Mapping[int, np.ndarray]]


def summary(tasks: Mapping[str, Results], rows: Sequence[Row]) -> dict[str, Any]:
    """Tasks one by one, and averages over those of one measure that every row has done.

    Returns:
        ``tasks``: by name, ``about`` and ``rows``: mean and standard deviation over seeds, and the
        ``gain`` on the same encoder untrained and used alike, positive where the row is better, see
        ``acml_core.property.compare``. ``averages``: the same over tasks.
    """
    report: dict[str, Any] = {}
    risen: dict[str, dict[str, np.ndarray]] = {}
    for name, task in tasks.items():
        draws = {
            row.name: drawn(task.task, task.metric, task.truth, task.said[row.name])
            for row in rows
            if task.said.get(row.name)
        }
        entries: dict[str, dict[str, Any]] = {}
        for row in rows:
            by_seed = task.figures.get(row.name)
            if not by_seed:
                continue
            values = np.array([by_seed[seed][task.metric] for seed in sorted(by_seed)])
            entries[row.name] = {
                "mean": _plain(values.mean()),
                "std": _plain(values.std(ddof=1)) if len(values) > 1 else None,
                "seeds": len(values),
                "against": row.against,
                "gain": None,
            }
            if row.against in draws:
                found = difference(task.metric, draws[row.name], draws[row.against])
                if found is not None:
                    entries[row.name]["gain"] = described(found)
                    risen.setdefault(row.name, {})[name] = found
        report[name] = {**task.about, "metric": task.metric, "rows": entries}
    return {"tasks": report, "averages": _averages(tasks, report, rows, risen)}


def _averages(
    tasks: Mapping[str, Results],
    report: Mapping[str, Any],
    rows: Sequence[Row],
    risen: Mapping[str, Mapping[str, np.ndarray]],
) -> list[dict[str, Any]]:
    found = []
    for metric in dict.fromkeys(task.metric for task in tasks.values()):
        names = [name for name, task in tasks.items() if task.metric == metric]
        if len(names) < 2:
            continue
        entries = {}
        for row in rows:
            means = [report[name]["rows"].get(row.name, {}).get("mean") for name in names]
            if any(mean is None for mean in means):
                continue
            each = risen.get(row.name, {})
            whole = len(each) and all(name in each for name in names)
            entries[row.name] = {
                "mean": float(np.mean(means)),
                "against": row.against,
                "gain": described(np.mean([each[name] for name in names], axis=0))
                if whole
                else None,
            }
        found.append({"metric": metric, "tasks": names, "rows": entries})
    return found


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
