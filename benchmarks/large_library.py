"""What a search in a large library answers: recall and honesty of the probabilities that users see.

    python benchmarks/library_scale.py --model nmr/gine5.v1 --sizes 1000000 --keep libraries
    python benchmarks/large_library.py --model MODEL --library libraries/1000000 \
        --data $ACML_DATA/nmr/nmrshiftdb2.parquet --only shifts_13c --rerank 100

Every query goes through the search itself (``acml_core.library.search``), so the figures are those of
``acml search``. Queries are measurements of test molecules that the model has not seen and that the
library holds, at most ``--queries``, drawn by a fixed seed. Rows: by the scores, with the second
opinion, and drawing lots; 95 % bootstrap intervals over molecules.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from acml_core.artefact import load
from acml_core.data.dataset import load as read
from acml_core.data.split import SplitConfig
from acml_core.evaluation import metrics
from acml_core.evaluation.confidence import bins, calibration_error, chance_error
from acml_core.evaluation.ranking import Ranks
from acml_core.library.library import open_folder
from acml_core.library.search import search

TOP = 100
"""Hits that are looked through for the molecule; below them its rank counts as one more."""

AT_ONCE = 20
SEED = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="folder of a trained model")
    parser.add_argument("--library", type=Path, required=True, help="folder of a library")
    parser.add_argument("--data", type=Path, required=True, help="table of measurements")
    parser.add_argument("--only", help="columns that a query may use, with commas")
    parser.add_argument("--queries", type=int, default=600)
    parser.add_argument("--rerank", type=int, default=0, help="best candidates to rerank")
    options = parser.parse_args()
    artefact = load(options.model)
    (name,) = artefact.model.modalities
    library = open_folder(options.library, artefact, name, print).exact()
    only = options.only.split(",") if options.only else None
    data = read([options.data], [artefact.model.modalities[name]], SplitConfig(), only=only)
    test = data.molecules("test")
    keys = [str(data.graphs.keys[i]) for i in test]
    held = library.molecules.places(pa.chunked_array([pa.array(keys)])) >= 0
    test = test[held & ~artefact.has_seen(keys)]
    queries = data.measured[name].of(test)
    measured = [not data.measured[name].signals[q].missing for q in queries]
    queries = queries[measured]
    drawn = np.random.default_rng(SEED).permutation(len(queries))[: options.queries]
    queries = queries[np.sort(drawn)]
    owner = data.measured[name].molecule[queries]
    wanted = [str(data.graphs.keys[i]) for i in owner]
    signals = [data.measured[name].signals[q] for q in queries]
    print(f"{len(queries)} queries of unseen molecules, {len(library):,} candidates; exact search")
    print("| row | recall@1 | recall@10 | calibration error | by chance, if true |")
    print("|---|---|---|---|---|")
    for rerank in sorted({0, options.rerank}):
        label = f"rerank {rerank}" if rerank else "by the scores"
        rank, top = [], []
        for start in range(0, len(signals), AT_ONCE):
            some = signals[start : start + AT_ONCE]
            for key, answer in zip(
                wanted[start : start + AT_ONCE],
                search(artefact, name, some, library, top=TOP, rerank=rerank),
                strict=True,
            ):
                found = [hit.rank for hit in answer.hits if hit.inchikey.startswith(key)]
                rank.append(found[0] if found else TOP + 1)
                top.append(answer.hits[0].probability)
        ranks = np.array(rank)
        of = metrics.of_ranks(Ranks(ranks, np.full(len(ranks), len(library))))
        told = metrics.summarise(of, owner, SEED)
        said = np.array(top)
        ece = calibration_error(bins(said, ranks == 1)), chance_error(said, owner, SEED)
        print(
            f"| {label} | {cell(told['recall@1'])} | {cell(told['recall@10'])} "
            f"| {ece[0]:.3f} | {ece[1]:.3f} |"
        )
    print(f"| drawing lots | {1 / len(library):.6f} | {10 / len(library):.6f} | | |")


def cell(entry: dict[str, Any]) -> str:
    """A figure with its interval."""
    low, high = entry["ci95"]
    return f"{entry['value']:.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    main()
