"""``acml finetune`` and ``acml predict``."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from acml_core.cli.common import (
    Device,
    Json,
    Model,
    load_model,
    note,
    overrides,
    save_rejects,
    show,
)
from acml_core.cli.common import device as torch_device
from acml_core.errors import BadInput

FINETUNE = (
    "Example: acml finetune --model runs/nmr --data bbbp.csv --task classification --out runs/bbbp"
)
PREDICT = "Example: acml predict runs/bbbp molecules.smi --out predicted.csv"


def finetune(
    data: Annotated[Path, typer.Option(help="Table: a column smiles, and the targets.")],
    task: Annotated[str, typer.Option(help="classification or regression.")],
    out: Annotated[Path, typer.Option(help="Folder of the predictor.")],
    model: Model = None,
    modality: Annotated[
        str | None, typer.Option(help="Without --model: the published weights of this.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Columns, comma-separated; default: all others.")
    ] = None,
    split: Annotated[
        str, typer.Option(help="scaffold, random, or a JSON file of row numbers.")
    ] = "scaffold",
    mode: Annotated[
        str, typer.Option(help="full; or on frozen embeddings: probe (linear), boosting (trees).")
    ] = "full",
    members: Annotated[
        int, typer.Option(min=1, help="Of the ensemble, whose disagreement is the uncertainty.")
    ] = 3,
    seed: Annotated[int, typer.Option(help="Of the first member; the next have the next.")] = 0,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Any setting: key=value; repeat.")
    ] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Fine-tune a trained graph encoder on measured properties."""
    from acml_core.command import as_typed
    from acml_core.config import merge, parse
    from acml_core.property.config import FinetuneConfig
    from acml_core.property.fit import fit
    from acml_core.property.table import TASKS, read

    if task not in TASKS:
        raise BadInput(f"no task is called {task!r}", remedy=f"Use {' or '.join(TASKS)}.")
    given = merge(overrides(settings or []), {"mode": mode})
    config = parse(FinetuneConfig, given, source="--mode and --set")
    artefact, _ = load_model(model, modality, several=True)
    targets = [one.strip() for one in target.split(",")] if target else []
    found = read(data, task, targets=targets)  # type: ignore[arg-type]
    on = torch_device(device)
    artefact.model.to(on)
    save_rejects(found.rejects, out)
    info = fit(
        artefact,
        found,
        data,
        out,
        how=split,
        seeds=range(seed, seed + members),
        config=config,
        device=on,
        command=as_typed(sys.argv[1:]),
        report=note,
    )
    if as_json:
        show(json.loads(info.model_dump_json(by_alias=True)))
        return
    for part, figures in info.metrics.items():
        if isinstance(figures, dict):
            said = ", ".join(
                f"{k} {v:.4f}" if isinstance(v, float) else f"{k} {v}" for k, v in figures.items()
            )
            typer.echo(f"{part}: {said}")
    if "test_interval_coverage" in info.metrics:
        share = info.metrics["test_interval_coverage"]
        typer.echo(f"test values within their 90 % interval: {share:.3f}")
    typer.echo(f"predictor: {out}")


def predict(
    predictor: Annotated[Path, typer.Argument(help="Folder that 'acml finetune' made.")],
    molecules: Annotated[Path, typer.Argument(help="File of molecules.")],
    out: Annotated[
        Path | None, typer.Option(help="CSV to write; default: standard output.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Predict properties, each with its uncertainty and whether the molecule is like those learnt."""
    import io

    from acml_core.data import molecules as files
    from acml_core.files import write_text
    from acml_core.graphs.build import build
    from acml_core.property.answers import answers, header
    from acml_core.property.predictor import load

    trained = load(predictor)
    smiles = files.read(molecules)
    built = build(smiles, dedupe=False)
    for reject in built.rejects:
        note(f"left out: row {reject.row}: {reject.reason}")
    if out is not None:
        save_rejects(built.rejects, out.parent)
    if not len(built.graphs):
        raise BadInput(
            "no molecule could be used", source=molecules, remedy="See the reasons above."
        )
    found = trained.predict(built.graphs)
    used = [row for row, number in enumerate(built.rows) if number >= 0]
    columns = header(trained.info)
    lines = answers(trained.info, found, [row + 1 for row in used], [smiles[row] for row in used])
    if as_json:
        show([dict(zip(columns, cells, strict=True)) for cells in lines])
        return
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *lines])
    if out is None:
        typer.echo(text.getvalue(), nl=False)
    else:
        write_text(out, text.getvalue())
        note(f"{len(lines)} molecules written to {out}")
