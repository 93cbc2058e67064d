"""``acml library``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from acml_core.cli.common import Json, Model, load_model, note, show

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Out = Annotated[Path, typer.Option(help="Folder of the library.")]


class Index(StrEnum):
    """How the best candidates are found."""

    exact = "exact"
    faiss = "faiss"


class Engine(StrEnum):
    """Who encodes."""

    processes = "processes"
    ray = "ray"


@app.command("build", epilog="Example: acml library build mine.smi --model runs/nmr --out lib")
def build(
    molecules: Annotated[
        str,
        typer.Argument(
            help="SMILES file, SDF, CSV or parquet; hf:OWNER/NAME, a data set of the Hub; or a name"
            " of a registry, such as nci5k."
        ),
    ],
    out: Out,
    model: Model = None,
    modality: Annotated[str | None, typer.Option(help="Only this modality of the model.")] = None,
    index: Annotated[
        Index | None,
        typer.Option(
            help="exact scores every candidate; faiss looks the best up (from about a million on),"
            " and prints its recall. Default: exact; with --append, the library's."
        ),
    ] = None,
    append: Annotated[
        bool, typer.Option("--append", help="Add the molecules to the library that is there.")
    ] = False,
    engine: Annotated[
        Engine, typer.Option(help="processes of this machine, or ray: its cluster, or one here.")
    ] = Engine.processes,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes. Default: as many as there are cores.")
    ] = None,
    shard_size: Annotated[
        int | None, typer.Option(min=1, help="Most rows of a shard. Default: 8192.")
    ] = None,
) -> None:
    """Encode molecules for fast searching. Killed work goes on where it was when it is run again."""
    from acml_core.library.build import SHARD_ROWS
    from acml_core.library.build import build as make

    artefact, name = load_model(model, modality, several=True)
    made = make(
        artefact,
        molecules,
        out,
        modalities=[name] if modality else None,
        index=None if index is None else index.value,
        append=append,
        engine=engine.value,
        workers=workers,
        shard_rows=shard_size or SHARD_ROWS,
        report=note,
    )
    _told(out, made.sources[-1].rejects, made.sources[-1].rejects_file)
    note(f"{made.molecules} molecules in {len(made.shards)} shards")
    typer.echo(str(out))


@app.command("merge", epilog="Example: acml library merge vendor ours --out both")
def merge(
    libraries: Annotated[list[Path], typer.Argument(help="Libraries of one model.")],
    out: Out,
    index: Annotated[Index, typer.Option(help="As of 'acml library build'.")] = Index.exact,
    model: Annotated[
        str | None,
        typer.Option(help="The libraries' model, to measure an index with real measurements."),
    ] = None,
    shard_size: Annotated[
        int | None, typer.Option(min=1, help="Most molecules of a shard. Default: 8192.")
    ] = None,
) -> None:
    """One library of several, each molecule once; nothing is encoded again."""
    from acml_core.library.build import SHARD_ROWS
    from acml_core.library.merge import merge as join

    artefact = load_model(model, None, several=True)[0] if model else None
    join(
        libraries,
        out,
        artefact=artefact,
        index=index.value,
        shard_rows=shard_size or SHARD_ROWS,
        report=note,
    )
    typer.echo(str(out))


@app.command("info", epilog="Example: acml library info lib")
def info(
    folder: Annotated[Path, typer.Argument(help="Folder of a library.")], as_json: Json = False
) -> None:
    """Show what a library holds and which model it belongs to."""
    from acml_core.library.manifest import read

    about = read(folder)
    if as_json:
        show(about.model_dump(mode="json", by_alias=True))
        return
    typer.echo(f"molecules: {about.molecules} in {len(about.shards)} shards")
    typer.echo(f"model: {about.model}")
    typer.echo(f"modalities: {', '.join(f'{k} ({v} numbers)' for k, v in about.dims.items())}")
    typer.echo(f"index: {about.index}")
    for name, one in about.nearest.items():
        typer.echo(f"  {name}: recall@10 {one.recall:.3f} of exact ({one.queries} {one.asked})")
    for source in about.sources:
        typer.echo(
            f"source: {source.name}: {source.molecules} molecules of {source.rows} rows"
            f" ({source.rejects} left out, {source.duplicates} repeated)"
        )


def _told(out: Path, rejects: int, file: str | None) -> None:
    if rejects and file:
        note(f"{rejects} rows left out; reasons in {out / file}")
