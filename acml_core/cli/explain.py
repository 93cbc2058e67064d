"""``acml explain``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acml_core.cli.common import Json, Model, load_model, note, show, table
from acml_core.errors import BadInput

if TYPE_CHECKING:
    from acml_core.explain import Explanation

EXAMPLE = (
    "Example: acml explain --modality nmr '13C NMR d 171.2, 60.4, 21.0, 14.2' --smiles CCOC(C)=O"
    " --model runs/nmr --out match.svg"
)
SHOWN = 12
"""Atoms and parts in the printed tables."""


def explain(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A file, a folder, or literal text.")
    ],
    smiles: Annotated[str, typer.Option(help="The molecule; atoms are numbered as written.")],
    model: Model = None,
    modality: Annotated[str | None, typer.Option(help="What SOURCE measures.")] = None,
    number: Annotated[
        int, typer.Option(min=1, help="Which measurement, where SOURCE holds several.")
    ] = 1,
    method: Annotated[
        str | None,
        typer.Option(
            help="How atoms are left out: pooled (of the sum over atoms) or removed (of the graph)."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of random weights and random orders.")] = 0,
    out: Annotated[Path | None, typer.Option(help="The picture: .svg or .png.")] = None,
    as_json: Json = False,
) -> None:
    """Which atoms and which parts of a measurement carry its match with a molecule."""
    from acml_core.api import read_signals
    from acml_core.explain import explain as run

    artefact, name = load_model(model, modality)
    signals = read_signals(artefact.model.modalities[name], source, report=note)
    if number > len(signals):
        raise BadInput(
            f"it holds {len(signals)} measurements, not {number}",
            source=source,
            remedy=f"Give --number 1 to {len(signals)}.",
        )
    if len(signals) > 1:
        note(f"measurement {number} of {len(signals)}; --number chooses another")
    made = run(artefact.model, name, signals[number - 1], smiles, method=method, seed=seed)
    if not made.splits:
        note(f"the plugin {name!r} does not split its measurements into parts: atoms alone")
    if out is not None:
        made.write(out)
        note(f"written: {out}")
    if as_json:
        show({"model": str(artefact.path), **made.as_dict()})
    else:
        _print(made)


def _print(made: Explanation) -> None:
    report = made.as_dict()
    typer.echo(f"match of {report['smiles']} and {made.signal.origin[:60]}: {report['score']:.3f}")
    typer.echo("loss of the match without an atom, without a part of the measurement:")
    atoms = sorted(report["atoms"], key=lambda one: -one["loss"])[:SHOWN]
    table(
        [[str(one["atom"]), one["element"], f"{one['loss']:+.4f}"] for one in atoms],
        ["ATOM", "ELEMENT", "LOSS"],
    )
    if made.parts:
        parts = sorted(report["parts"], key=lambda one: -one["loss"])[:SHOWN]
        table(
            [[one["part"], f"{one['loss']:+.4f}", str(one["atom"])] for one in parts],
            ["PART", "LOSS", "GOES WITH ATOM"],
        )
    for name, rows in report["random_weights"].items():
        if rows is not None:
            verdict = "another answer" if rows["another_answer"] else "MUCH THE SAME ANSWER"
            typer.echo(
                f"random weights, {name}: rank correlation {rows['mean']:.2f} on average, {verdict}"
            )
    for name, curve in report["deletion"].items():
        if curve is not None:
            typer.echo(
                f"leaving {name} out, the most important first: mean match {curve['area']:.3f};"
                f" in random order {curve['random_area']:.3f}"
            )
