"""Retrieval of one mass-spectrometry model by kind of spectrum, and what the precursor alone gives.

    acml train --modality ms --data $ACML_DATA/ms/massbank.parquet --max-minutes 15 --out runs/ms
    python benchmarks/ms_kinds.py runs/ms
    python benchmarks/ms_kinds.py runs/ms --split validation
    python benchmarks/ms_kinds.py runs/ms --rerank 50

A table of all MassBank spectra mixes kinds that are searched in different ways. Rows: EI; MS/MS of
[M+H]+; MS/MS of negative ions; and MS/MS of [M+H]+ once more with the precursor and the adduct hidden,
so that the peaks have to do the work. Candidates: the kind's test molecules, all molecules of the
MassBank table, and those of equal formula. ``isomers``: molecules alone that have an isomer among
those measured in the same kind, and the mean over molecules instead of spectra; ``--rerank`` adds the
row with the second opinion, of at most three spectra a molecule. Measured spectra;
test molecules are unseen by InChIKey-14; validation molecules only stopped the training.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from acml_core.artefact import Artefact, load
from acml_core.data.dataset import Dataset
from acml_core.data.dataset import load as read
from acml_core.data.split import SplitConfig
from acml_core.data.table import smiles_column
from acml_core.evaluation.reranking import MEASURED_QUERIES
from acml_core.evaluation.retrieval import evaluate, galleries_of
from acml_core.graphs.build import cached

PEAKS = ("mz", "intensity", "collision_energy", "ion_mode", "ms_type", "instrument_type")
"""Columns of the peaks and of how they were measured: neither precursor nor adduct."""

Rows = Callable[[pa.Table], Any]


def ei(table: pa.Table) -> Any:
    kind = pc.fill_null(table["instrument_type"], "")
    return pc.or_(pc.starts_with(kind, "EI"), pc.starts_with(kind, "GC-EI"))


def tandem(table: pa.Table, adduct: str) -> Any:
    return pc.and_(pc.equal(table["ms_type"], "MS2"), pc.equal(table["adduct"], adduct))


def negative(table: pa.Table) -> Any:
    return pc.and_(pc.equal(table["ms_type"], "MS2"), pc.equal(table["ion_mode"], "NEGATIVE"))


KINDS: tuple[tuple[str, Rows, tuple[str, ...] | None], ...] = (
    ("EI", ei, None),
    ("MS/MS [M+H]+", lambda table: tandem(table, "[M+H]+"), None),
    ("MS/MS [M+H]+, precursor hidden", lambda table: tandem(table, "[M+H]+"), PEAKS),
    ("MS/MS negative", negative, None),
)
GALLERIES = ("test", "library", "library+formula")
NORMAL_95 = 1.96
"""Standard errors on either side of a mean that hold 95 % of a normal distribution."""

SPECTRA = 3
"""Spectra of each molecule that the second opinion is asked about, spread over all of them."""

MEASURED = "test+train"
ISOMERS = f"{MEASURED}+formula"
"""The gallery that the row of isomers is taken from: the kind's own molecules of equal formula."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path, help="folder of a trained model")
    parser.add_argument("--split", choices=("test", "validation"), default="test")
    parser.add_argument("--rerank", type=int, default=0, help="best candidates to rerank")
    options = parser.parse_args()
    artefact = load(options.model)
    model = artefact.model
    data = os.environ.get("ACML_DATA")
    if not data:
        sys.exit("set ACML_DATA to the folder of the data")
    path = Path(data) / "ms" / "massbank.parquet"
    table = pq.read_table(path)
    library = cached(smiles_column(path)).graphs
    print(
        f"| {options.split} | queries | candidates | mean | recall@1 | recall@10 | blind | random |"
    )
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, rows, only) in enumerate(KINDS):
            part = Path(folder) / f"{number}.parquet"
            pq.write_table(table.filter(pc.fill_null(rows(table), False)), part)
            dataset = read([part], [model.modalities["ms"]], SplitConfig(), only=only)
            asked = dataset.molecules(options.split)
            galleries = galleries_of(model, "ms", dataset, asked, library)
            queries = dataset.measured["ms"].of(asked)
            report, found = evaluate(model, "ms", dataset, queries, galleries)
            for gallery in report["galleries"]:
                if gallery["name"] in GALLERIES:
                    print(line(name, report["n_queries"], gallery), flush=True)
            print(isomers(name, found, "rank"), flush=True)
            if options.rerank:
                some = spread(dataset, queries, found)
                again = reranked(artefact, dataset, some, asked, options.rerank)
                print(isomers(f"{name}, second opinion", again, "reranked"), flush=True)


