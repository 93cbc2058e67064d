"""An index that finds the best candidates without looking at all: IVF with 8-bit vectors, by faiss.

The index proposes ``NEIGHBOURS`` candidates; their scores, and so their order, are then those of the
exact search. What it misses is measured when it is built: recall@10 against the exact search.

Probabilities need sums over all candidates. The proposed ones enter them one by one; all others are
represented by those of a random sample, drawn when the index was built, that were not proposed: an
unbiased estimate of what the exact search adds up. Where the index misses a good candidate that is not
in the sample either, the probabilities of the others come out too high.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from acml_core.config import Settings
from acml_core.errors import ArtefactError, Unsupported
from acml_core.files import whole
from acml_core.library import vectors as vector_files
from acml_core.library.evidence import Evidence, Probability, within
from acml_core.library.score import log_sums, scores
from acml_core.library.vectors import Vectors
from acml_core.probability import Point
from acml_core.threads import one_thread

NEIGHBOURS = 1024
"""Candidates that the index proposes."""

SAMPLE = 16_384
"""Molecules that stand for those that were not proposed."""

LISTS_PER_ROOT = 2.0
"""Inverted lists: this many times the square root of the number of molecules, as a power of two."""

TRAIN_PER_LIST = 64
LEAST_PER_LIST = 39
"""Vectors that each list is trained with, and the fewest that faiss finds enough."""

PROBES = (4, 8, 16, 32, 64, 128, 256, 512)
"""Lists that are looked into: the fewest of these numbers that reach ``RECALL``."""

RECALL = 0.985
"""Share of the exact search's ten best that the index must find, if it can."""

RECALL_AT = 10
SEED = 0


class NearestInfo(Settings):
    """What was measured when an index was built.

    Attributes:
        file, sample, numbers: names of its files in the library's folder: of faiss; the sample's
            vectors; and which molecules these are.
        molecules: that it holds.
        lists, probes: inverted lists, and how many of them a query looks into.
        recall: recall@10 against the exact search.
        queries: that it was measured with.
        asked: what these were: ``measurements`` of the plugin's starter table, or ``molecules`` of
            the library.
    """

    file: str
    sample: str
    numbers: str
    molecules: int
    lists: int
    probes: int
    recall: float
    queries: int
    asked: str


