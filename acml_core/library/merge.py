"""Several libraries of one model as one; of one library, the same molecules in full shards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from acml_core.artefact import Artefact
from acml_core.errors import ArtefactError, BadInput
from acml_core.files import write_text
from acml_core.library import manifest
from acml_core.library.build import SHARD_ROWS, Plan, Report, finish, indexed, occupied
from acml_core.library.library import open_records, open_vectors
from acml_core.library.locked import locked
from acml_core.library.manifest import BUILDING, SHARDS, IndexKind, Manifest, ShardInfo, Source
from acml_core.library.records import Records
from acml_core.library.shard import Shard
from acml_core.library.vectors import Vectors


def merge(
    folders: Sequence[str | Path],
    out: str | Path,
    *,
    artefact: Artefact | None = None,
    index: IndexKind = "exact",
    shard_rows: int = SHARD_ROWS,
    report: Report = lambda _: None,
) -> Manifest:
    """Write the molecules of libraries, each once, as a new library. The first one's entry counts.

    Args:
        out: a folder that holds nothing yet, or a library, which is replaced.
        artefact: the libraries' model; needed for ``faiss``, whose recall is measured with it.
        shard_rows: molecules of each shard.

    Raises:
        BadInput: ``out`` is one of the libraries, or holds something else.
        ArtefactError: libraries of several models or modalities; or one that cannot be opened.
    """
    out = Path(out)
    parts = [Path(folder) for folder in folders]
    abouts = [manifest.read(part) for part in parts]
    _alike(parts, abouts)
    if out.resolve() in {part.resolve() for part in parts}:
        raise BadInput("that is one of the libraries", source=out, remedy="Give another --out.")
    with locked(out):
        occupied(out)
        records = [
            open_records(part, about.shards) for part, about in zip(parts, abouts, strict=True)
        ]
        first = Records.concatenate(records).first_seen()
        plan = _plan(abouts, int(first.sum()), shard_rows)
        state = {
            "digest": plan.digest,
            "shards": plan.shards,
            "source": " + ".join(map(str, parts)),
        }
        write_text(out / BUILDING, json.dumps(state, indent=1))
        shards = []
        pieces = _pieces(parts, abouts, records, first, shard_rows)
        for number, shard in enumerate(pieces):
            one = ShardInfo(name=plan.name(number), molecules=len(shard.records))
            shard.write(out / SHARDS / one.name)
            shards.append(one)
        kept = abouts[0].model_copy(
            update={
                "molecules": int(first.sum()),
                "shards": tuple(shards),
                "sources": tuple(_sources(parts, abouts)),
                "nearest": {},
            }
        )
        report(f"{kept.molecules} molecules; {len(first) - kept.molecules} repeated")
        final = indexed(out, kept, index, artefact, report)
        finish(out, final)
    return final


def _alike(parts: Sequence[Path], abouts: Sequence[Manifest]) -> None:
    for part, about in zip(parts, abouts, strict=True):
        if (about.model, about.features) != (abouts[0].model, abouts[0].features):
            raise ArtefactError(
                f"the library is of another model than {parts[0]}",
                source=part,
                remedy="Their vectors cannot be compared: build both with one model.",
            )
        if about.dims != abouts[0].dims:
            raise ArtefactError(
                f"the library has vectors for {', '.join(about.dims)},"
                f" {parts[0]} for {', '.join(abouts[0].dims)}",
                source=part,
                remedy="Build both for the same modalities.",
            )


def _plan(abouts: Sequence[Manifest], molecules: int, shard_rows: int) -> Plan:
    decides = [[shard.name for shard in about.shards] for about in abouts]
    text = json.dumps(["merge", *decides, shard_rows])
    return Plan(
        hashlib.sha256(text.encode()).hexdigest()[:12], -(-molecules // shard_rows), shard_rows
    )


def _pieces(
    parts: Sequence[Path],
    abouts: Sequence[Manifest],
    records: Sequence[Records],
    first: np.ndarray,
    shard_rows: int,
) -> Iterator[Shard]:
    """New shards of full size, from the molecules that are the first of their kind."""
    names = list(abouts[0].dims)
    everything = Records.concatenate(
        [
            one.behind(sum(len(about.sources) for about in abouts[:number]))
            for number, one in enumerate(records)
        ]
    )
    vectors = {
        name: Vectors(
            [
                part
                for folder, about in zip(parts, abouts, strict=True)
                for part in open_vectors(folder, about, name).parts
            ]
        )
        for name in names
    }
    index = np.flatnonzero(first)
    for start in range(0, len(index), shard_rows):
        chosen = index[start : start + shard_rows]
        yield Shard(
            everything.select(chosen),
            {name: one.take(chosen).numpy() for name, one in vectors.items()},
        )


def _sources(parts: Sequence[Path], abouts: Sequence[Manifest]) -> Iterator[Source]:
    """The sources of all, as they were; the lists of rejects stay with the libraries."""
    for part, about in zip(parts, abouts, strict=True):
        for source in about.sources:
            name = f"{part.name}: {source.name}"
            yield source.model_copy(update={"name": name, "rejects_file": None})
