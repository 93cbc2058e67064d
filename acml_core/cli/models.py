"""``acml models``: published models, and publishing one's own."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from acml_core.cli.common import Json, device, note, overrides, show, table

if TYPE_CHECKING:
    from acml_core.catalog import Entry
    from acml_core.published import Data

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

MEGABYTE = 1_000_000
SHOWN = "recall@1"
"""The one figure of each model in the list."""

Name = Annotated[
    str, typer.Argument(help="A name from 'acml models list', a folder, or OWNER/NAME[@REVISION].")
]


@app.command("list", epilog="Example: acml models list --modality nmr --json")
def list_(
    modality: Annotated[str | None, typer.Option(help="Only models for this.")] = None,
    as_json: Json = False,
) -> None:
    """List the published models of every registry."""
    from acml_core.hub.registries import entries

    found = [
        one for one in entries(note).values() if modality is None or modality in one.row.modalities
    ]
    if as_json:
        show([_plain(one) for one in found])
        return
    if not found:
        note("no model is published yet; 'acml train' makes one, 'acml models push' publishes it")
        return
    rows = []
    for one in found:
        best = next((metric for metric in one.row.metrics if metric.name == SHOWN), None)
        rows.append(
            [
                one.name,
                one.row.kind + (" (default)" if one.row.default else ""),
                _state(one),
                f"{one.row.bytes / MEGABYTE:.1f} MB",
                f"{best.value:.3f} of {best.size}" if best else "-",
                one.row.licence,
                one.row.summary,
            ]
        )
    table(rows, ["NAME", "KIND", "STATE", "SIZE", "RECALL@1", "LICENCE", "SUMMARY"])


@app.command("info", epilog="Example: acml models info nmr/gine5.13c-v1")
def info(name: Name, as_json: Json = False) -> None:
    """Show a model's data, licence, figures and origin. Fetches nothing that a registry tells."""
    from acml_core.hub.registries import entries

    entry = entries(note).get(name)
    about = _plain(entry) if entry is not None else _of_folder(name)
    if as_json:
        show(about)
        return
    lines = (
        _told(entry) if entry is not None else {k: v for k, v in about.items() if k != "metrics"}
    )
    width = max(map(len, lines))
    for key, value in lines.items():
        plain = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        typer.echo(f"{key.ljust(width)}  {plain}")
    typer.echo()
    _figures(about["metrics"])


