"""``acml library``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from acml_core.cli.common import Json, Model, load_model, note, show

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command("build", epilog="Example: acml library build mine.smi --model runs/nmr --out lib")
def build(
    molecules: Annotated[Path, typer.Argument(help="SMILES file, SDF, CSV or parquet.")],
    out: Annotated[Path, typer.Option(help="Folder of the library.")],
    model: Model = None,
    modality: Annotated[str | None, typer.Option(help="Only this modality of the model.")] = None,
) -> None:
    """Encode a file of molecules for fast searching."""
    from acml_core.library.library import REJECTS, encode, save

    artefact, name = load_model(model, modality, several=True)
    library = encode(artefact, molecules, [name] if modality else None)
    save(library, out)
    note(f"{len(library)} molecules")
    if library.rejects:
        note(f"{len(library.rejects)} rows left out; reasons in {out / REJECTS}")
    typer.echo(str(out))


@app.command("info", epilog="Example: acml library info lib")
def info(
    folder: Annotated[Path, typer.Argument(help="Folder of a library.")], as_json: Json = False
) -> None:
    """Show what a library holds and which model it belongs to."""
    from acml_core.library.library import info as about

    found = about(folder)
    if as_json:
        show(found)
    else:
        for key, value in found.items():
            typer.echo(f"{key}: {value}")
