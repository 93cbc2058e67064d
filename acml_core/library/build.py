"""From molecules to a library's folder: shard by shard, so that killed work goes on where it was.

A library is what its manifest names. Shards are encoded into the folder under names that tell from
what they were made, so that a second run finds those that are done; then molecules that an earlier
shard has are dropped, the index is built, and the manifest is written. Until then an older library in
the folder stays what it was.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import rdkit
import torch
from tqdm import tqdm

from acml_core.artefact import Artefact
from acml_core.data import table
from acml_core.errors import ArtefactError, BadInput
from acml_core.files import write_text
from acml_core.graphs.build import PARALLEL_FROM
from acml_core.graphs.featurize import fingerprint
from acml_core.library import engines, manifest, nearest
from acml_core.library import source as sources
from acml_core.library.encode import Task, remember
from acml_core.library.engines import Engine
from acml_core.library.kept import SCHEMA
from acml_core.library.library import check_model, open_records, open_vectors
from acml_core.library.locked import locked
from acml_core.library.manifest import (
    AGAIN,
    BUILDING,
    INDEX,
    INFO,
    SHARDS,
    IndexKind,
    Manifest,
    ShardInfo,
    Source,
)
from acml_core.library.shard import COUNTS, REJECTS, Shard, read_counts, vectors_file
from acml_core.library.vectors import Vectors, open_mapped
from acml_core.rejects import Reject, read_csv, write_csv

SHARD_ROWS = 8192
"""Most rows of the source that become one shard: some ten seconds of one core's work."""

RECALL_QUERIES = 200
"""Measurements of the plugin's starter that an index's recall is measured with, at most."""

WITHOUT_REPEATS = ".d"
"""Suffix of a shard from which molecules of earlier shards were dropped."""

Report = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is built from which rows.

    Attributes:
        digest: of the rows and of everything that decides what becomes of them.
        shards: how many.
        size: rows of each, but for the last; alike, so that no worker waits long for another.
    """

    digest: str
    shards: int
    size: int

    def name(self, number: int) -> str:
        """Of a shard's folder."""
        return f"{self.digest}-{number:06d}"


def build(
    artefact: Artefact,
    source: str | Path,
    out: str | Path,
    *,
    modalities: Sequence[str] | None = None,
    index: IndexKind | None = None,
    append: bool = False,
    engine: Engine = "processes",
    workers: int | None = None,
    shard_rows: int = SHARD_ROWS,
    progress: bool = True,
    wait: bool = False,
    report: Report = lambda _: None,
) -> Manifest:
    """Encode molecules and write them as a library; what was done already is not done again.

    Args:
        source: see ``acml_core.library.source.find``.
        out: the library's folder; a library that is there is replaced, or with ``append`` grows.
        modalities: of the model to encode for; all by default.
        index: ``exact`` by default; with ``append``, what the library has.
        engine: ``processes`` or ``ray``.
        workers: processes; by default as many as this process may use cores. They are spawned, so a
            script that calls this needs the ``if __name__ == "__main__"`` guard.
        shard_rows: most rows of the source that become one shard.
        wait: for another process that writes the same folder.

    Raises:
        BadInput: no molecule can be used; or the folder holds something else, or no library to
            append to.
        ArtefactError: a library of another model to append to.
        Unsupported: faiss or Ray is asked for and not installed.
        AcmlError: the workers died, or another process is writing the library.
    """
    out = Path(out)
    start = time.monotonic()
    engines.check(engine)
    if index == "faiss":
        nearest.check_installed()
    found = sources.find(source, report)
    with locked(out, wait=wait):
        base = _base(out, artefact, append)
        names = _modalities(artefact, modalities, base)
        kind: IndexKind = index or (base.index if base else "exact")
        if kind == "faiss":  # asked for, or what the library has
            nearest.check_installed()
        rows = list(found.rows())
        plan = _plan(found.digest, len(rows), artefact, names, shard_rows, base)
        current = _same(out, plan)
        if current is not None and not append:
            if index is None or index == current.index:
                report("the library is there already, built from the same molecules")
                return current
            kept = current
        else:
            tasks = _tasks(plan, rows, artefact, names, out, base)
            if len(tasks) == 1 and engine == "processes":  # it is done in this process
                tasks = [replace(tasks[0], workers=workers)]
            state = {"digest": plan.digest, "shards": plan.shards, "source": found.name}
            write_text(out / BUILDING, json.dumps(state, indent=1))
            remember(artefact)
            done = _encode(plan, tasks, len(rows), out, engine, workers, progress)
            kept = _gathered(out, plan, found.name, len(rows), base, artefact, names)
            seconds = time.monotonic() - start
            newest = kept.sources[-1]
            report(
                f"{newest.molecules} molecules; {newest.rejects} rows left out,"
                f" {newest.duplicates} repeated; {done / seconds:,.0f} rows/s end to end"
            )
        final = indexed(out, kept, kind, artefact, report)
        finish(out, final)
    return final


