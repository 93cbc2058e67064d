"""Which probes rise most over the untrained encoder: what a measurement taught."""

from __future__ import annotations

from typing import Any

import numpy as np

from acml_core.semantics.embeddings import Embedding
from acml_core.semantics.resample import METRIC, SCORES, draws, interval
from acml_core.semantics.targets import Targets


def scores(
    predictions: dict[str, np.ndarray],
    targets: Targets,
    chosen: list[int],
    test: np.ndarray,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Each row's scores on all test molecules and on each draw: ``(1 + resamples, chosen)``.

    Args:
        predictions: by row, ``(len(test), chosen)``.
        test: molecule numbers.
    """
    weight = draws(len(test), seed)
    found = {}
    for name, predicted in predictions.items():
        columns = [
            SCORES[targets.kind[number]](targets.values[test, number], predicted[:, place], weight)
            for place, number in enumerate(chosen)
        ]
        found[name] = np.stack(columns, axis=1)
    return found


def skill(score: np.ndarray, kind: str) -> np.ndarray:
    """On one scale, 0 for a probe that knows nothing and 1 for a perfect one.

    2 AUC - 1 for a group; R2, not below 0, for a value.
    """
    return 2 * score - 1 if kind == "presence" else np.maximum(score, 0.0)


def probe_table(
    found: dict[str, np.ndarray], targets: Targets, chosen: list[int]
) -> list[dict[str, Any]]:
    """One entry a probe: family, metric and every row's score with its interval."""
    return [
        {
            "probe": targets.names[number],
            "family": targets.family[number],
            "metric": METRIC[targets.kind[number]],
            "rows": {name: interval(score[:, place]) for name, score in found.items()},
        }
        for place, number in enumerate(chosen)
    ]


def family_table(
    found: dict[str, np.ndarray], targets: Targets, chosen: list[int]
) -> list[dict[str, Any]]:
    """Mean skill of every row over the probes of a family."""
    report = []
    for family in dict.fromkeys(targets.family[number] for number in chosen):
        places = [p for p, number in enumerate(chosen) if targets.family[number] == family]
        rows = {}
        for name, score in found.items():
            each = [skill(score[:, p], targets.kind[chosen[p]]) for p in places]
            rows[name] = interval(np.nanmean(np.stack(each), axis=0))
        report.append({"family": family, "probes": len(places), "rows": rows})
    return report


def taught(
    found: dict[str, np.ndarray], targets: Targets, chosen: list[int], rows: list[Embedding]
) -> dict[str, list[dict[str, Any]]]:
    """For each trained row its probes, those first whose skill rose most over the untrained row."""
    fingerprint = next(row.name for row in rows if row.kind == "fingerprint")
    report = {}
    for row in (one for one in rows if one.kind == "trained"):
        plain = next(one.name for one in rows if row.name in one.of)
        entries: list[dict[str, Any]] = []
        for place, number in enumerate(chosen):
            kind = targets.kind[number]
            rise = skill(found[row.name][:, place], kind) - skill(found[plain][:, place], kind)
            entries.append(
                {
                    "probe": targets.names[number],
                    "family": targets.family[number],
                    "metric": METRIC[kind],
                    "trained": interval(found[row.name][:, place]),
                    "untrained": interval(found[plain][:, place]),
                    "ecfp4": interval(found[fingerprint][:, place]),
                    "rise": interval(rise),
                }
            )
        report[row.name] = sorted(entries, key=lambda entry: -entry["rise"]["value"])
    return report
