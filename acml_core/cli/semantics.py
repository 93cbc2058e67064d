"""``acml eval semantics``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from acml_core.cli.common import Json, load_model, note, save_rejects, show, table
from acml_core.cli.property import app

if TYPE_CHECKING:
    from acml_core.artefact import Artefact

MOST_RISEN, MOST_FALLEN = 15, 5
"""Probes of a model in the printed table."""


@app.command(
    "semantics",
    epilog="Example: acml eval semantics --model runs/nmr --model runs/ir --data molecules.smi"
    " --out runs/semantics",
)
def semantics(
    model: Annotated[
        list[str],
        typer.Option(help="A trained model; NAME=MODEL names its rows. Repeat to compare several."),
    ],
    out: Annotated[Path, typer.Option(help="Folder for report.json, *.csv, taught.png, map.png.")],
    data: Annotated[
        Path | None, typer.Option(help="Molecules, or a table with them; default: the starter.")
    ] = None,
    most: Annotated[int, typer.Option(min=100, help="Most molecules, drawn by --seed.")] = 10_000,
    neighbours: Annotated[int, typer.Option(min=1, help="Nearest neighbours looked at.")] = 10,
    map_method: Annotated[str, typer.Option("--map", help="pca or tsne.")] = "tsne",
    seed: Annotated[int, typer.Option(help="Of the draw, the untrained encoder and the map.")] = 0,
    as_json: Json = False,
) -> None:
    """What graph encoders learnt: probes, neighbours and maps against the same encoder untrained."""
    from acml_core.semantics.report import evaluate, write

    models = _models(model)
    if data is None:
        first = next(iter(models.values())).model.modalities
        data = next(iter(first.values())).starter()
    made = evaluate(
        models,
        data,
        most=most,
        neighbours=neighbours,
        map_method=map_method,
        seed=seed,
        report=note,
    )
    write(out, made)
    save_rejects(made.rejects, out)
    note(f"written: {out}")
    if as_json:
        show(made.report)
    else:
        _print(made.report)


def _models(given: list[str]) -> dict[str, Artefact]:
    """Models by the name of their rows: as given, else their modalities, numbered if need be."""
    found: dict[str, Artefact] = {}
    for text in given:
        name, separator, rest = text.partition("=")
        artefact, _ = load_model(rest if separator else text, None, several=True)
        base = name if separator else "+".join(artefact.model.modalities)
        label, number = base, 2
        while label in found:
            label, number = f"{base} {number}", number + 1
        found[label] = artefact
    return found


def _print(report: dict[str, Any]) -> None:
    count = report["molecules"]
    typer.echo(
        f"{count['train']} training, {count['validation']} validation, {count['test']} test molecules"
    )
    typer.echo("mean skill of linear probes, 0 knows nothing, 1 is perfect [95 % interval]:")
    rows = list(report["families"][0]["rows"]) if report["families"] else []
    families = [f"{one['family']} ({one['probes']})" for one in report["families"]]
    table(
        [[row, *(_cell(one["rows"][row]) for one in report["families"])] for row in rows],
        ["ROW", *(name.upper() for name in families)],
    )
    for model, entries in report["taught"].items():
        shown = entries[:MOST_RISEN]
        shown += entries[max(len(entries) - MOST_FALLEN, MOST_RISEN) :]
        typer.echo(
            f"what {model} taught: rise of the skill over the untrained encoder; of"
            f" {len(entries)} probes those that rose most, and the last {MOST_FALLEN}"
        )
        table(
            [
                [
                    one["probe"],
                    one["metric"],
                    *(f"{one[name]['value']:.3f}" for name in ("trained", "untrained", "ecfp4")),
                    _cell(one["rise"]),
                ]
                for one in shown
            ],
            ["PROBE", "METRIC", "TRAINED", "UNTRAINED", "ECFP4", "RISE"],
        )
    near = report["neighbours"]
    typer.echo(f"the {near['k']} nearest molecules, against those nearest by Tanimoto similarity:")
    table(
        [[one["row"], _cell(one["overlap"]), _cell(one["tanimoto"])] for one in near["rows"]],
        ["ROW", "SHARED", "MEAN TANIMOTO"],
    )


def _cell(score: dict[str, Any]) -> str:
    low, high = score["ci95"]
    return f"{score['value']:.3f} [{low:.3f}, {high:.3f}]"
