"""Benchmark suites of property prediction: every row in one run, resumable.

Rows are computed in as many processes as there are cores, one thread each. What the folder holds
already is not computed again, so that a killed run goes on.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from acml_core.artefact import Artefact
from acml_core.errors import BadInput
from acml_core.parallel import map_chunks
from acml_core.property.benchmarks import Benchmark, chosen, load, place
from acml_core.property.config import FinetuneConfig
from acml_core.property.metrics import figures
from acml_core.property.rows import EVERY, USUAL, Row, compute, rows_of
from acml_core.property.split import Parts, digest
from acml_core.property.store import Store, name_of
from acml_core.property.summary import Results, summary
from acml_core.property.table import PropertyTable


@dataclass(frozen=True)
class Data:
    """One task's table and split.

    Attributes:
        metric: that it is judged by.
        about: split, sizes and hashes, for the report.
    """

    table: PropertyTable
    parts: Parts
    metric: str
    about: dict[str, Any]


@dataclass(frozen=True)
class Job:
    """One row of one task, with all that a worker process needs.

    Attributes:
        number: in the list of all.
        seeds: computed one after the other, since they share features, or the way to fine-tune.
    """

    number: int
    task: str
    row: Row
    seeds: tuple[int, ...]
    table: PropertyTable
    parts: Parts
    device: torch.device


def run(
    suite: str,
    data: Path,
    out: Path,
    models: Mapping[str, Artefact],
    *,
    tasks: Sequence[str] = (),
    rows: Sequence[str] = (),
    seeds: int = 3,
    config: FinetuneConfig | None = None,
    device: torch.device | None = None,
    workers: int | None = None,
    report: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Compute what ``out`` does not hold yet, and summarise.

    Args:
        models: by the name of their rows.
        rows: names of rows, see ``asked_for``; ``USUAL`` where empty.
        seeds: how often what is random is repeated. Splits stay as they are.
        workers: processes; by default as many as this process may use cores, and one with a GPU.

    Returns:
        see ``acml_core.property.summary.summary``.

    Raises:
        BadInput: no model or no such row, suite or task; no table; a table that cannot be read.
    """
    if not models:
        raise BadInput("no model was named", remedy="Give --model DIR.")
    device = device or torch.device("cpu")
    settings = config or FinetuneConfig()
    for model in models.values():
        model.model.to(device).eval()
    every = rows_of(models, settings)
    todo = asked_for(every, rows or USUAL)
    if not todo:
        known = ", ".join(row.name for row in every)
        raise BadInput(f"no row is called {', '.join(rows)}", remedy=f"There are: {known}.")
    loaded = {name: _loaded(one, data) for name, one in chosen(suite, data, tasks).items()}
    store = Store(out)
    jobs = _jobs(loaded, todo, seeds, store, device)
    done = sum(
        _name(task, one, row, seed) in store
        for task, one in loaded.items()
        for row in todo
        for seed in range(seeds)
    )
    report(f"{len(loaded)} tasks, {len(todo)} rows, {seeds} seeds; {done} results were there")
    workers = 1 if device.type == "cuda" else workers
    with closing(map_chunks(_work, jobs, workers, ordered=False)) as results:
        for number, by_seed in results:
            task, row = jobs[number].task, jobs[number].row
            one = loaded[task]
            for seed, (said, seconds) in by_seed.items():
                if (name := _name(task, one, row, seed)) in store:
                    continue
                found = figures(one.table.task, one.table.y[one.parts.test], said)
                line = {"task": task, "seed": seed, **row.key, **found}
                line |= {"seconds": round(seconds, 1), "test_sha256": one.about["test_sha256"]}
                store.add(name, line, said)
                value = f"{one.metric} {found[one.metric]:.3f}"
                report(f"{task}: {row.name}, seed {seed}: {value} ({seconds:.0f} s)")
    finished = {name: _results(name, one, todo, seeds, store) for name, one in loaded.items()}
    return {
        "suite": suite,
        **summary(finished, todo),
        "models": {name: model.hash for name, model in models.items()},
        "settings": settings.model_dump(mode="json"),
        "seeds": seeds,
    }


def asked_for(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    """The rows that some names mean, in their own order; ``EVERY`` means all.

    A name means the rows that are called so, whatever encoder they are of: ``linear probe`` is not
    ``linear probe with ECFP4``. Where there is none, it is a part of the name.
    """
    if EVERY in names:
        return list(rows)
    found: set[str] = set()
    for name in names:
        every = [row.name for row in rows]
        whole = {one for one in every if one == name or one.endswith(f", {name}")}
        found |= whole or {one for one in every if name in one}
    return [row for row in rows if row.name in found]


def _jobs(
    loaded: Mapping[str, Data], rows: Sequence[Row], seeds: int, store: Store, device: torch.device
) -> list[Job]:
    jobs: list[Job] = []
    for task, one in loaded.items():
        for row in rows:
            missing = [s for s in range(seeds) if _name(task, one, row, s) not in store]
            if missing and row.follows_first:
                missing = sorted({0, *missing})
            if missing:
                job = Job(len(jobs), task, row, tuple(missing), one.table, one.parts, device)
                jobs.append(job)
    return jobs


def _work(job: Job) -> tuple[int, dict[int, tuple[np.ndarray, float]]]:
    """The job's number; by seed, what was said of the test molecules, and in how many seconds."""
    start = time.monotonic()
    said = compute(job.row, job.table, job.parts, job.seeds, job.device)
    seconds = (time.monotonic() - start) / len(job.seeds)
    return job.number, {seed: (one, seconds) for seed, one in zip(job.seeds, said, strict=True)}


def _loaded(benchmark: Benchmark, data: Path) -> Data:
    path = place(data, benchmark)
    assert path is not None
    table, parts = load(benchmark, path)
    smiles = [str(one) for one in table.graphs.smiles]
    hashed = hashlib.sha256("\n".join([*table.targets, *smiles]).encode())
    for array in (table.y, *parts[:3]):
        hashed.update(np.ascontiguousarray(array).tobytes())
    about = {
        "task": benchmark.task,
        "targets": len(table.targets),
        "sizes": [len(parts.train), len(parts.validation), len(parts.test)],
        "rejected": len(table.rejects),
        "split": parts.name,
        "test_sha256": digest([smiles[i] for i in parts.test]),
        "data_sha256": hashed.hexdigest(),
    }
    return Data(table, parts, benchmark.judged_by, about)


def _name(task: str, one: Data, row: Row, seed: int) -> str:
    return name_of({"task": task, "seed": seed, "data": one.about["data_sha256"], **row.key})


def _results(task: str, one: Data, rows: Sequence[Row], seeds: int, store: Store) -> Results:
    names = {
        row.name: {s: name for s in range(seeds) if (name := _name(task, one, row, s)) in store}
        for row in rows
    }
    return Results(
        about=one.about,
        task=one.table.task,
        metric=one.metric,
        truth=one.table.y[one.parts.test],
        figures={
            row: {s: store.figures(name) for s, name in by_seed.items()}
            for row, by_seed in names.items()
        },
        said={
            row: {s: store.said(name) for s, name in by_seed.items()}
            for row, by_seed in names.items()
        },
    )
