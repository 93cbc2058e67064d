"""``acml eval isomers``."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from acml_core.cli.common import Further, Json, Model, load_model, note, save_rejects, show, table
from acml_core.cli.evaluate import cell
from acml_core.cli.fusion import app


@app.command(
    "isomers",
    epilog="Example: acml eval isomers --model runs/nmr --data nmr.parquet --library mine.smi --out r",
)
def isomers(
    data: Annotated[list[Path] | None, typer.Option(help="Table; default: the starter.")] = None,
    model: Model = None,
    modality: Annotated[str | None, typer.Option(help="Modality to evaluate.")] = None,
    library: Further = None,
    only: Annotated[
        str | None, typer.Option(help="Measured columns to use, comma-separated.")
    ] = None,
    split: Annotated[str, typer.Option(help="unseen, or all (not an honest test).")] = "unseen",
    rerank: Annotated[
        int, typer.Option(min=0, help="Ask the plugin's second opinion of the best N candidates.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for isomers.json, isomers.csv, isomers.png.")
    ] = None,
    as_json: Json = False,
) -> None:
    """How well a measurement tells a molecule from others of its formula, by their number."""
    from acml_core.evaluation.isomers import discrimination, plot
    from acml_core.evaluation.report import evaluate_tables
    from acml_core.files import write_text

    artefact, name = load_model(model, modality)
    report, per_query, rejects = evaluate_tables(
        artefact,
        name,
        data or [],
        library=library,
        only=only.split(",") if only else None,
        split=split,
        measured_only=True,
        match_queries=0,
        rerank=rerank,
        seed=seed,
        report=note,
    )
    found = discrimination(report, per_query, seed)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        save_rejects(rejects, out)
        write_text(out / "isomers.json", json.dumps(found, indent=1))
        with (out / "isomers.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(_lines(found))
        plot(found).savefig(out / "isomers.png", dpi=150)
        note(f"written: {out}")
    if as_json:
        show(found)
        return
    typer.echo(
        f"{name}: {found['n_queries']} queries with isomers among {found['size']} molecules"
        f" ({found['without_isomer']} without); value [95 % interval]"
    )
    rows = []
    for group in found["groups"]:
        for label in ("measurement", "reranked", "spectrum_blind", "random"):
            if label in group:
                cells = [cell(group[label][m]) for m in ("recall@1", "recall@5", "pairs")]
                count = group["reranked_queries"] if label == "reranked" else group["queries"]
                rows.append([group["isomers"], str(count), label, *cells])
    table(rows, ["CANDIDATES", "QUERIES", "ROW", "RECALL@1", "RECALL@5", "PAIRS"])


def _lines(found: dict[str, Any]) -> list[list[object]]:
    metrics = ("recall@1", "recall@5", "recall@10", "mrr", "pairs")
    header: list[object] = ["candidates", "queries", "row", *metrics]
    rows: list[list[object]] = [header]
    for group in found["groups"]:
        for label in ("measurement", "reranked", "spectrum_blind", "random"):
            if label in group:
                values = [group[label][m]["value"] for m in metrics]
                rows.append([group["isomers"], group["queries"], label, *values])
    return rows
