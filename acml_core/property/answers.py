"""Predictions as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence

from acml_core.property.predictor import Predictions, PropertyInfo

DECIMALS = 6
DISTANCE_DECIMALS = 4


def header(info: PropertyInfo) -> list[str]:
    """Names of the columns: each target, its spread, and for values the ends of its interval."""
    columns = ["row", "smiles"]
    for name in info.targets:
        columns += [name, f"{name}_spread"]
        if info.half_width:
            columns += [f"{name}_low", f"{name}_high"]
    return [*columns, "distance", "inside"]


def answers(
    info: PropertyInfo, found: Predictions, rows: Sequence[int], smiles: Sequence[str]
) -> list[list[object]]:
    """One line a molecule, in the order of ``header``; what is not known is None.

    Args:
        rows: number of each molecule in the file, from 1.
        smiles: as written there.
    """
    lines = []
    for number, (row, text) in enumerate(zip(rows, smiles, strict=True)):
        cells: list[object] = [row, text]
        for t in range(len(info.targets)):
            said = [found.value[number, t], found.spread[number, t]]
            if info.half_width:
                said += [found.low[number, t], found.high[number, t]]
            cells += [None if math.isnan(one) else round(float(one), DECIMALS) for one in said]
        distance = round(float(found.distance[number]), DISTANCE_DECIMALS)
        lines.append([*cells, distance, bool(found.inside[number])])
    return lines
