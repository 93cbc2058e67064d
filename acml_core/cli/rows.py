"""``acml models check`` and ``acml models row``: for those who keep a registry."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from acml_core.cli.common import Further, Json, note, show, table
from acml_core.cli.models import app, data_sets


@app.command("check", epilog="Example: acml models check nmr/gine5.13c-v1")
def check(
    name: Annotated[str | None, typer.Argument(help="One model; all by default.")] = None,
    as_json: Json = False,
) -> None:
    """Fetch and load models, and compare each with what its registry says. Exit code 1 if not so."""
    from acml_core.errors import UnknownName, did_you_mean
    from acml_core.hub.registries import entries
    from acml_core.hub.row import problems

    known = entries(note)
    if name is not None and name not in known:
        raise UnknownName(f"no model is called {name!r}", remedy=did_you_mean(name, known))
    found = {one: problems(known[one]) for one in ([name] if name else known)}
    if as_json:
        show(found)
    else:
        table([[one, "; ".join(wrong) or "ok"] for one, wrong in found.items()], ["NAME", "STATE"])
    if any(found.values()):
        raise typer.Exit(1)


@app.command(
    "row",
    epilog="Example: acml models row runs/nmr nmr/gine5.mine-v1 --licence cc-by-4.0"
    " --data 'my spectra: CC BY 4.0' --summary '13C of our group' --repo OWNER/NAME@COMMIT",
)
def row(
    folder: Annotated[Path, typer.Argument(help="Folder of a trained model.")],
    name: Annotated[str, typer.Argument(help="modality/arch.tag")],
    summary: Annotated[str, typer.Option(help="What it is for, in one line.")],
    licence: Annotated[
        str | None, typer.Option(help="Of the weights. Default: what the model says.")
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(help="'NAME: LICENCE'; repeat. Default: what the model says."),
    ] = None,
    repo: Annotated[str | None, typer.Option(help="OWNER/NAME@COMMIT where it lies.")] = None,
    package: Annotated[
        str | None, typer.Option(help="'IMPORT_NAME:folder' of the package that bundles it.")
    ] = None,
    default: Annotated[bool, typer.Option("--default", help="The modality's default.")] = False,
    paper: Annotated[str, typer.Option(help="arXiv:... or a DOI.")] = "arXiv:2311.06456",
) -> None:
    """Print a registry's row for a trained model, with its hashes and figures."""
    from acml_core.hub.row import as_toml, row_of

    if repo is not None:
        at, _, commit = repo.partition("@")
        source: dict[str, Any] = {"kind": "hf", "repo": at, "revision": commit}
    elif package is not None:
        module, _, inside = package.partition(":")
        source = {"kind": "bundled", "package": module, "folder": inside}
    else:
        source = {"kind": "path", "path": str(folder.resolve())}
    made = row_of(
        folder,
        name,
        source=source,
        licence=licence,
        data=data_sets(data),
        summary=summary,
        default=default,
        paper=paper,
    )
    typer.echo(as_toml(name, made), nl=False)


@app.command(
    "calibrate",
    epilog="Example: acml models calibrate runs/nmr --data nmr.parquet --library mine.smi",
)
def calibrate(
    model: Annotated[Path, typer.Argument(help="Folder of a trained model; its files change.")],
    data: Annotated[list[Path], typer.Option(help="Table that it was trained on; repeat.")],
    test: Annotated[
        list[Path] | None,
        typer.Option(help="Measure on this table's test molecules instead; may be repeated."),
    ] = None,
    library: Further = None,
    larger: Annotated[
        Path | None,
        typer.Option(help="Built library that is larger still: fit probabilities in it too."),
    ] = None,
    rerank: Annotated[
        int, typer.Option(min=0, help="Measure with a second opinion on the best N too.")
    ] = 0,
    fit_seconds: Annotated[
        float,
        typer.Option(min=1, help="Ask the second opinion so long for each of its fits, at most."),
    ] = 60.0,
) -> None:
    """Fit a model's probabilities on validation molecules again, and measure on test molecules."""
    from acml_core.artefact import load
    from acml_core.cli.evaluate import print_metrics
    from acml_core.evaluation.assess import again

    again(
        load(model), data, tested=test or (), library=library, larger=larger,
        rerank=rerank, seconds=fit_seconds, report=note,
    )  # fmt: skip
    print_metrics(model)
