"""``acml eval property``."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Annotated

import typer

from acml_core.cli.common import Device, Json, load_model, note, overrides, show, table
from acml_core.cli.common import device as torch_device
from acml_core.cli.isomers import app


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
        str | None, typer.Option(help="Parts of row names, comma-separated; default: all.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Repetitions.")] = 3,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Setting of fine-tuning: key=value; repeat.")
    ] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """What trained graph encoders give for property prediction, beside untrained and classic ones."""
    from acml_core.config import parse
    from acml_core.files import write_text
    from acml_core.property.finetune import FinetuneConfig
    from acml_core.property.plot import plot
    from acml_core.property.suite import run

    models = {}
    for text in model:
        name, separator, rest = text.partition("=")
        if separator and not Path(text).exists():
            models[name] = load_model(rest, None, several=True)[0]
        else:
            models[Path(text).name] = load_model(text, None, several=True)[0]
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
        report=note,
    )
    write_text(out / "report.json", json.dumps(report, indent=1))
    lines = [
        [
            name,
            row,
            one["metric"],
            one["mean"],
            one["std"],
            one["seeds"],
            one["p_against_untrained"],
        ]
        for name, about in report["tasks"].items()
        for row, one in about["rows"].items()
    ]
    header = ["task", "row", "metric", "mean", "std", "seeds", "p_against_untrained"]
    with (out / "report.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *lines])
    plot(report, out / "property.png")
    if as_json:
        show(report)
        return
    shown = []
    for name, row, metric, mean, std, n, p in lines:
        spread = "-" if std is None else f"{std:.3f}"
        chance = "-" if p is None else f"{p:.3f}"
        shown.append([name, row, metric, f"{mean:.3f}", spread, str(n), chance])
    for name, by_row in report["averages"].items():
        metric, _, over = name.partition(" over ")
        label = f"mean of {over.count(',') + 1}"
        shown += [[label, row, metric, f"{v:.3f}", "-", "-", "-"] for row, v in by_row.items()]
    table(shown, ["TASK", "ROW", "METRIC", "MEAN", "STD", "SEEDS", "P"])
    for name, about in report["tasks"].items():
        sizes = " / ".join(map(str, about["sizes"]))
        note(
            f"{name}: {about['split']}, {sizes} molecules; test sha256 {about['test_sha256'][:16]}"
        )
