"""``acml eval fusion``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from acml_core.cli.common import Further, Json, load_model, note, show, table
from acml_core.cli.evaluate import app
from acml_core.errors import BadInput


@app.command(
    "fusion",
    epilog="Example: acml eval fusion --data nmr=nmr.parquet --data ir=ir.parquet"
    " --model nmr=runs/nmr --model ir=runs/ir --library mine.smi --out runs/fusion",
)
def fusion(
    data: Annotated[list[str], typer.Option(help="NAME=TABLE for each modality; repeat.")],
    model: Annotated[
        list[str] | None,
        typer.Option(help="NAME=MODEL, or one joint model. Default: the published weights."),
    ] = None,
    library: Further = None,
    seed: Annotated[int, typer.Option(help="Of the draw of spectra and the bootstrap.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for report.json and fusion.json (the weights).")
    ] = None,
    as_json: Json = False,
) -> None:
    """What several measurements of one sample find together, and how much each should count."""
    import json

    from acml_core.cli.search import split_name, value_of
    from acml_core.evaluation.fusion import WEIGHTS_FILE, evaluate_fusion
    from acml_core.files import write_text
    from acml_core.library.fusion import Fusion

    tables: dict[str, list[Path]] = {}
    for one in data:
        name, path = split_name(one)
        if name is None:
            raise BadInput(f"--data {one!r} names no modality", remedy="Write --data nmr=FILE.")
        tables.setdefault(name, []).append(Path(path))
    if len(tables) < 2:
        raise BadInput("one modality alone is no fusion", remedy="Give --data for each.")
    models = {name: load_model(value_of(name, model or []), name)[0] for name in tables}
    report = evaluate_fusion(models, tables, library=library, seed=seed, report=note)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / "report.json", json.dumps(report, indent=1))
        Fusion(weights=report["weights"], sure=report["sure"]).write(out / WEIGHTS_FILE)
        note(f"written: {out}")
    if as_json:
        show(report)
        return
    typer.echo(
        f"{report['queries']} test molecules with every measurement,"
        f" {report['candidates']} candidates; weights"
        f" {report['weights']} fitted on {report['validation_molecules']} validation molecules"
    )
    table([_line(row) for row in report["rows"]], ["MEASUREMENTS", "RECALL@1", "RECALL@10", "ECE"])


def _line(row: dict[str, Any]) -> list[str]:
    cells = [
        f"{row[k]['value']:.3f} [{row[k]['ci95'][0]:.3f}, {row[k]['ci95'][1]:.3f}]"
        for k in ("recall@1", "recall@10")
    ]
    return [" + ".join(row["modalities"]), *cells, f"{row['ece']:.3f}"]
