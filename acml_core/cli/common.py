"""What several commands share: options, progress, results, and finding the model."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from acml_core.errors import BadInput

if TYPE_CHECKING:
    from acml_core.artefact import Artefact
    from acml_core.rejects import Reject

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="A trained model: its folder, a name from 'acml models list', or OWNER/NAME of the"
        " Hub. Default: the published weights of --modality.",
    ),
]
Further = Annotated[
    Path | None,
    typer.Option(
        "--library",
        help="Further candidates: molecules, or a library's folder, whose molecules are encoded"
        " anew.",
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]


def note(message: str) -> None:
    """Progress and warnings go to stderr; results alone go to stdout."""
    print(message, file=sys.stderr, flush=True)


def show(value: Any) -> None:
    """A result as JSON on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1))


def device(name: str) -> Any:
    """``auto``, ``cpu`` or ``cuda`` as a torch device.

    Raises:
        BadInput: another name, or cuda where there is none.
    """
    import torch

    if name not in ("auto", "cpu", "cuda"):
        raise BadInput(f"no device is called {name!r}", remedy="Use auto, cpu or cuda.")
    if name == "cuda" and not torch.cuda.is_available():
        raise BadInput("torch sees no GPU", remedy="Use --device cpu, or install a CUDA torch.")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def load_model(
    model: str | None, modality: str | None, *, several: bool = False
) -> tuple[Artefact, str]:
    """See ``acml_core.hub.pretrained.choose``; what it says goes to stderr."""
    from acml_core.hub.pretrained import choose

    return choose(model, modality, several=several, report=note)


def save_rejects(rejects: Iterable[Reject], folder: Path) -> None:
    """Write ``rejects.csv`` into a folder when there are any, and say so."""
    from acml_core.rejects import write_csv

    rejects = list(rejects)
    if rejects:
        folder.mkdir(parents=True, exist_ok=True)
        write_csv(rejects, folder / "rejects.csv")
        note(f"{len(rejects)} rows left out; reasons in {folder / 'rejects.csv'}")


def table(rows: list[list[str]], header: list[str]) -> None:
    """Aligned columns on stdout."""
    widths = [max(len(str(row[i])) for row in [header, *rows]) for i in range(len(header))]
    for row in [header, *rows]:
        line = "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo(line.rstrip())


def overrides(items: list[str]) -> dict[str, Any]:
    """``["graph.dim=128", "lr=0.001"]`` as a nested dictionary; values are TOML.

    Raises:
        BadInput: an item without "=".
    """
    import tomllib

    from acml_core.config import merge

    result: dict[str, Any] = {}
    for item in items:
        key, separator, text = item.partition("=")
        if not separator or not key.strip():
            raise BadInput(f"--set {item!r}", remedy="Write --set key=value, e.g. graph.dim=128.")
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            value = text
        nested: Any = value
        for part in reversed(key.strip().split(".")):
            nested = {part: nested}
        result = merge(result, nested)
    return result
