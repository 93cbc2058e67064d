"""``acml eval``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from acml_core.cli.common import Further, Json, Model, load_model, note, save_rejects, show, table
from acml_core.errors import BadInput

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
    library: Further = None,
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
    rerank: Annotated[
        int, typer.Option(min=0, help="Ask the plugin's second opinion of the best N candidates.")
    ] = 0,
    sizes: Annotated[
        str | None,
        typer.Option(help="Numbers of candidates to try beside, e.g. 100,1000,100000."),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(help="A plugin's protocol, or a TOML file: queries rank lists of their own."),
    ] = None,
    candidates: Annotated[
        list[str] | None,
        typer.Option(help="With --protocol: lists as JSON, FILE or TRACK=FILE; default: its own."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for report.json, queries.csv, retrieval.png.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Retrieval in both directions, with baselines and 95 % intervals."""
    from acml_core.evaluation.report import evaluate_tables, write

    if candidates and protocol is None:
        raise BadInput("--candidates needs --protocol", remedy="Give --protocol NAME.")
    if protocol is not None and (library or measured_only or rerank or sizes):
        raise BadInput(
            "--library, --measured-only, --rerank and --sizes do not go with --protocol",
            remedy="The protocol says what is ranked.",
        )
    artefact, name = load_model(model, modality)
    if protocol is not None:
        from acml_core.cli.candidates import by_protocol

        by_protocol(
            artefact,
            name,
            protocol,
            data or [],
            candidates or [],
            only=only.split(",") if only else None,
            split=split,
            seed=seed,
            out=out,
            as_json=as_json,
        )
        return
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
        rerank=rerank,
        sizes=_numbers(sizes),
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


def _numbers(text: str | None) -> list[int]:
    try:
        found = [int(part) for part in text.split(",")] if text else []
    except ValueError:
        found = [0]
    if any(number < 2 for number in found):
        raise BadInput(f"--sizes {text!r}", remedy="Write numbers from 2 on: 100,1000,100000.")
    return found


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
            f"  reranked, {gallery.get('reranked_queries')} queries": gallery.get("reranked"),
            "molecule finds measurement": gallery["graph_to_modality"],
            "spectrum-blind": gallery["baselines"]["spectrum_blind"],
            "random": gallery["baselines"]["random"],
        }
        for name in match_rows(gallery):
            entries[f"library match, {name}"] = gallery["baselines"][name]
        for label, entry in entries.items():
            if entry is None:
                continue
            cells = [cell(entry[name]) for name in ("recall@1", "recall@5", "recall@10", "mrr")]
            mean = f"{gallery['candidates_mean']:.1f}"
            rows.append([gallery["name"], str(gallery["size"]), mean, label, *cells])
    table(rows, header)
    if report.get("sizes"):
        typer.echo("decoys drawn at random, the answer always among the candidates")
        header = ["CANDIDATES", "RECALL@1", "RECALL@10", "MRR", "RANDOM @1", "BLIND @1"]
        lines = []
        for one in report["sizes"]:
            cells = [cell(one["modality_to_graph"][k]) for k in ("recall@1", "recall@10", "mrr")]
            rest = [f"{one[k]['recall@1']['value']:.5f}" for k in ("random", "spectrum_blind")]
            lines.append([str(one["candidates"]), *cells, *rest])
        table(lines, header)
    sure = [(g["name"], g["confidence"]) for g in report["galleries"] if g.get("confidence")]
    if sure:
        typer.echo(
            "probabilities: calibration error, and what it would be by chance if they were true;"
        )
        typer.echo("coverage of the 90 % set, its median size; and area under the ROC curve for")
        typer.echo("telling that the molecule is not in the gallery")
        header = ["GALLERY", "QUERIES", "ECE", "BY CHANCE", "COVERAGE", "SET", "DETECTION"]
        table([[name, *_confidence(one)] for name, one in sure], header)
    again = [g for g in report["galleries"] if g.get("reranked_ece") is not None]
    if again:
        typer.echo("reranked probabilities: calibration error, and by chance if they were true")
        lines = [
            [
                g["name"],
                str(g["reranked_queries"]),
                f"{g['reranked_ece']:.3f}",
                _figure(g.get("reranked_ece_by_chance")),
            ]
            for g in again
        ]
        table(lines, ["GALLERY", "QUERIES", "ECE", "BY CHANCE"])


def _confidence(one: dict[str, Any]) -> list[str]:
    return [
        str(one["queries"]),
        f"{one['ece']:.3f}",
        _figure(one.get("ece_by_chance")),
        f"{one['coverage']:.3f}",
        f"{one['set_size_median']:.0f}",
        _figure(one["detection_auc"]),
    ]


def _figure(value: float | None) -> str:
    """A number, or a dash: older metrics hold fewer."""
    return "-" if value is None else f"{value:.3f}"


def cell(entry: dict[str, Any]) -> str:
    """A figure with its interval."""
    low, high = entry["ci95"]
    return f"{entry['value']:.3f} [{low:.3f}, {high:.3f}]"
