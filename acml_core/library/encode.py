"""From the rows of one shard to its molecules and vectors: what each worker process runs.

The same rows and the same model give the same bytes, whichever machine of one kind does it: one
thread a batch, batches of one size, and nothing drawn at random. A shard that is the whole library has
all threads: somebody waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from acml_core import artefact as artefacts
from acml_core.artefact import Artefact
from acml_core.errors import ArtefactError
from acml_core.graphs.build import build
from acml_core.graphs.packed import PackedGraphs
from acml_core.library.records import Records
from acml_core.library.shard import Shard
from acml_core.model import INFERENCE_BATCH, AcmlModel
from acml_core.threads import Threads, one_thread

_loaded: dict[str, Artefact] = {}


@dataclass(frozen=True)
class Task:
    """One shard's work.

    Attributes:
        number: of the shard, from 0.
        model: the folder of the trained model.
        weights: hash of its weights.
        modalities: to encode for.
        source: number of the source.
        first: row of ``rows[0]`` in the source, from 1.
        rows: SMILES.
        workers: processes that make the graphs; more than one, or None for as many as there are
            cores, where this task is the only one.
    """

    number: int
    model: Path
    weights: str
    modalities: tuple[str, ...]
    source: int
    first: int
    rows: Sequence[str]
    workers: int | None = 1


def remember(artefact: Artefact) -> None:
    """Spare this process loading a model that it has already."""
    _loaded.clear()
    _loaded[artefact.hash] = artefact


def encode(task: Task) -> tuple[int, Shard]:
    """The shard's number, and the shard.

    Raises:
        ArtefactError: the model cannot be loaded here, or is another one by now.
    """
    count = 1 if task.workers == 1 else torch.get_num_threads()
    with one_thread():
        graphs, owner, rejects = build(list(task.rows), workers=task.workers, progress=False)
        found = _vectors(_model(task).model, graphs, task.modalities, count)
    used = owner[owner >= 0]
    rows = np.unique(owner, return_index=True)[1][-len(graphs) :] if len(graphs) else used
    records = Records.of(graphs, task.source, rows + task.first)
    vectors = {name: one.half().numpy() for name, one in found.items()}
    moved = [replace(one, row=one.row + task.first - 1) for one in rejects]
    return task.number, Shard(records, vectors, moved, len(used) - len(graphs))


def _vectors(
    model: AcmlModel, graphs: PackedGraphs, modalities: Sequence[str], count: int
) -> dict[str, Tensor]:
    """``AcmlModel.encode_for`` by ``count`` threads, a batch at a time each."""
    starts = list(range(0, max(1, len(graphs)), INFERENCE_BATCH))  # of no molecule too: one
    found: dict[int, dict[str, Tensor]] = {}

    def work(share: Sequence[int]) -> None:
        for start in share:
            index = np.arange(start, min(start + INFERENCE_BATCH, len(graphs)))
            found[start] = model.encode_for(graphs, modalities, index)

    with Threads(count) as threads:
        threads.run(work, starts)
    return {name: torch.cat([found[start][name] for start in starts]) for name in modalities}


def _model(task: Task) -> Artefact:
    found = _loaded.get(task.weights)
    if found is None:
        found = artefacts.load(task.model)
        if found.hash != task.weights:
            raise ArtefactError(
                "the model was replaced while the library was built",
                source=task.model,
                remedy="Run it again.",
            )
        remember(found)
    return found