def finish(out: Path, final: Manifest) -> None:
    """Write the manifest, then remove what it does not name."""
    final.write(out)
    (out / BUILDING).unlink(missing_ok=True)
    shards = {shard.name for shard in final.shards}
    files = {name for one in final.nearest.values() for name in (one.file, one.sample, one.numbers)}
    for folder, wanted in ((out / SHARDS, shards), (out / INDEX, files)):
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.name not in wanted:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    if not files:
        shutil.rmtree(out / INDEX, ignore_errors=True)
    listed = {source.rejects_file for source in final.sources}
    for path in out.glob("rejects*.csv"):
        if path.name not in listed:
            path.unlink()


def occupied(out: Path) -> None:
    """Refuse a folder that holds something else than a library.

    Raises:
        BadInput: it does.
    """
    ours = (out / INFO).is_file() or (out / BUILDING).is_file()
    if not ours and any(out.iterdir()):
        raise BadInput("the folder holds something else", source=out, remedy="Give another --out.")


def _base(out: Path, artefact: Artefact, append: bool) -> Manifest | None:
    """The library that is appended to."""
    occupied(out)
    if not append:
        return None
    if not manifest.exists(out):
        if (out / BUILDING).is_file():
            manifest.read(out)  # says that it is half built
        raise BadInput("there is no library to append to", source=out, remedy="Leave --append out.")
    base = manifest.read(out)
    check_model(base, out, artefact)
    return base


def _modalities(
    artefact: Artefact, modalities: Sequence[str] | None, base: Manifest | None
) -> tuple[str, ...]:
    names = tuple(modalities or (base.dims if base else artefact.model.heads))
    for name in names:
        artefact.model.head(name)
    if base is not None and set(names) != set(base.dims):
        raise BadInput(
            f"the library has vectors for {', '.join(sorted(base.dims))}",
            remedy="Append for the same: leave --modality out.",
        )
    return names


