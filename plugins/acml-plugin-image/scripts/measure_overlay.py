"""What the second opinion makes of recall@1, among the validation molecules.

    acml data simulate --modality image molecules.csv --out held.parquet --set styles=held_out
    ACML_DATA=... python scripts/measure_overlay.py held.parquet --queries 400 --candidates 12

The table's molecules must be validation molecules of the library. The two weights, of the score and
of the opinion, are fitted as ``acml`` fits them, on every other query, and used on the others.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from ranked import Validation
from rdkit import RDLogger
from scipy.optimize import minimize
from scipy.special import logsumexp

Row = tuple[np.ndarray, np.ndarray, int]
"""Scores and opinions (K,) of a query's candidates; which of them is the molecule, -1 for none."""

DRAWS = 10_000
"""Bootstrap samples of the queries for an interval."""


def fitted(rows: list[Row]) -> np.ndarray:
    """Weights (2,) under which the molecules are likeliest among the candidates."""

    def loss(w: np.ndarray) -> float:
        values = [(w[0] * score + w[1] * said, own) for score, said, own in rows if own >= 0]
        return float(np.mean([logsumexp(v) - v[own] for v, own in values]))

    return np.asarray(
        minimize(loss, np.array([10.0, 0.1]), method="L-BFGS-B", bounds=[(0.0, 1e4)] * 2).x
    )


def first(row: Row, w: np.ndarray) -> bool:
    """Whether the molecule is found first; ties count against it."""
    score, said, own = row
    value = w[0] * score + w[1] * said
    return own >= 0 and int((value >= value[own]).sum()) == 1


def report(rows: list[Row]) -> None:
    """Recall@1 before and after, cross-fitted over the even and the odd rows."""
    weights = [fitted(rows[1::2]), fitted(rows[::2])]
    before = np.array([first(row, np.array([1.0, 0.0])) for row in rows], dtype=float)
    after = np.array([first(row, weights[i % 2]) for i, row in enumerate(rows)], dtype=float)
    among = np.mean([own >= 0 for _, _, own in rows])
    print(f"{len(rows)} queries; {among:.3f} among the candidates; weights {weights}")
    chosen = np.random.default_rng(0).integers(len(rows), size=(DRAWS, len(rows)))
    for name, value in (("before", before), ("after", after), ("gain", after - before)):
        low, high = np.quantile(value[chosen].mean(axis=1), [0.025, 0.975])
        print(f"recall@1 {name}: {value.mean():.3f}, 95 % interval {low:.3f} to {high:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("table", type=Path, help="with the columns smiles and image")
    parser.add_argument("--model", default="image/gine5.v1")
    parser.add_argument("--queries", type=int, default=400)
    parser.add_argument("--candidates", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]
    validation = Validation(options.model)
    table = pq.read_table(options.table, columns=["smiles", "image"])
    rows: list[Row] = []
    spent = asked = 0.0
    for i in np.random.default_rng(options.seed).permutation(len(table)).tolist():
        query = validation.ranked(
            table["smiles"][i].as_py(), table["image"][i].as_py(), options.candidates
        )
        if query is None:
            continue
        start = time.process_time()
        said = validation.plugin.rerank(query.signal, query.mols)
        spent += time.process_time() - start
        asked += len(query.mols)
        rows.append((query.score, said, query.own))
        if len(rows) == options.queries:
            break
    report(rows)
    print(f"{1000 * spent / asked:.1f} ms of one core for each candidate")


if __name__ == "__main__":
    main()
