"""``acml search``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from acml_core.cli.common import Json, Model, load_model, note, show, table
from acml_core.errors import BadInput

EXAMPLE = (
    "Example: acml search --modality nmr '13C NMR (101 MHz, CDCl3) d 170.1, 128.4, 21.0'"
    " --model runs/nmr --library mine.smi --formula C9H10O2"
)


def search(
    source: Annotated[str, typer.Argument(help="A file, a folder, or literal text.")],
    library: Annotated[Path, typer.Option(help="Candidates: a library, or a file of molecules.")],
    modality: Annotated[str | None, typer.Option(help="What SOURCE measures.")] = None,
    model: Model = None,
    formula: Annotated[str | None, typer.Option(help="Only candidates of this formula.")] = None,
    mass: Annotated[
        float | None, typer.Option(help="Only candidates of this neutral exact mass [Da].")
    ] = None,
    ppm: Annotated[float, typer.Option(help="Half width of the mass window [ppm].")] = 10.0,
    top: Annotated[int, typer.Option(min=1, help="Answers to show.")] = 10,
    as_json: Json = False,
) -> None:
    """Rank candidate molecules for a measurement."""
    from acml_core.library.library import open_any
    from acml_core.library.search import search as rank
    from acml_core.reading import read

    artefact, name = load_model(model, modality)
    rejects: list[BadInput] = []
    plugin = artefact.model.modalities[name]
    signals = list(read(plugin, source, on_reject=rejects.append))
    signals = [signal for signal in signals if not signal.missing]
    for reject in rejects:
        note(f"left out: {reject}")
    if not signals:
        raise BadInput("no measurement could be read", source=source)
    candidates = open_any(library, artefact, name, report=note)
    answers = rank(
        artefact, name, signals, candidates, top=top, formula=formula, mass=mass, ppm=ppm
    )
    if as_json:
        plain = [answer.as_dict() for answer in answers]
        show(plain[0] if len(plain) == 1 else plain)
        return
    for answer in answers:
        origin = answer.query["origin"]
        typer.echo(f"{origin or 'query'}: {answer.candidates} candidates")
        table(
            [
                [
                    str(hit.rank),
                    f"{hit.probability:.3f}",
                    f"{hit.score:.3f}",
                    hit.formula,
                    hit.inchikey,
                    hit.smiles,
                ]
                for hit in answer.hits
            ],
            ["RANK", "PROBABILITY", "SCORE", "FORMULA", "INCHIKEY", "SMILES"],
        )
