"""Fit what the parts of the second opinion's evidence weigh, and how a lack of it is damped.

    ACML_DATA=... python scripts/fit_evidence.py EVIDENCE --table one.parquet --table other.parquet

EVIDENCE (JSON lines) receives what is seen for the best candidates of each query; where the file is
there already, it is only fitted. The tables are drawings of validation molecules of the library, as for
``measure_overlay.py``, other ones than those that are measured with. What is printed are values for
``overlay.evidence.WEIGHTS``, ``overlay.rerank.LABELS``, ``DAMAGE`` and ``FADING`` under which the true
molecules are likeliest among the candidates, and the loss that cross-fitting over even and odd queries
gives.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from acml_plugin_image.overlay import rerank
from acml_plugin_image.overlay.evidence import WEIGHTS, evidence
from acml_plugin_image.overlay.ground import Ground
from acml_plugin_image.prepare import picture
from ranked import Validation
from rdkit import Chem, RDLogger
from scipy.optimize import minimize
from scipy.special import logsumexp

START = np.array([*np.abs(WEIGHTS), rerank.LABELS, rerank.DAMAGE, rerank.FADING])
SIGNS = np.array([*np.sign(WEIGHTS), 1.0])
SCALE, PULL = 45.0, 0.02
"""Weight of the score at the start; a value's squared logarithm over its start costs so much."""


def seen(ground: Ground, mols: list[Chem.Mol]) -> list[dict[str, Any]]:
    """Of each candidate: quality, atoms drawn, and parts of the evidence unless it was given up."""
    judged = rerank.judged_all(mols, ground, first=())
    laid = [pair[0] for pair in judged.best if pair is not None]
    parts = iter(evidence(laid, judged.ground))
    rows: list[dict[str, Any]] = []
    for pair, quality, atoms in zip(judged.best, judged.quality, judged.atoms, strict=True):
        row: dict[str, Any] = {"quality": quality, "atoms": atoms}
        if pair is not None:
            own = next(parts)
            said = (pair[1] - float(np.dot(WEIGHTS, own))) / rerank.LABELS
            row["parts"] = [*map(float, own), said]
        rows.append(row)
    return rows


def collect(tables: list[Path], name: str, queries: int, candidates: int, out: Path) -> None:
    """Write what is seen for the first so many drawings of each table."""
    validation = Validation(name)
    lines = []
    for path in tables:
        table = pq.read_table(path, columns=["smiles", "image"]).slice(0, queries)
        for smiles, image in zip(table["smiles"], table["image"], strict=True):
            query = validation.ranked(smiles.as_py(), image.as_py(), candidates)
            if query is None or query.own < 0:
                continue
            ground = Ground.of(picture(query.signal, validation.plugin.config))
            if ground is not None:
                score = query.score.tolist()
                rows = seen(ground, query.mols)
                lines.append(json.dumps({"score": score, "true": query.own, "seen": rows}))
    out.write_text("\n".join(lines) + "\n")


def opinions(query: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """What ``rerank`` would say with these weights (6), damage and fading."""
    rows, weights = query["seen"], SIGNS * values[:6]
    evidence = [float(weights @ row["parts"]) if "parts" in row else None for row in rows]
    atoms, quality = [row["atoms"] for row in rows], [row["quality"] for row in rows]
    return rerank.opinions(evidence, atoms, quality, values[6], values[7])


def loss(logs: np.ndarray, queries: list[dict[str, Any]]) -> float:
    """Mean negative log likelihood of the true molecules; ``logs`` (9), the score's weight first."""
    values = np.exp(logs)
    total = 0.0
    for query in queries:
        found = values[0] * np.array(query["score"]) + opinions(query, values[1:])
        total += float(logsumexp(found) - found[query["true"]])
    return total / len(queries) + PULL * float(np.square(logs[1:] - np.log(START)).sum())


def fitted(queries: list[dict[str, Any]]) -> np.ndarray:
    """Logarithms (9) of the likeliest values."""
    start = np.log([SCALE, *START])
    return np.asarray(minimize(loss, start, args=(queries,), method="Powell").x)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("evidence", type=Path, help="file for what is seen")
    parser.add_argument("--table", type=Path, action="append", default=[])
    parser.add_argument("--model", default="image/gine5.v1")
    parser.add_argument("--queries", type=int, default=300, help="drawings of each table")
    parser.add_argument("--candidates", type=int, default=70)
    options = parser.parse_args()
    RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]
    if not options.evidence.exists():
        collect(options.table, options.model, options.queries, options.candidates, options.evidence)
    queries = [json.loads(line) for line in options.evidence.read_text().splitlines()]
    start = np.log([SCALE, *START])
    halves = [loss(fitted(queries[1 - i :: 2]), queries[i::2]) for i in (0, 1)]
    print(
        f"{len(queries)} queries; before {loss(start, queries):.4f}, {np.mean(halves):.4f} cross-fitted"
    )
    names = ("score", *WEIGHTS._fields, "labels", "damage", "fading")
    signs = (1.0, *SIGNS, 1.0, 1.0)
    for name, sign, value in zip(names, signs, np.exp(fitted(queries)), strict=True):
        print(f"{name}: {sign * value:.2f}")


if __name__ == "__main__":
    main()
