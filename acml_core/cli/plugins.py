"""``acml plugins``: what is installed, and what is wrong with it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from acml_core.cli.common import Json, show, table

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command("list", epilog="Example: acml plugins list --json")
def list_(as_json: Json = False) -> None:
    """List installed and known plugins. Reads metadata only and imports no plugin."""
    from acml_core import catalog, plugins

    found = plugins.installed()
    missing = {n: k for n, k in catalog.plugins().items() if n not in {i.name for i in found}}
    if as_json:
        rows = [asdict(info) for info in found]
        rows += [
            {"name": n, "distribution": k.distribution, "status": "available"}
            for n, k in missing.items()
        ]
        show(rows)
        return
    rows_ = [[i.name, i.distribution, i.version, i.status, _hint(i)] for i in found]
    rows_ += [
        [n, k.distribution, "-", "available", f"pip install {k.distribution}"]
        for n, k in missing.items()
    ]
    table(rows_, ["NAME", "DISTRIBUTION", "VERSION", "STATUS", ""])


@app.command("info", epilog="Example: acml plugins info nmr")
def info(name: Annotated[str, typer.Argument(help="Name of a modality.")]) -> None:
    """Show what a plugin reads, its columns, settings and recipes."""
    from acml_core import plugins

    cls = plugins.get(name)
    typer.echo(f"{name}: {(cls.__doc__ or '').strip().splitlines()[0]}")
    typer.echo(f"suffixes: {', '.join(cls.suffixes) or '-'}")
    typer.echo(f"formats:  {', '.join(cls.formats) or '-'}")
    typer.echo(f"columns:  smiles, {', '.join(cls.signal.columns())}")
    typer.echo(f"recipes:  {', '.join(cls.recipes()) or '-'}")
    typer.echo(f"maps:     {', '.join(cls.maps()) or '-'}")
    typer.echo(f"protocols: {', '.join(cls.protocols()) or '-'}")
    optional = ("simulate", "rerank", "similarity", "parts", "draw", "starter")
    typer.echo(f"offers:   {', '.join(o for o in optional if cls.supports(o)) or '-'}")
    typer.echo("settings:")
    fields = cls.Config.model_fields
    table(
        [[f"  {key}", repr(f.default), f.description or ""] for key, f in fields.items()],
        ["  KEY", "DEFAULT", "MEANING"],
    )


@app.command("check", epilog="Example: acml plugins check nmr")
def check(
    name: Annotated[str | None, typer.Argument(help="One plugin; all by default.")] = None,
    as_json: Json = False,
) -> None:
    """Import plugins one by one and report what is wrong. Exit code 1 if any cannot be used."""
    from acml_core import plugins

    names = [name] if name else sorted({i.name for i in plugins.installed()})
    found = [plugins.check(one) for one in names]
    if as_json:
        show([asdict(i) for i in found])
    else:
        table(
            [[i.name, i.distribution, i.version, i.status, _hint(i)] for i in found],
            ["NAME", "DISTRIBUTION", "VERSION", "STATUS", ""],
        )
    if any(i.status not in ("ok", "slow", "disabled") for i in found):
        raise typer.Exit(1)


@app.command("new", epilog="Example: acml plugins new uvvis --out .")
def new(
    name: Annotated[str, typer.Argument(help="Name of the new modality.")],
    out: Annotated[
        Path, typer.Option(help="Folder to make acml-plugin-NAME in; here by default.")
    ] = Path(),
) -> None:
    """Make a working plugin for a new modality, with its tests and one example."""
    from acml_core.scaffold import new_plugin

    folder = new_plugin(name, out)
    typer.echo(f"made {folder}")
    typer.echo(f"Next: pip install -e {folder} && pytest {folder}")


def _hint(info: object) -> str:
    cause, remedy = getattr(info, "cause", ""), getattr(info, "remedy", "")
    return f"{cause}. {remedy}" if cause else ""
