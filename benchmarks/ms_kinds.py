"""Retrieval of one mass-spectrometry model by kind of spectrum, and what the precursor alone gives.

    acml train --modality ms --data $ACML_DATA/ms/massbank.parquet --max-minutes 15 --out runs/ms
    python benchmarks/ms_kinds.py runs/ms

A table of all MassBank spectra mixes kinds that are searched in different ways. Rows: EI; MS/MS of
[M+H]+; MS/MS of negative ions; and MS/MS of [M+H]+ once more with the precursor and the adduct hidden,
so that the peaks have to do the work. Candidates: the kind's test molecules, and the molecules of the
whole MassBank table of equal formula. Measured spectra; molecules unseen by InChIKey-14.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from acml_core.artefact import load
from acml_core.evaluation.report import evaluate_tables

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


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path, help="folder of a trained model")
    model = load(parser.parse_args().model)
    data = os.environ.get("ACML_DATA")
    if not data:
        sys.exit("set ACML_DATA to the folder of the data")
    path = Path(data) / "ms" / "massbank.parquet"
    table = pq.read_table(path)
    print("| spectra | queries | candidates | mean | recall@1 | recall@10 | blind | random |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, rows, only) in enumerate(KINDS):
            part = Path(folder) / f"{number}.parquet"
            pq.write_table(table.filter(pc.fill_null(rows(table), False)), part)
            report, _, _ = evaluate_tables(
                model, "ms", [part], library=path, only=only, report=lambda _: None
            )
            for gallery in report["galleries"]:
                if gallery["name"] in GALLERIES:
                    print(line(name, report["n_queries"], gallery), flush=True)


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


if __name__ == "__main__":
    main()
