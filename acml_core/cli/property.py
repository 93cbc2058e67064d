"""``acml eval property``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from acml_core.cli.common import Device, Json, load_model, note, overrides, show, table
from acml_core.cli.common import device as torch_device
from acml_core.cli.isomers import app
from acml_core.errors import BadInput


@app.command(
    "property",
    epilog="Example: acml eval property --model nmr=runs/nmr --data moleculenet --out runs/property",
)
def property_(
    model: Annotated[
        list[str],
        typer.Option(help="Trained model, or NAME=MODEL to name its rows; repeat for several."),
    ],
    data: Annotated[Path, typer.Option(help="Folder of the suite's tables.")],
    out: Annotated[Path, typer.Option(help="Folder of the results; an interrupted run goes on.")],
    suite: Annotated[str, typer.Option(help="moleculenet or tdc.")] = "moleculenet",
    tasks: Annotated[
        str | None, typer.Option(help="Comma-separated; default: all but large ones.")
    ] = None,
    rows: Annotated[
        str | None,
        typer.Option(
            help="Names of rows, whole or in part, comma-separated, or every; default: classic models"
            " and fine-tuned encoders."
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Repetitions.")] = 3,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Setting of fine-tuning: key=value; repeat.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes, one thread each; default: all cores.")
    ] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """What trained graph encoders give for property prediction, beside untrained and classic ones."""
    from acml_core.config import parse
    from acml_core.property.config import FinetuneConfig
    from acml_core.property.report import write
    from acml_core.property.suite import run

    models: dict[str, Any] = {}
    for text in model:
        name, separator, rest = text.partition("=")
        if not separator or Path(text).exists():
            name, rest = Path(text).name, text
        if name in models:
            raise BadInput(f"two models are called {name!r}", remedy="Give --model NAME=MODEL.")
        models[name] = load_model(rest, None, several=True)[0]
    report = run(
        suite,
        data,
        out,
        models,
        tasks=[one.strip() for one in tasks.split(",")] if tasks else (),
        rows=[one.strip() for one in rows.split(",")] if rows else (),
        seeds=seeds,
        config=parse(FinetuneConfig, overrides(settings or []), source="--set"),
        device=torch_device(device),
        workers=workers,
        report=note,
    )
    write(out, report)
    note(f"written: {out}")
    if as_json:
        show(report)
    else:
        _print(report)


def _print(report: dict[str, Any]) -> None:
    from acml_core.property.report import lines

    shown = []
    for name, row, metric, mean, std, _, _, risen, low, high, p, _ in lines(report):
        cells = ["-" if value is None else f"{value:.3f}" for value in (mean, std)]
        change = "-" if risen is None else f"{risen:+.3f} [{low:+.3f}, {high:+.3f}]"
        shown.append([name, row, metric, *cells, change, "-" if p is None else f"{p:.3f}"])
    table(shown, ["TASK", "ROW", "METRIC", "MEAN", "STD", "BETTER THAN UNTRAINED BY", "P"])
    for about in report["averages"]:
        note(f"mean of {len(about['tasks'])}: {', '.join(about['tasks'])}")
    for name, about in report["tasks"].items():
        sizes = " / ".join(map(str, about["sizes"]))
        note(
            f"{name}: {about['split']}, {sizes} molecules; test sha256 {about['test_sha256'][:16]}"
        )
