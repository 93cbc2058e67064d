"""Prepared signals of a whole table, over processes where one would take long."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from typing import NamedTuple

import numpy as np

from acml_core.modality import Modality, Signal
from acml_core.parallel import map_chunks

Item = dict[str, np.ndarray]
"""One prepared signal."""

FIRST = 256
"""Signals that are prepared here, to see how long one takes."""

CHUNK = 128
"""Signals that a worker takes at a time."""

WORTH_SECONDS = 20.0
"""Less work than this is done here [s]: workers take seconds to start."""


class Chunk(NamedTuple):
    """What a worker process is sent."""

    modality: Modality
    signals: Sequence[Signal]


def prepare_all(modality: Modality, signals: Sequence[Signal]) -> list[Item]:
    """``modality.prepare`` of each signal, in order."""
    start = time.monotonic()
    items = [modality.prepare(signal) for signal in signals[:FIRST]]
    rest = signals[FIRST:]
    seconds = (time.monotonic() - start) / max(len(items), 1) * len(rest)
    if seconds < WORTH_SECONDS:
        return items + [modality.prepare(signal) for signal in rest]
    chunks = [Chunk(modality, rest[i : i + CHUNK]) for i in range(0, len(rest), CHUNK)]
    with closing(map_chunks(_prepare_chunk, chunks)) as results:
        for some in results:
            items += some
    return items


def _prepare_chunk(chunk: Chunk) -> list[Item]:
    return [chunk.modality.prepare(signal) for signal in chunk.signals]
