"""``acml search``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from acml_core.cli.common import Json, load_model, note, show, table
from acml_core.errors import BadInput

if TYPE_CHECKING:
    from acml_core.artefact import Artefact
    from acml_core.library.search import Answer, Measurement

EXAMPLE = (
    "Example: acml search --modality nmr '13C NMR (101 MHz, CDCl3) d 170.1, 128.4, 21.0'"
    " --model runs/nmr --library mine.smi --formula C9H10O2.  Several measurements of one sample:"
    " acml search nmr=a.jdx ir=b.jdx ms=c.mgf --library mine.smi"
)


def search(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE",
            help="A file, a folder, or literal text; or NAME=SOURCE for each measurement of a sample.",
        ),
    ],
    library: Annotated[
        list[str],
        typer.Option(
            help="Candidates: a library, a file of molecules or a name of a registry;"
            " NAME=LIBRARY where models differ."
        ),
    ],
    modality: Annotated[str | None, typer.Option(help="What SOURCE measures.")] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="A trained model: its folder, a name from 'acml models list', or OWNER/NAME of the"
            " Hub; NAME=MODEL where each measurement has its own. Default: the published weights."
        ),
    ] = None,
    formula: Annotated[str | None, typer.Option(help="Only candidates of this formula.")] = None,
    mass: Annotated[
        float | None, typer.Option(help="Only candidates of this neutral exact mass [Da].")
    ] = None,
    mz: Annotated[
        float | None, typer.Option(help="The same from an ion's m/z; with --adduct.")
    ] = None,
    adduct: Annotated[str | None, typer.Option(help="Of --mz, e.g. [M+H]+.")] = None,
    ppm: Annotated[float, typer.Option(help="Half width of the mass window [ppm].")] = 10.0,
    mw: Annotated[
        tuple[float, float] | None, typer.Option(help="Least and most exact mass [Da].")
    ] = None,
    elements: Annotated[str | None, typer.Option(help="Limits, e.g. C<=20,N=1,Cl=0.")] = None,
    smarts: Annotated[
        list[str] | None, typer.Option(help="Substructure that candidates have; repeat.")
    ] = None,
    not_smarts: Annotated[
        list[str] | None, typer.Option(help="Substructure that candidates lack; repeat.")
    ] = None,
    rerank: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Ask the plugin's second opinion of the best N candidates, 0 for none; default: as"
            " many as it was fitted with, none of several measurements.",
        ),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="Of several measurements: what 'acml eval fusion' wrote.")
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Score every candidate, even where there is an index.")
    ] = False,
    top: Annotated[int, typer.Option(min=1, help="Answers to show.")] = 10,
    as_json: Json = False,
) -> None:
    """Rank candidate molecules for a measurement, or for several of one sample."""
    from acml_core.library.kept import read_ahead

    limits = {
        "formula": formula,
        "mass": mass,
        "mz": mz,
        "adduct": adduct,
        "ppm": ppm,
        "mw": mw,
        "elements": elements,
        "smarts": tuple(smarts or ()),
        "not_smarts": tuple(not_smarts or ()),
    }
    given = _named(sources, modality)
    # the candidates' graphs are begun here, before torch is imported
    with read_ahead([split_name(one)[1] for one in library]):
        answers = _answers(given, model or [], library, limits, rerank, weights, exact, top)
    if as_json:
        plain = [answer.as_dict() for answer in answers]
        show(plain[0] if len(plain) == 1 else plain)
        return
    for answer in answers:
        _print(answer)


def _answers(
    given: list[tuple[str | None, str]],
    models: list[str],
    libraries: list[str],
    limits: dict[str, Any],
    rerank: int | None,
    weights: Path | None,
    exact: bool,
    top: int,
) -> list[Answer]:
    """One for each signal of one measurement, or one for several measurements of a sample."""
    from acml_core.config import parse
    from acml_core.library.filters import Filters
    from acml_core.library.search import search as rank
    from acml_core.library.search import search_sample

    filters = parse(Filters, limits)
    found = _measurements(given, models, libraries)
    if len(found) == 1:
        (one,) = found
        return rank(
            one.artefact,
            one.modality,
            one.signals,
            one.library.exact() if exact else one.library,
            top=top,
            filters=filters,
            rerank=rerank,
        )
    from acml_core.library.fusion import Fusion

    known = Fusion.of(weights)
    found = [replace(one, weight=known.weight(one.modality)) for one in found]
    sure = known.sure_of(one.modality for one in found)
    return [search_sample(found, top=top, filters=filters, rerank=rerank or 0, sure=sure)]


def _named(sources: list[str], modality: str | None) -> list[tuple[str | None, str]]:
    """Measurements by modality's name; None where the model is to say it."""
    if len(sources) == 1:
        name, rest = split_name(sources[0])
        return [(name, rest)] if name is not None and modality is None else [(modality, sources[0])]
    found: list[tuple[str | None, str]] = []
    for source in sources:
        name, rest = split_name(source)
        if name is None:
            raise BadInput(
                f"{source[:80]!r} does not say what it measures",
                remedy="Of several measurements, write each as NAME=SOURCE, e.g. nmr=a.jdx ir=b.jdx.",
            )
        found.append((name, rest))
    return found


