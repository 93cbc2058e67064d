"""``acml train``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from acml_core.cli.common import device, note, overrides

EXAMPLE = "Example: acml train --modality nmr --data nmr.parquet --max-minutes 10 --out runs/nmr"


def train(
    modality: Annotated[
        list[str] | None, typer.Option(help="Modality; repeat for several.")
    ] = None,
    data: Annotated[
        list[Path] | None, typer.Option(help="Table; repeat for several. Default: the starter.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the model.")] = None,
    recipe: Annotated[
        str | None, typer.Option(help="Recipe of the plugin, or a .toml file.")
    ] = None,
    unlock: Annotated[str | None, typer.Option(help="Of the tower: none, last or all.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the data, at most.")] = None,
    max_minutes: Annotated[float | None, typer.Option(help="Training time, at most [min].")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    only: Annotated[
        str | None, typer.Option(help="Measured columns to use, comma-separated.")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Any setting: key=value; repeat.")
    ] = None,
    tower: Annotated[
        list[Path] | None,
        typer.Option(help="Pretrained tower: a model's folder, or .safetensors; may be repeated."),
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(help="Begin with the weights of this trained model: a folder or a name."),
    ] = None,
    graph: Annotated[
        str | None,
        typer.Option(help="Begin with the graph encoder of this trained model, of any modality."),
    ] = None,
    device_: Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")] = "auto",
    resume: Annotated[Path | None, typer.Option(help="Go on with an interrupted run.")] = None,
) -> None:
    """Train a graph encoder against the locked encoder of a measurement, and evaluate it."""
    from acml_core.command import as_typed
    from acml_core.training.run import resume_run, start_run

    if resume is not None:
        path = resume_run(resume, device=device(device_), report=note)
    else:
        given = {
            "unlock": unlock,
            "epochs": epochs,
            "max_minutes": max_minutes,
            "seed": seed,
        }
        settings = {key: value for key, value in given.items() if value is not None}
        path = start_run(
            modality or [],
            data or [],
            out,
            recipe=recipe,
            settings=[overrides(set_ or []), settings],
            only=only.split(",") if only else None,
            tower=tower,
            init=init,
            graph=graph,
            command=as_typed(sys.argv[1:]),
            device=device(device_),
            report=note,
        )
    from acml_core.cli.evaluate import print_metrics

    print_metrics(path)
    typer.echo(f"model: {path}")
