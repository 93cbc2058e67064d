"""``acml eval retrieval --protocol``: what is printed of a protocol with candidate lists."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from acml_core.cli.common import note, save_rejects, show, table
from acml_core.cli.evaluate import cell
from acml_core.errors import BadInput

if TYPE_CHECKING:
    from acml_core.artefact import Artefact


def by_protocol(
    artefact: Artefact,
    modality: str,
    name: str,
    data: list[Path],
    candidates: list[str],
    *,
    only: list[str] | None,
    split: str,
    seed: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Evaluate by a protocol, write and print the report."""
    from acml_core.evaluation.candidate_report import evaluate_lists
    from acml_core.evaluation.protocol import find, track_files
    from acml_core.evaluation.report import write

    protocol = find(name, type(artefact.model.modalities[modality]))
    if not data:
        made = f"acml data fetch hf:{protocol.dataset} --out T.parquet"
        raise BadInput("a protocol needs its table", remedy=f"Give --data T; to make it: {made}")
    short = Path(name).stem
    files = track_files(protocol, candidates, note)
    report, rows, rejects = evaluate_lists(
        artefact,
        modality,
        data,
        short,
        protocol,
        files,
        only=only,
        split=split,
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
        _print(report)


def _print(report: dict[str, Any]) -> None:
    left = report["left_out"]
    typer.echo(
        f"{report['protocol']}, fold {report['fold']}: {report['n_queries']} queries;"
        " value [95 % interval]"
    )
    if left.get("seen"):
        typer.echo(
            f"left out: {left['seen']} queries of {left['seen_molecules']} molecules that the model"
            " was trained or tuned on"
        )
    if left["unreadable"]:
        typer.echo(f"left out: {left['unreadable']} rows that cannot be read")
    metrics = list(report["galleries"][0]["modality_to_graph"])
    header = ["LISTS", "QUERIES", "CANDIDATES", "ROW", *(name.upper() for name in metrics)]
    rows = []
    for gallery in report["galleries"]:
        entries = {
            "measurement finds molecule": gallery["modality_to_graph"],
            "spectrum-blind": gallery["baselines"]["spectrum_blind"],
            "random": gallery["baselines"]["random"],
        }
        for label, entry in entries.items():
            cells = [cell(entry[name]) for name in metrics]
            mean = f"{gallery['candidates_mean']:.1f}"
            rows.append([gallery["name"], str(gallery["n_queries"]), mean, label, *cells])
    table(rows, header)
    for gallery in report["galleries"]:
        lacking = {key: n for key, n in gallery["left_out"].items() if n}
        if lacking:
            told = ", ".join(f"{key.replace('_', ' ')} {n}" for key, n in lacking.items())
            typer.echo(f"{gallery['name']}: {told}")