@app.command("pull", epilog="Example: acml models pull OWNER/NAME --revision main")
def pull(
    name: Name,
    revision: Annotated[
        str | None, typer.Option(help="Commit, tag or branch of a Hub repository.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Copy the files here too; the cache keeps them anyhow.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Fetch again what is cached.")] = False,
    allow_pickle: Annotated[
        bool,
        typer.Option(
            "--allow-pickle",
            help="Fetch .bin and other pickles too. Opening a pickle can run any program that its"
            " author put in; ACML never opens one.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Fetch a model, check its hashes, and print its folder."""
    from acml_core.hub.pretrained import find
    from acml_core.hub.pull import Options

    options = Options(force_download=force, allow_pickle=allow_pickle)
    found = find(name, revision=revision, options=options, report=note)
    folder = found.folder
    if out is not None:
        from acml_core.files import copy_folder

        copy_folder(folder, out)
        folder = out
    where = found.repository
    if as_json:
        show(
            {
                "name": name,
                "folder": str(folder),
                "repository": where.repo if where else None,
                "commit": where.revision if where else None,
            }
        )
        return
    if where is not None:
        note(f"commit: {where.revision}")
    typer.echo(str(folder))


@app.command("push", epilog="Example: acml models push runs/nmr OWNER/NAME --licence cc-by-4.0")
def push(
    folder: Annotated[Path, typer.Argument(help="Folder of a trained model.")],
    repository: Annotated[str, typer.Argument(help="OWNER/NAME; made where it does not exist.")],
    licence: Annotated[
        str | None,
        typer.Option(help="Of the weights; default: what the data state. Without one: refused."),
    ] = None,
    private: Annotated[
        bool | None, typer.Option("--private/--public", help="Default: the account's.")
    ] = None,
    dataset: Annotated[
        list[str] | None, typer.Option(help="Hub data set it was trained on; may be repeated.")
    ] = None,
    branch: Annotated[str | None, typer.Option(help="Commit to this branch.")] = None,
    message: Annotated[str | None, typer.Option(help="Of the commit.")] = None,
    as_json: Json = False,
) -> None:
    """Publish a trained model on the Hub, with its card, in one commit."""
    from acml_core.hub.push import push as upload

    done = upload(
        folder,
        repository,
        licence=licence,
        private=private,
        datasets=dataset or (),
        branch=branch,
        message=message,
        report=note,
    )
    if as_json:
        show({"repository": done.repo, "commit": done.commit, "url": done.url})
        return
    note(f"commit: {done.commit}")
    typer.echo(done.url)


def data_sets(given: list[str] | None) -> list[Data]:
    """``--data 'NAME: LICENCE'`` as data sets.

    Raises:
        BadInput: one without a name or licence.
    """
    from acml_core.errors import BadInput
    from acml_core.published import Data

    sets = []
    for one in given or ():
        name, _, licence = (part.strip() for part in one.rpartition(":"))
        if not name or not licence:
            raise BadInput(f"--data {one!r}", remedy="Write --data 'NAME: LICENCE'.")
        sets.append(Data(name=name, licence=licence))
    return sets


@app.command(
    "export",
    epilog="Example: acml models export runs/nmr weights --half --licence cc-by-sa-4.0"
    " --data 'NMRShiftDB2: CC BY-SA'",
)
def export(
    folder: Annotated[Path, typer.Argument(help="Folder of a trained model.")],
    out: Annotated[Path, typer.Argument(help="Folder to write.")],
    half: Annotated[bool, typer.Option("--half", help="Weights at half precision.")] = False,
    licence: Annotated[
        str | None, typer.Option(help="Of the weights, for the card; it must fit the data's.")
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(help="'NAME: LICENCE' of a data set, where tables do not say so; repeat."),
    ] = None,
    tower_of: Annotated[
        list[str] | None,
        typer.Option(help="Published model whose locked tower need not be stored again; repeat."),
    ] = None,
) -> None:
    """Write a model's folder again, checked; at half precision and with licences on demand."""
    from acml_core import artefact
    from acml_core.errors import BadInput
    from acml_core.hub.licence import stated
    from acml_core.rewrite import rewrite

    if out.exists() and any(out.iterdir()):
        raise BadInput("the folder is not empty", source=out, remedy="Give a new one.")
    loaded = artefact.load(folder)
    sets = data_sets(data)
    about = stated(loaded.info, licence, sets) if licence or sets else None
    rewrite(loaded, out, half=half, about=about, lenders=tower_of or ())
    typer.echo(str(out))


@app.command(
    "join",
    epilog="Example: acml models join nmr/gine5.v1 ms/gine5.v1 --data structures.parquet --out all",
)
def join(
    models: Annotated[
        list[str], typer.Argument(help="Trained models, one modality each: names or folders.")
    ],
    data: Annotated[
        list[Path], typer.Option(help="File of molecules to learn from; repeat for several.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the joint model; a killed run goes on.")],
    graph: Annotated[
        str | None,
        typer.Option(help="Begin with this model's graph encoder; default: the first model's."),
    ] = None,
    max_minutes: Annotated[float | None, typer.Option(help="Training time, at most [min].")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Any setting: key=value; repeat.")
    ] = None,
    device_: Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Train one graph encoder that gives the vectors of several models, from structures alone.

    Its probabilities are those of the models, until acml models calibrate fits them anew.
    """
    from acml_core.command import as_typed
    from acml_core.config import merge, parse
    from acml_core.errors import BadInput
    from acml_core.hub.pretrained import load
    from acml_core.training.join import JoinConfig
    from acml_core.training.join import join as train

    given: dict[str, Any] = {} if max_minutes is None else {"max_minutes": max_minutes}
    settings = parse(JoinConfig, merge(overrides(set_ or []), given), source="--set")
    teachers = {}
    for name in models:
        one = load(name)
        for modality in one.info.modalities:
            if modality in teachers:
                raise BadInput(
                    f"{name} is a second model of {modality}", remedy="Name one model for each."
                )
            teachers[modality] = one
    path = train(
        teachers,
        data,
        out,
        config=settings,
        graph=load(graph) if graph else None,
        device=device(device_),
        command=as_typed(sys.argv[1:]),
        report=note,
    )
    typer.echo(str(path))


def _state(entry: Entry) -> str:
    """Whether a model can be used here at once."""
    from acml_core.errors import PluginError
    from acml_core.hub.locate import check_plugins

    try:
        check_plugins(entry)
    except PluginError:
        return "needs " + " ".join(entry.row.requires)
    return "fetched when used" if entry.row.source.kind == "hf" else "ready"


def _told(entry: Entry) -> dict[str, str]:
    """A row in words."""
    row, source = entry.row, entry.row.source
    where = {
        "bundled": lambda: f"bundled: {source.package}/{source.folder}",  # type: ignore[union-attr]
        "hf": lambda: f"the Hub: {source.repo} at {source.revision}",  # type: ignore[union-attr]
        "path": lambda: f"the folder {source.path}",  # type: ignore[union-attr]
    }[source.kind]()
    kind = "a whole model" if row.kind == "model" else "a locked encoder alone"
    of = ", ".join(row.modalities)
    lines = {
        "name": entry.name,
        "summary": row.summary,
        "kind": f"{kind}, the default of {of}" if row.default else f"{kind} for {of}",
        "state": _state(entry),
        "needs": " ".join(row.requires),
        "source": where,
        "size": f"{row.bytes / MEGABYTE:.1f} MB in {len(row.files)} files",
        "licence": row.licence + (" (non-commercial use only)" if row.non_commercial else ""),
        "data": "; ".join(
            f"{one.name} ({one.licence})" + (f" {one.url}" if one.url else "") for one in row.data
        ),
        "split": row.split,
        "paper": row.paper,
        "registry": entry.registry.origin,
    }
    return {key: value for key, value in lines.items() if value}


def _figures(metrics: list[dict[str, Any]]) -> None:
    """One line a gallery, one column a figure."""
    names = list(dict.fromkeys(one["name"] for one in metrics))
    galleries: dict[tuple[str, ...], dict[str, str]] = {}
    for one in metrics:
        key = (one["modality"], one["gallery"], str(one["size"]), str(one["queries"]))
        galleries.setdefault(key, {})[one["name"]] = f"{one['value']:.4f}"
    rows = [[*key, *(found.get(name, "-") for name in names)] for key, found in galleries.items()]
    table(rows, ["MODALITY", "GALLERY", "SIZE", "QUERIES", *(name.upper() for name in names)])


def _plain(entry: Entry) -> dict[str, Any]:
    """A row as JSON."""
    return {
        "name": entry.name,
        "registry": entry.registry.origin,
        **entry.row.model_dump(mode="json"),
    }


def _of_folder(name: str) -> dict[str, Any]:
    """What a model that no registry has says of itself."""
    from acml_core.hub.pretrained import find
    from acml_core.hub.row import figures
    from acml_core.info import read_info
    from acml_core.layout import METRICS

    found = find(name, report=note)
    info = read_info(found.folder)
    metrics = json.loads((found.folder / METRICS).read_text(encoding="utf-8"))
    return {
        "name": name,
        "folder": str(found.folder),
        "commit": found.repository.revision if found.repository else None,
        "core": info.core,
        "modalities": {one: f"{m.distribution} {m.version}" for one, m in info.modalities.items()},
        "graph": info.model.graph.model_dump(),
        "weights": info.weights,
        "data": info.data,
        "command": info.command,
        "metrics": [one.model_dump() for one in figures(metrics)],
    }
