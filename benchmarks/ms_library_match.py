"""What a spectral library finds in MassBank, by cosine and by spectral entropy, beside a model.

    python benchmarks/ms_library_match.py [--model runs/ms] [--queries 500]

Two questions, for electron ionisation and for fragment spectra of [M+H]+:

re-identification
    The molecule is known and was measured again: a query's references are all other spectra, its own
    molecule's among them. Queries are spectra of test molecules that have another one. A row
    "same precursor" restricts the references to those within ``PRECURSOR_PPM`` of the query's.
    The model, which saw none of these molecules, ranks the same molecules by their structures, and
    by the vectors of the same reference spectra.
analogue search
    The molecule was never measured: the baseline of ``acml eval retrieval``, among test molecules.

It needs ACML_DATA and prints recall@1 and @10, the number of candidates, and queries a second.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from acml_plugin_ms.modality import Ms
from acml_plugin_ms.signal import MsSignal
from acml_plugin_ms.similarity import is_full_scan, similarity

from acml_core import artefact
from acml_core.data.dataset import Dataset, Measured, load
from acml_core.data.split import SplitConfig
from acml_core.evaluation.analogues import library_match
from acml_core.evaluation.ranking import Side, ranks

SEED = 0
PRECURSOR_PPM = 20.0
KINDS: dict[str, Callable[[MsSignal], bool]] = {
    "EI": lambda one: is_full_scan(one) and "EI" in one.instrument_type.split("-"),
    "[M+H]+": lambda one: not is_full_scan(one) and one.adduct == "[M+H]+",
}


class Comparing(Ms):
    """The plugin with its own similarity, whatever version of the modality class is installed."""

    def similarity(self, queries, references):  # type: ignore[no-untyped-def]
        return similarity(queries, references)


def ranked(values: np.ndarray, owner: np.ndarray, own: int) -> tuple[int, int]:
    """Rank of the own molecule by its best reference, ties against it, and number of molecules."""
    molecules, group = np.unique(owner, return_inverse=True)
    best = np.full(len(molecules), -np.inf)
    np.maximum.at(best, group, values)
    mine = best[np.searchsorted(molecules, own)]
    return int((best >= mine).sum()), len(molecules)


def show(label: str, found: list[tuple[int, int]]) -> None:
    rank, size = (np.array(column) for column in zip(*found, strict=True))
    print(
        f"  {label:44s} recall@1 {(rank <= 1).mean():.3f}  recall@10 {(rank <= 10).mean():.3f}"
        f"  {size.mean():8.1f} candidates",
        flush=True,
    )


def reidentify(
    measured: Measured, queries: np.ndarray, pool: np.ndarray, model: Model | None
) -> None:
    """Each query against all of ``pool`` but itself."""
    references = [measured.signals[i] for i in pool]
    owner = measured.molecule[pool]
    precursor = np.array([one.precursor_mz for one in references])
    found: dict[str, list[tuple[int, int]]] = {}
    start = time.perf_counter()
    asking = [measured.signals[i] for i in queries]
    for number, named in zip(queries, similarity(asking, references), strict=True):
        others = pool != number
        mine = measured.signals[number].precursor_mz
        near = np.abs(precursor - mine) <= mine * PRECURSOR_PPM * 1e-6
        for name, values in named.items():
            for label, kept in ((name, others), (f"{name}, same precursor", others & near)):
                own = measured.molecule[number]
                if label == name or (mine and np.isin(own, owner[kept])):
                    row = ranked(values[kept], owner[kept], own)
                    found.setdefault(label, []).append(row)
    rate = len(queries) / (time.perf_counter() - start)
    for label, rows in found.items():
        show(f"{label} ({len(rows)} queries)", rows)
    print(f"  both similarities: {rate:.1f} queries/s with {len(pool)} references")
    if model is None:
        return
    asked = model.signals(asking)
    for label, vectors in (
        ("model, to structures", model.molecules(owner)),
        ("model, to spectra", model.signals(references)),
    ):
        scores = (asked @ vectors.T).numpy()
        rows = [
            ranked(row[pool != number], owner[pool != number], measured.molecule[number])
            for number, row in zip(queries, scores, strict=True)
        ]
        show(label, rows)


class Model:
    """Vectors of a trained model."""

    def __init__(self, folder: Path, dataset: Dataset) -> None:
        self._model = artefact.load(folder).model
        self._dataset = dataset

    def signals(self, signals: list[MsSignal]) -> torch.Tensor:
        return self._model.encode_signals("ms", signals)

    def molecules(self, index: np.ndarray) -> torch.Tensor:
        used, place = np.unique(index, return_inverse=True)
        vectors = self._model.encode_molecules(self._dataset.graphs, "ms", used)
        return vectors[torch.from_numpy(place)]


def analogues(
    dataset: Dataset, queries: np.ndarray, gallery: np.ndarray, references: np.ndarray
) -> None:
    """The evaluation's baseline, among the molecules of ``gallery``."""
    measured = dataset.measured["ms"]
    start = time.perf_counter()
    graphs = dataset.graphs.select(gallery)
    blank = np.zeros(len(dataset.graphs))

    def side(index: np.ndarray) -> Side:
        return Side(torch.zeros(len(index), 1), index, blank[index].astype(np.int64), blank[index])

    for one in library_match(
        Comparing(), dataset, queries, references, most=len(queries), seed=SEED
    ):
        scores = one.score(graphs)
        assert scores is not None
        own = side(measured.molecule[queries])
        found = ranks(own, side(gallery), ["none"], blocks=[(slice(0, len(own)), scores)])["none"]
        rows = list(zip(found.rank.tolist(), found.candidates.tolist(), strict=True))
        show(f"{one.name} ({len(rows)} queries)", rows)
    print(f"  {time.perf_counter() - start:.0f} s")


def drawn(index: np.ndarray, most: int) -> np.ndarray:
    return np.sort(np.random.default_rng(SEED).permutation(index)[:most])


def kinds(dataset: Dataset) -> Iterator[tuple[str, np.ndarray]]:
    for name, belongs in KINDS.items():
        signals = dataset.measured["ms"].signals
        yield name, np.array([i for i, one in enumerate(signals) if belongs(one)])  # type: ignore[arg-type]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, help="folder of a trained model")
    parser.add_argument("--queries", type=int, default=500, help="at most, of each kind")
    options = parser.parse_args()
    folder = os.environ.get("ACML_DATA")
    if not folder:
        sys.exit("skipped: it needs measured spectra, and ACML_DATA is not set")
    dataset = load([Path(folder) / "ms" / "massbank.parquet"], [Comparing()], SplitConfig())
    model = Model(options.model, dataset) if options.model else None
    measured = dataset.measured["ms"]
    test = dataset.molecules("test")
    for name, pool in kinds(dataset):
        owner = measured.molecule[pool]
        of_test = np.isin(owner, test)
        several = np.isin(owner, np.flatnonzero(np.bincount(owner) > 1))
        print(f"{name}: {len(pool)} spectra of {len(np.unique(owner))} molecules")
        print(" re-identification")
        reidentify(measured, drawn(pool[of_test & several], options.queries), pool, model)
        print(" analogue search among test molecules")
        gallery = np.unique(owner[of_test])
        analogues(dataset, drawn(pool[of_test], options.queries), gallery, pool[~of_test])


if __name__ == "__main__":
    main()