def spread(dataset: Dataset, queries: np.ndarray, found: list[dict[str, Any]]) -> np.ndarray:
    """Some of the queries of each molecule that has an isomer."""
    alone = {
        row["inchikey14"] for row in found if row["gallery"] == ISOMERS and row["candidates"] < 2
    }
    owner = dataset.measured["ms"].molecule[queries]
    chosen = []
    for molecule in np.unique(owner):
        if str(dataset.graphs.keys[molecule]) not in alone:
            own = queries[owner == molecule]
            chosen.append(np.unique(own[np.linspace(0, len(own) - 1, SPECTRA).round().astype(int)]))
    return np.concatenate(chosen)


def reranked(
    artefact: Artefact, dataset: Dataset, queries: np.ndarray, asked: np.ndarray, count: int
) -> list[dict[str, Any]]:
    """Ranks with the second opinion among the kind's molecules, a row a query."""
    galleries = [
        one
        for one in galleries_of(artefact.model, "ms", dataset, asked, None)
        if one.name == MEASURED
    ]
    calibration = artefact.info.modalities["ms"].calibration
    rows: list[dict[str, Any]] = []
    for start in range(0, len(queries), MEASURED_QUERIES):
        _, found = evaluate(
            artefact.model,
            "ms",
            dataset,
            queries[start : start + MEASURED_QUERIES],
            galleries,
            filters=("formula",),
            calibration=calibration,
            rerank=count,
        )
        rows += found
    return rows


def line(name: str, queries: int, gallery: dict[str, Any]) -> str:
    """One row of the table."""
    found, baselines = gallery["modality_to_graph"], gallery["baselines"]
    cells = [name, str(queries), f"{gallery['name']}, {gallery['size']}"]
    cells.append(f"{gallery['candidates_mean']:.1f}")
    for metric in ("recall@1", "recall@10"):
        low, high = found[metric]["ci95"]
        cells.append(f"{found[metric]['value']:.3f} [{low:.3f}, {high:.3f}]")
    cells += [f"{baselines[k]['recall@1']['value']:.3f}" for k in ("spectrum_blind", "random")]
    return "| " + " | ".join(cells) + " |"


def isomers(name: str, found: list[dict[str, Any]], rank: str) -> str:
    """The row of molecules that have an isomer, each counted once; ``rank`` names the column."""
    of: dict[str, list[tuple[float, ...]]] = {}
    for row in found:
        n = row["candidates"]
        if row["gallery"] == ISOMERS and n > 1:
            values = (n, row[rank] == 1, row[rank] <= 10, 1 / n)
            of.setdefault(row["inchikey14"], []).append(values)
    each = np.array([np.mean(values, axis=0) for values in of.values()])
    mean, first, ten, chance = each.mean(0)
    cells = [name, f"{len(each)} molecules", "isomers", f"{mean:.1f}"]
    spread = NORMAL_95 * each[:, 1:3].std(0) / len(each) ** 0.5
    for value, half in zip((first, ten), spread, strict=True):
        cells.append(f"{value:.3f} [{max(value - half, 0):.3f}, {min(value + half, 1):.3f}]")
    return "| " + " | ".join([*cells, "", f"{chance:.3f}"]) + " |"


if __name__ == "__main__":
    main()
