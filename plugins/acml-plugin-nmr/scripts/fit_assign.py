"""Fit the costs of the assignment (``shifts/match.py``, ``SETTINGS``) on validation molecules.

    ACML_DATA=... python scripts/fit_assign.py --queries 400

Each measured list of a validation molecule is compared with its molecule and with ``RIVALS`` others of
the table, of the same formula where there are any, else with as many carbons. The costs are moved one
at a time (coordinate descent) while the true molecule becomes likelier. No test molecule is looked at.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from acml_plugin_nmr.shifts.assign import AssignSettings
from acml_plugin_nmr.shifts.match import SETTINGS, Expected, expect, observed, pairings
from acml_plugin_nmr.signal import NmrSignal
from rdkit import Chem
from scipy.special import log_softmax

from acml_core.data.split import SPLITS, SplitConfig, assign

SEED = 5
RIVALS = 20
STEPS = (0.6, 0.8, 1.25, 1.6)
"""A cost is tried at these multiples of itself."""

ROUNDS = 3
Case = tuple[NmrSignal, list[int]]
"""A measured list and the numbers of its candidates, the true one first."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--queries", type=int, default=400)
    options = parser.parse_args()
    data = os.environ.get("ACML_DATA")
    if not data:
        sys.exit("set ACML_DATA to the folder of the data")
    for column, nucleus in enumerate(("13c", "1h")):
        molecules, cases = load(
            Path(data) / "nmr" / "nmrshiftdb2.parquet", nucleus, options.queries
        )
        best, score = fit(molecules, cases, column)
        print(json.dumps({"nucleus": nucleus, "settings": best.model_dump(), **score}))


def load(path: Path, nucleus: str, count: int) -> tuple[list[Expected], list[Case]]:
    """Validation queries with rivals."""
    rng = np.random.default_rng(SEED)
    rows = pq.read_table(path).to_pylist()
    split = assign([row["inchikey14"] for row in rows], SplitConfig())
    carbons = np.array([row["smiles"].upper().count("C") for row in rows])
    formulas: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        formulas.setdefault(row["formula"], []).append(number)
    asking = [
        n
        for n in np.flatnonzero(split == SPLITS.index("validation"))
        if rows[n][f"shifts_{nucleus}"]
    ]
    asking = list(rng.permutation(asking)[:count])
    numbers: dict[int, int] = {}
    cases: list[Case] = []
    for n in asking:
        key = rows[n]["inchikey14"]
        rivals = [r for r in formulas[rows[n]["formula"]] if rows[r]["inchikey14"] != key]
        near = np.flatnonzero(np.abs(carbons - carbons[n]) <= 1)
        rivals += [r for r in rng.permutation(near)[:RIVALS] if rows[r]["inchikey14"] != key]
        chosen = [int(n), *map(int, rivals[:RIVALS])]
        signal = NmrSignal(
            **{
                "shifts_13c": rows[n]["shifts_13c"] if nucleus == "13c" else (),
                "shifts_1h": rows[n]["shifts_1h"] if nucleus == "1h" else (),
            }
        )
        cases.append((signal, [numbers.setdefault(r, len(numbers)) for r in chosen]))
    return expect([Chem.MolFromSmiles(rows[r]["smiles"]) for r in numbers]), cases


def fit(
    molecules: list[Expected], cases: list[Case], column: int
) -> tuple[AssignSettings, dict[str, float]]:
    """Coordinate descent from the present settings."""
    best = SETTINGS[column]
    score = quality(molecules, cases, column, best)
    print(f"start: {score}", file=sys.stderr)
    for _ in range(ROUNDS):
        before = score
        for name in AssignSettings.model_fields:
            for step in STEPS:
                tried = best.model_copy(update={name: round(getattr(best, name) * step, 3)})
                found = quality(molecules, cases, column, tried)
                if found["log_likelihood"] > score["log_likelihood"]:
                    best, score = tried, found
            print(f"{name}: {getattr(best, name)} {score}", file=sys.stderr)
        if score == before:
            break
    return best, score


def quality(
    molecules: list[Expected], cases: list[Case], column: int, settings: AssignSettings
) -> dict[str, float]:
    """Mean log softmax of the true molecule, at the best of a few temperatures, and recall@1."""
    both = (settings, settings)
    rows = []
    for signal, candidates in cases:
        peaks = observed(signal)
        costs = []
        for number in candidates:
            found = pairings(peaks, molecules[number], both)[column]
            costs.append(np.inf if found is None else found.cost)
        rows.append(-np.array(costs))
    first = np.mean([row[0] >= row.max() for row in rows])
    heats = (0.2, 0.35, 0.5, 0.7, 1.0)
    likely = max(float(np.mean([log_softmax(row * heat)[0] for row in rows])) for heat in heats)
    return {"log_likelihood": round(likely, 4), "recall@1": round(float(first), 4)}


if __name__ == "__main__":
    main()
