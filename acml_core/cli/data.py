"""``acml data``: tables of measurements."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from acml_core.cli.common import Json, note, overrides, save_rejects, show

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
Out = Annotated[Path, typer.Option("--out", help="Table to write: .parquet, .csv or .tsv.")]


@app.command(
    "import",
    epilog="Example: acml data import nmrshiftdb2 nmrshiftdb2withsignals.sd --out nmr.parquet",
)
def import_(
    format: Annotated[str, typer.Argument(help="Format; 'acml plugins info NAME' lists them.")],
    source: Annotated[str, typer.Argument(help="File or folder.")],
    out: Out,
    modality: Annotated[str | None, typer.Option(help="Plugin that reads it.")] = None,
) -> None:
    """Convert a file of measurements with structures into a table."""
    from acml_core.data.importing import import_table

    count, rejects = import_table(format, source, out, modality)
    save_rejects(rejects, out.parent)
    typer.echo(f"{count} rows written to {out}")


@app.command(
    "fetch",
    epilog="Example: acml data fetch hf:OWNER/NAME --map columns.toml --out table.parquet",
)
def fetch(
    source: Annotated[str, typer.Argument(help="hf:OWNER/NAME, a data set of the Hub.")],
    out: Annotated[Path, typer.Option("--out", help="Table to write: .parquet.")],
    map: Annotated[
        str | None,
        typer.Option(
            "--map", help="A plugin's column map, or a TOML file. Default: the plugin's for it."
        ),
    ] = None,
    revision: Annotated[
        str | None, typer.Option(help="Commit, tag or branch. Default: the newest commit.")
    ] = None,
    fold: Annotated[
        list[str] | None,
        typer.Option(help="A side of the data set's own split to take; repeat. Default: all."),
    ] = None,
    max_rows: Annotated[
        int | None, typer.Option("--max-rows", min=1, help="Rows to write at most.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Fetch a data set of the Hugging Face Hub and write it as a table of ours.

    Files stay in the usual cache, so another run goes on where this one broke off.
    """
    from acml_core.hub.fetching import fetch_table

    done = fetch_table(
        source,
        out,
        map=map,
        revision=revision,
        folds=fold or (),
        max_rows=max_rows,
        report=note,
    )
    save_rejects(done.outcome.rejects, out.parent)
    if as_json:
        show(done.as_dict())
        return
    typer.echo(f"{done.outcome.written} of {done.outcome.rows} rows written to {out}")
    for name, number in done.outcome.filtered.items():
        typer.echo(f"{number} rows left out by the filter {name}")
    if done.outcome.folds:
        parts = (f"{name or 'none'} {number}" for name, number in done.outcome.folds.items())
        typer.echo("split of the data set: " + ", ".join(parts))
    typer.echo(f"licence: {done.listed.licence or 'not stated'}; commit {done.listed.commit}")


@app.command("simulate", epilog="Example: acml data simulate --modality nmr my.smi --out s.parquet")
def simulate(
    molecules: Annotated[Path, typer.Argument(help="File of molecules.")],
    modality: Annotated[str, typer.Option(help="Plugin that simulates.")],
    out: Out,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of the plugin: key=value; repeat.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of what is drawn at random.")] = 0,
) -> None:
    """Compute the measurements that molecules would give. The table says it is simulated."""
    from acml_core.data.simulating import simulate_table

    count, rejects = simulate_table(
        modality, molecules, out, note, settings=overrides(set_ or []), seed=seed
    )
    save_rejects(rejects, out.parent)
    typer.echo(f"{count} simulated rows written to {out}")


@app.command("split", epilog="Example: acml data split nmr.parquet")
def split(
    table: Annotated[Path, typer.Argument(help="Table with a column smiles.")],
    test: Annotated[float, typer.Option(help="Share of molecules for the test.")] = 0.1,
    validation: Annotated[float, typer.Option(help="Share for validation.")] = 0.1,
    salt: Annotated[str, typer.Option(help="Another salt, another split.")] = "acml-1",
    out: Annotated[
        Path | None, typer.Option(help="Folder for train/validation/test tables.")
    ] = None,
) -> None:
    """Divide a table by InChIKey-14: print the counts, and write the three tables with --out."""
    from acml_core.data.splitting import split_table

    counts, rejects = split_table(table, test, validation, salt, out)
    if out is not None:
        save_rejects(rejects, out)
    show(counts)
