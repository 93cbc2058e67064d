"""``acml eval``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from acml_core.cli.common import Json, Model, load_model, note, save_rejects, show, table

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _root() -> None:
    pass


@app.command(
    "retrieval",
    epilog="Example: acml eval retrieval --model runs/nmr --data nmr.parquet --only shifts_13c"
    " --library mine.smi --json",
)
def retrieval(
    data: Annotated[list[Path] | None, typer.Option(help="Table; default: the starter.")] = None,
    model: Model = None,
    modality: Annotated[str | None, typer.Option(help="Modality to evaluate.")] = None,
    library: Annotated[Path | None, typer.Option(help="Further candidates: molecules.")] = None,
    only: Annotated[
        str | None, typer.Option(help="Measured columns to use, comma-separated.")
    ] = None,
    split: Annotated[
        str,
        typer.Option(help="unseen: molecules the model never saw; or all (not an honest test)."),
    ] = "unseen",
    measured_only: Annotated[
        bool,
        typer.Option("--measured-only", help="Leave molecules without a measurement out."),
    ] = False,
    ppm: Annotated[float, typer.Option(help="Half width of the mass filter [ppm].")] = 10.0,
    match_queries: Annotated[
        int | None,
        typer.Option(min=0, help="Most queries of the library-match baselines; 0 for none."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for report.json, queries.csv, retrieval.png.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Retrieval in both directions, with baselines and 95 % intervals."""
    from acml_core.evaluation.report import evaluate_tables, write

    artefact, name = load_model(model, modality)
    report, rows, rejects = evaluate_tables(
        artefact,
        name,
        data or [],
        library=library,
        only=only.split(",") if only else None,
        split=split,
        measured_only=measured_only,
        mass_ppm=ppm,
        match_queries=match_queries,
        seed=seed,
        report=note,
    )
    if out is not None:
        write(out, report, rows)
        save_rejects(rejects, out)
        note(f"written: {out}")
    if as_json:
        show(report)
    else:
        print_report(name, report)


def print_metrics(path: Path) -> None:
    """Print the tables of a model's metrics.json."""
    metrics = json.loads((path / "metrics.json").read_text(encoding="utf-8"))
    for name, report in metrics.items():
        print_report(name, report)


def print_report(modality: str, report: dict[str, Any]) -> None:
    """Galleries, directions and baselines as an aligned table."""
    from acml_core.evaluation.metrics import match_rows

    typer.echo(f"{modality}: {report['n_queries']} queries; value [95 % interval]")
    header = ["GALLERY", "SIZE", "CANDIDATES", "ROW", "RECALL@1", "RECALL@5", "RECALL@10", "MRR"]
    rows = []
    for gallery in report["galleries"]:
        entries = {
            "measurement finds molecule": gallery["modality_to_graph"],
            "molecule finds measurement": gallery["graph_to_modality"],
            "spectrum-blind": gallery["baselines"]["spectrum_blind"],
            "random": gallery["baselines"]["random"],
        }
        for name in match_rows(gallery):
            entries[f"library match, {name}"] = gallery["baselines"][name]
        for label, entry in entries.items():
            if entry is None:
                continue
            cells = [_cell(entry[name]) for name in ("recall@1", "recall@5", "recall@10", "mrr")]
            mean = f"{gallery['candidates_mean']:.1f}"
            rows.append([gallery["name"], str(gallery["size"]), mean, label, *cells])
    table(rows, header)


def _cell(entry: dict[str, Any]) -> str:
    low, high = entry["ci95"]
    return f"{entry['value']:.3f} [{low:.3f}, {high:.3f}]"