@dataclass
class Nearest:
    """An index of N vectors, opened.

    Attributes:
        index: of faiss.
        probes: lists that a query looks into.
        vectors: of the library, for exact scores.
        numbers: (S,) int64, the sample's molecules, ascending.
        sample: (S, p) float32, their vectors.
    """

    index: Any
    probes: int
    vectors: Vectors
    numbers: np.ndarray
    sample: Tensor

    def search(self, queries: Tensor, k: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each query ``(Q, p)``, up to ``k`` molecules and their exact scores, the best first."""
        self.index.nprobe = self.probes
        asking = queries.float().contiguous()
        _, proposed = self.index.search(asking.numpy(), min(k, len(self.vectors)))
        return [self._ordered(q, row[row >= 0]) for q, row in zip(asking, proposed, strict=True)]

    def _ordered(self, query: Tensor, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        ((_, row),) = scores(query[None], self.vectors.take(found))
        best = torch.argsort(row[0], descending=True, stable=True).numpy()
        return found[best], row[0].numpy()[best]

    def evidence(self, point: Point, query: Tensor, k: int) -> Evidence:
        """The ranking of one query ``(p,)``, its sums estimated as the module says."""
        with one_thread():
            return self._evidence(point, query, k)

    def _evidence(self, point: Point, query: Tensor, k: int) -> Evidence:
        ((found, score),) = self.search(query[None], max(NEIGHBOURS, 2 * k))
        ((_, row),) = scores(query[None], self.sample)
        fresh = np.ones(len(self.numbers), dtype=bool)
        place = np.searchsorted(self.numbers, found)
        inside = place < len(self.numbers)
        inside[inside] = self.numbers[place[inside]] == found[inside]
        fresh[place[inside]] = False
        others = row[0].numpy()[fresh]
        weight = (len(self.vectors) - len(found)) / max(1, len(others))
        sharp, flat = _sums(point, score, others, weight)

        def behind(probability: Probability, held: float, mass: float) -> float:
            every = np.concatenate([score[k:], others])
            counts = np.concatenate([np.ones(len(score[k:])), np.full(len(others), weight)])
            order = np.argsort(-every, kind="stable")
            return within(probability(every[order]), counts[order], held, mass)[0]

        return Evidence(point, found[:k], score[:k].astype(np.float64), sharp, flat, behind)


def _sums(point: Point, found: np.ndarray, others: np.ndarray, weight: float) -> tuple[float, ...]:
    """Log sums over the proposed candidates and ``weight`` times the sample's others."""
    parts = [log_sums(point, torch.from_numpy(found))]
    if len(others) and weight > 0:
        rest = log_sums(point, torch.from_numpy(others))
        parts.append(tuple(total + np.log(weight) for total in rest))  # type: ignore[arg-type]
    return tuple(float(torch.logsumexp(torch.cat(pair), 0)) for pair in zip(*parts, strict=True))


def build(vectors: Vectors, queries: Tensor, asked: str, folder: Path, name: str) -> NearestInfo:
    """Train, fill and measure an index, and write its two files.

    Args:
        queries: (Q, p) to measure recall with.
        folder: of the library.
        name: of the files, without suffix.
    """
    faiss = _faiss()
    n, dim = len(vectors), vectors.dim
    rng = np.random.default_rng(SEED)
    lists = 1 << max(0, round(np.log2(LISTS_PER_ROOT * np.sqrt(n))))
    while lists > 1 and lists * LEAST_PER_LIST > n:
        lists //= 2
    index = faiss.index_factory(dim, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
    chosen = np.sort(rng.permutation(n)[: lists * TRAIN_PER_LIST])
    index.train(vectors.take(chosen).float().numpy())
    for part in vectors.parts:
        index.add(part.float().numpy())
    numbers = np.sort(rng.permutation(n)[:SAMPLE])
    sample = vectors.take(numbers)
    nearest = Nearest(index, lists, vectors, numbers, sample.float())
    exact = [
        torch.topk(row, min(RECALL_AT, n)).indices.numpy()
        for _, block in scores(queries, vectors)
        for row in block
    ]
    recall = 0.0
    for probes in sorted({min(lists, one) for one in PROBES}):
        nearest.probes = probes
        found = nearest.search(queries, NEIGHBOURS)
        recall = float(
            np.mean(
                [
                    len(np.intersect1d(a, b[:RECALL_AT])) / len(a)
                    for a, (b, _) in zip(exact, found, strict=True)
                ]
            )
        )
        if recall >= RECALL:
            break
    info = NearestInfo(
        file=f"{name}.faiss",
        sample=f"{name}.sample.npy",
        numbers=f"{name}.numbers.npy",
        molecules=n,
        lists=lists,
        probes=nearest.probes,
        recall=round(recall, 4),
        queries=len(queries),
        asked=asked,
    )
    with whole(folder / info.file) as target:
        faiss.write_index(index, str(target))
    vector_files.write(folder / info.sample, sample.numpy())
    vector_files.write(folder / info.numbers, numbers)
    return info


def open_index(info: NearestInfo, vectors: Vectors, folder: Path, remedy: str) -> Nearest:
    """What ``build`` wrote.

    Raises:
        Unsupported: faiss is not installed.
        ArtefactError: a damaged file, or an index of other vectors.
    """
    faiss = _faiss()
    path = folder / info.file
    try:
        index = faiss.read_index(str(path))
    except RuntimeError as error:
        what = str(error).strip().splitlines()[-1]
        raise ArtefactError(f"the index is damaged ({what})", source=path, remedy=remedy) from None
    n = len(vectors)
    if (index.ntotal, index.d) != (n, vectors.dim) or info.molecules != n:
        raise ArtefactError("the index is of other vectors", source=path, remedy=remedy)
    shape = (min(SAMPLE, n), vectors.dim)
    sample = vector_files.open_mapped(folder / info.sample, shape, remedy).float()
    path = folder / info.numbers
    try:
        numbers = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ArtefactError(f"the index is damaged ({error})", source=path, remedy=remedy) from None
    if numbers.shape != shape[:1] or numbers.dtype != np.int64:
        raise ArtefactError("the index is of other vectors", source=path, remedy=remedy)
    return Nearest(index, info.probes, vectors, numbers, sample)


def check_installed() -> None:
    """Before long work rather than after it.

    Raises:
        Unsupported: faiss is not installed.
    """
    _faiss()


def _faiss() -> Any:
    try:
        import faiss
    except ModuleNotFoundError:
        raise Unsupported(
            "faiss is not installed",
            remedy='Run: pip install "acml-core[faiss]"; or use --index exact.',
        ) from None
    return faiss
