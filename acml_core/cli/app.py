"""The tree of commands. Nothing heavy is imported until a command runs."""

from __future__ import annotations

from typing import Annotated

import typer

import acml_core
from acml_core.cli import (
    data,
    doctor,
    explain,
    finetune,
    library,
    plugins,
    rows,
    search,
    semantics,
    train,
)

app = typer.Typer(
    name="acml",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="From a measured spectrum to the molecule, and graph encoders that learnt from spectra.",
    epilog="Example: acml search --modality nmr '13C NMR d 170.1, 128.4, 21.0' --library mine.smi"
    " --model runs/nmr",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"acml {acml_core.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


app.add_typer(plugins.app, name="plugins", help="List, describe and check modality plugins.")
app.add_typer(data.app, name="data", help="Import, simulate and split tables of measurements.")
app.command("train", epilog=train.EXAMPLE)(train.train)
# "fusion", "isomers", "property" and "semantics" add their commands to those of "evaluate".
app.add_typer(semantics.app, name="eval", help="Evaluate a trained model on unseen molecules.")
app.add_typer(library.app, name="library", help="Build and describe libraries of candidates.")
app.command("search", epilog=search.EXAMPLE)(search.search)
app.command("explain", epilog=explain.EXAMPLE)(explain.explain)
# "rows" adds its commands to those of "models".
app.add_typer(rows.app, name="models", help="List, fetch and publish trained models.")
app.command("finetune", epilog=finetune.FINETUNE)(finetune.finetune)
app.command("predict", epilog=finetune.PREDICT)(finetune.predict)
app.command("doctor", epilog=doctor.EXAMPLE)(doctor.doctor)