def split_name(text: str) -> tuple[str | None, str]:
    """``"nmr=a.jdx"`` as ``("nmr", "a.jdx")``; the name is None where it is no plugin's."""
    from acml_core import plugins

    name, separator, rest = text.partition("=")
    if separator and name in {info.name for info in plugins.installed()}:
        return name, rest
    return None, text


def value_of(name: str | None, values: list[str]) -> str | None:
    """The value given for a modality: NAME=VALUE, or one that is for all."""
    split = [split_name(value) for value in values]
    own = [value for known, value in split if known is not None and known == name]
    shared = [value for known, value in split if known is None]
    return next(iter(own or shared), None)


def _measurements(
    given: list[tuple[str | None, str]], models: list[str], libraries: list[str]
) -> list[Measurement]:
    from acml_core.api import read_signals
    from acml_core.library.opening import open_any
    from acml_core.library.search import Measurement

    loaded: dict[str | None, tuple[Artefact, str]] = {}
    found = []
    for wanted, source in given:
        which = value_of(wanted, models)
        if which is None or which not in loaded:
            artefact, name = load_model(which, wanted)
            loaded[which or name] = artefact, name
        else:
            artefact, name = loaded[which][0], wanted or loaded[which][1]
        artefact.model.head(name)
        place = value_of(name, libraries)
        if place is None:
            raise BadInput(
                f"no library is given for {name!r}", remedy=f"Add --library {name}=FILE."
            )
        signals = read_signals(artefact.model.modalities[name], source, report=note)
        candidates = open_any(Path(place), artefact, name, report=note)
        found.append(Measurement(name, signals, artefact, candidates))
    return found


def _print(answer: Answer) -> None:
    query = answer.query
    origins = [one["origin"] or one["modality"] for one in query.get("measurements", [query])]
    how = "" if answer.index == "exact" else f", looked up by {answer.index}"
    typer.echo(f"{', '.join(origins)}: {answer.candidates} candidates{how}")
    for name, count in answer.filters.items():
        typer.echo(f"  {count} candidates: {name}")
    reranked = any(hit.rerank for hit in answer.hits)
    table(
        [
            [
                f"{hit.rank}{'*' if hit.in_set else ''}",
                f"{hit.probability:.3f}",
                f"{hit.score:.3f}",
                *([", ".join(f"{v:.1f}" for v in hit.rerank.values())] if reranked else []),
                hit.formula,
                hit.inchikey,
                hit.smiles,
            ]
            for hit in answer.hits
        ],
        [
            "RANK",
            "PROBABILITY",
            "SCORE",
            *(["RERANK"] if reranked else []),
            "FORMULA",
            "INCHIKEY",
            "SMILES",
        ],
    )
    typer.echo(
        f"* the set that holds the molecule in 90 % of cases: {answer.set_size} candidates,"
        " if it is in the library"
    )
    if answer.probability_in_library is not None:
        typer.echo(
            f"that it is in the library at all: {answer.probability_in_library:.2f},"
            " if that was as likely as not"
        )
    for vote in answer.votes:
        doubt = "; CONTRADICTS the first answer: another sample?" if vote.contradicts else ""
        typer.echo(
            f"{vote.modality} alone puts the first answer at rank {vote.rank}"
            f" (probability {vote.probability:.3f}){doubt}"
        )