def _plan(
    content: str,
    rows: int,
    artefact: Artefact,
    names: Sequence[str],
    shard_rows: int,
    base: Manifest | None,
) -> Plan:
    decides = {
        "schema": SCHEMA,
        "content": content,
        "model": artefact.hash,
        "modalities": sorted(names),
        "shard_rows": shard_rows,
        "features": fingerprint(),
        "rdkit": rdkit.__version__,
        "after": [shard.name for shard in base.shards] if base else [],
    }
    digest = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:12]
    shards = -(-rows // shard_rows)
    return Plan(digest, shards, -(-rows // shards))


def _same(out: Path, plan: Plan) -> Manifest | None:
    """The library that is there, if the plan would build it again."""
    try:
        current = manifest.read(out)
    except ArtefactError:  # none, or one of another version: it is replaced
        return None
    return current if [one.digest for one in current.sources] == [plan.digest] else None


def _tasks(
    plan: Plan,
    rows: Sequence[str],
    artefact: Artefact,
    names: tuple[str, ...],
    out: Path,
    base: Manifest | None,
) -> list[Task]:
    """The shards that are not done."""
    return [
        Task(
            number=number,
            model=artefact.path.resolve(),
            weights=artefact.hash,
            modalities=names,
            source=len(base.sources) if base else 0,
            first=number * plan.size + 1,
            rows=rows[number * plan.size : (number + 1) * plan.size],
        )
        for number in range(plan.shards)
        if not (out / SHARDS / plan.name(number) / COUNTS).is_file()
    ]


def _encode(
    plan: Plan,
    tasks: Sequence[Task],
    rows: int,
    out: Path,
    engine: Engine,
    workers: int | None,
    progress: bool,
) -> int:
    """Encode and write shards, of ``rows`` rows with those done before. Returns the rows of these."""
    size = {task.number: len(task.rows) for task in tasks}
    todo = sum(size.values())
    bar = tqdm(
        total=rows,
        initial=rows - todo,
        unit=" molecules",
        desc="library",
        file=sys.stderr,
        disable=not progress or todo < PARALLEL_FROM,
    )
    # closing: an exception here, Ctrl-C too, must end the workers at once
    with bar, closing(engines.run(engine, tasks, workers)) as results:
        for number, shard in results:
            shard.write(out / SHARDS / plan.name(number))
            bar.update(size[number])
    return todo


def _gathered(
    out: Path,
    plan: Plan,
    name: str,
    rows: int,
    base: Manifest | None,
    artefact: Artefact,
    names: Sequence[str],
) -> Manifest:
    """The manifest of what is there, each molecule once; without an index."""
    counts = [read_counts(out / SHARDS / plan.name(n), AGAIN) for n in range(plan.shards)]
    fresh = [ShardInfo(name=plan.name(n), molecules=one.molecules) for n, one in enumerate(counts)]
    before = base.shards if base else ()
    dims = {one: artefact.model.head(one).graph_projector.out_dim for one in names}
    kept = _once(out, before, fresh, dims)
    molecules = sum(one.molecules for one in kept)
    rejects = _rejects(out, [one.name for one in fresh])
    earlier = base.sources if base else ()
    if not molecules and not before:
        (out / BUILDING).unlink(missing_ok=True)
        shutil.rmtree(out / SHARDS, ignore_errors=True)
        raise BadInput("no molecule of the file can be used", source=name, remedy=rejects[0].reason)
    number = len(earlier) + 1
    file = None
    if rejects:
        file = REJECTS if number == 1 else f"rejects-{number}.csv"
        write_csv(rejects, out / file)
    return Manifest(
        model=artefact.hash,
        features=fingerprint(),
        dims=dims,
        molecules=molecules + sum(one.molecules for one in before),
        sources=(
            *earlier,
            Source(
                name=name,
                digest=plan.digest,
                rows=rows,
                molecules=molecules,
                rejects=len(rejects),
                duplicates=rows - len(rejects) - molecules,
                rejects_file=file,
            ),
        ),
        shards=(*before, *kept),
    )


def _once(
    out: Path, before: Sequence[ShardInfo], fresh: Sequence[ShardInfo], dims: dict[str, int]
) -> list[ShardInfo]:
    """The fresh shards without molecules of earlier ones; those that held such are written anew."""
    records = open_records(out, [*before, *fresh])
    first = records.first_seen()
    at = sum(one.molecules for one in before)
    kept = []
    for shard in fresh:
        mask = first[at : at + shard.molecules]
        at += shard.molecules
        if mask.all():
            if shard.molecules:
                kept.append(shard)
            continue
        index = np.flatnonzero(mask)
        if not len(index):
            continue
        old = out / SHARDS / shard.name
        smaller = Shard(
            open_records(out, [shard]).select(index),
            {
                name: open_mapped(old / vectors_file(name), (shard.molecules, dim), AGAIN).numpy()[
                    index
                ]
                for name, dim in dims.items()
            },
        )
        one = ShardInfo(name=shard.name + WITHOUT_REPEATS, molecules=len(index))
        smaller.write(out / SHARDS / one.name)
        kept.append(one)
    return kept


def _rejects(out: Path, shards: Sequence[str]) -> list[Reject]:
    files = [out / SHARDS / name / REJECTS for name in shards]
    return [reject for file in files if file.is_file() for reject in read_csv(file)]


def indexed(
    out: Path, kept: Manifest, kind: IndexKind, artefact: Artefact | None, report: Report
) -> Manifest:
    """The manifest with an index of that kind, built anew where it is one of faiss.

    Args:
        artefact: whose measurements an index's recall is measured with; without it, with molecules.
    """
    infos = {}
    for name in kept.dims if kind == "faiss" else ():
        (out / INDEX).mkdir(exist_ok=True)
        vectors = open_vectors(out, kept, name)
        report(f"building the index for {name}")
        queries, asked = _asking(artefact, name, vectors)
        shards = "".join(shard.name for shard in kept.shards)
        file = f"{hashlib.sha256(shards.encode()).hexdigest()[:12]}-{name}"
        one = nearest.build(vectors, queries, asked, out / INDEX, file)
        infos[name] = one
        report(
            f"index for {name}: recall@{nearest.RECALL_AT} {one.recall:.3f} of the exact search"
            f" ({one.queries} {asked}), looking into {one.probes} of {one.lists} lists"
        )
        if one.recall < nearest.RECALL:
            report(f"that is less than {nearest.RECALL}: search with --exact where it matters")
    return kept.model_copy(update={"index": kind, "nearest": infos})


def _asking(artefact: Artefact | None, modality: str, vectors: Vectors) -> tuple[torch.Tensor, str]:
    """Queries to measure an index with: real measurements, where the plugin brings some."""
    rng = np.random.default_rng(nearest.SEED)
    plugin = artefact.model.modalities[modality] if artefact is not None else None
    if artefact is not None and plugin is not None and plugin.supports("starter"):
        signals = table.read(plugin.starter(), plugin.signal).signals
        if signals:
            chosen = np.sort(rng.permutation(len(signals))[:RECALL_QUERIES])
            queries = artefact.model.encode_signals(modality, [signals[int(i)] for i in chosen])
            return queries, "measurements"
    chosen = np.sort(rng.permutation(len(vectors))[:RECALL_QUERIES])
    return vectors.take(chosen).float(), "molecules"
