"""The batches of an epoch: which molecules, which of their measurements, and those collated.

What an epoch takes is drawn before it begins. So its batches can be collated ahead, by worker
processes where a plugin's augmentation is slow beside the training step (random SMILES beside a GPU).
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from acml_core.training.sampler import SignalsOf, batches
from acml_core.training.towers import Tower

AHEAD = 8
"""Batches that each worker keeps ready."""

FEWEST = 2
"""Fewer molecules than this, of a batch or of a table, leave nothing to contrast."""


@dataclass
class Part:
    """One modality's share of a batch.

    Attributes:
        rows: (b,) which of the batch's molecules were measured.
        views: numbers of the signals drawn, (b,) each.
        collated: for each view what ``Modality.collate`` gives; none where nobody did so ahead.
    """

    rows: np.ndarray
    views: list[np.ndarray]
    collated: list[dict[str, Tensor]] = field(default_factory=list)


@dataclass
class Job:
    """One training step: molecules (B,), and by modality what is known of them."""

    molecules: np.ndarray
    parts: dict[str, Part]


def plan(
    order: np.ndarray,
    size: int,
    samplers: Mapping[str, SignalsOf],
    views: int,
    rng: np.random.Generator,
) -> list[Job]:
    """The steps of an epoch over the molecules in ``order``, ``size`` a step."""
    jobs = []
    for molecules in batches(order, size):
        parts = {}
        for name, sampler in samplers.items():
            rows = np.flatnonzero(sampler.has(molecules))
            if len(rows) >= FEWEST:
                drawn = [sampler.draw(molecules[rows], rng) for _ in range(views)]
                parts[name] = Part(rows, drawn)
        jobs.append(Job(molecules, parts))
    return jobs


class _Collated(Sequence[Job]):
    """Jobs with their signals collated, when asked for."""

    def __init__(self, jobs: Sequence[Job], towers: Mapping[str, Tower]) -> None:
        self.jobs, self.towers = jobs, towers

    def __len__(self) -> int:
        return len(self.jobs)

    def __getitem__(self, number):  # type: ignore[no-untyped-def]
        job = self.jobs[number]
        for name, part in job.parts.items():
            tower = self.towers[name]
            if not tower.keeps_features:
                part.collated = [tower.collate(view, train=tower.augment) for view in part.views]
        return job


def collated(
    jobs: Sequence[Job], towers: Mapping[str, Tower], workers: int, *, seed: int
) -> Iterator[Job]:
    """The jobs in order, their signals collated by ``workers`` processes ahead.

    Worker processes are forked, since they share the prepared signals. Without any, or where that
    cannot be, the jobs come as they are: ``Tower.features`` collates what was not.

    Args:
        seed: of the workers' augmentation.
    """
    if not workers or "fork" not in multiprocessing.get_all_start_methods():
        yield from jobs
        return
    yield from DataLoader(
        _Collated(jobs, towers),  # type: ignore[arg-type]
        batch_size=None,
        num_workers=workers,
        prefetch_factor=AHEAD,
        multiprocessing_context="fork",
        generator=torch.Generator().manual_seed(seed),  # the trainer's own stays as it is
    )
