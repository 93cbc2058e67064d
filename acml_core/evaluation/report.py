"""``acml eval retrieval``: tables in, report out (JSON, per-query CSV, PNG)."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from acml_core.artefact import Artefact
from acml_core.data.dataset import Dataset, load
from acml_core.data.split import SplitConfig
from acml_core.errors import BadInput
from acml_core.evaluation import analogues
from acml_core.evaluation.further import further
from acml_core.evaluation.plot import plot
from acml_core.evaluation.ranking import Side
from acml_core.evaluation.retrieval import Codes, Gallery, evaluate, galleries_of
from acml_core.evaluation.sizes import by_size
from acml_core.files import whole
from acml_core.model import AcmlModel
from acml_core.rejects import Reject


def evaluate_tables(
    artefact: Artefact,
    modality: str,
    data: Sequence[Path],
    *,
    library: Path | None = None,
    only: Sequence[str] | None = None,
    split: str = "unseen",
    measured_only: bool = False,
    mass_ppm: float = 10.0,
    match_queries: int | None = None,
    rerank: int = 0,
    sizes: Sequence[int] = (),
    seed: int = 0,
    report: Callable[[str], None] = print,
) -> tuple[dict[str, Any], list[dict[str, Any]], list[Reject]]:
    """Evaluate a model on tables.

    Args:
        data: tables; empty for the plugin's starter.
        library: further candidates: a file of molecules, or a library's folder.
        only: measured columns that queries may use; a row without any of them is no query.
        split: ``unseen`` takes molecules that the model was neither trained nor tuned on; ``all``
            takes every row.
        measured_only: leave molecules without a measurement out of the galleries.
        match_queries: most queries of the library-match baselines (``analogues``), where the plugin
            has them; by default ``analogues.QUERIES``, 0 for none.
        rerank: best candidates that the plugin's second opinion is asked of; 0 for none.
        sizes: numbers of candidates to try beside, decoys drawn from the last gallery.

    Returns:
        the report, the per-query rows, and what was left out.
    """
    if split not in ("unseen", "all"):
        raise BadInput(f"no split is called {split!r}", remedy="Use unseen or all.")
    plugin = artefact.model.modalities[modality]
    dataset = load(list(data) or [plugin.starter()], [plugin], SplitConfig(), only=only, seed=seed)
    measured = dataset.measured[modality]
    if measured_only:
        with_one = np.unique(measured.molecule)
        place = np.full(len(dataset.graphs), -1)
        place[with_one] = np.arange(len(with_one))
        dataset.graphs = dataset.graphs.select(with_one)
        measured.molecule = place[measured.molecule]
    seen = artefact.has_seen(list(dataset.graphs.keys))
    unseen = np.flatnonzero(~seen) if split == "unseen" else np.arange(len(seen))
    if split == "all" and seen.any():
        report(f"{int(seen.sum())} molecules were seen in training: this is not an honest test")
    queries = measured.of(unseen)
    if not len(queries):
        raise BadInput(
            "the model was trained or tuned on every molecule measured here",
            source=", ".join(str(path) for path in data) or None,
            remedy="Give a table of other molecules, or --split all to see how well it remembers.",
        )
    rejects = list(dataset.rejects)
    candidates = None
    if library is not None:
        report(f"encoding the molecules of {library.name}")
        candidates, left_out = further(library)
        rejects += left_out
    with artefact.model.remembering():
        galleries = galleries_of(artefact.model, modality, dataset, unseen, candidates)
    baselines = []
    references = np.setdiff1d(np.arange(len(measured.signals)), queries)
    most = analogues.QUERIES if match_queries is None else match_queries
    if plugin.supports("similarity") and most and len(references):
        report(f"matching {min(most, len(queries))} queries with {len(references)} measurements")
        baselines = analogues.library_match(
            plugin, dataset, queries, references, most=most, seed=seed
        )
    calibration = artefact.info.modalities[modality].calibration
    if rerank and calibration.rerank is None:
        raise BadInput(
            f"no second opinion was fitted for {modality!r}",
            source=artefact.path,
            remedy="Leave --rerank out; or fit one: acml models calibrate MODEL --data T.",
        )
    found, per_query = evaluate(
        artefact.model,
        modality,
        dataset,
        queries,
        galleries,
        mass_ppm=mass_ppm,
        baselines=baselines,
        calibration=calibration,
        rerank=rerank,
        seed=seed,
    )
    if sizes:
        report(f"galleries of {', '.join(map(str, sizes))} candidates")
        found["sizes"] = _sizes(artefact.model, modality, dataset, queries, galleries, sizes, seed)
    about: dict[str, Any] = {
        "model": str(artefact.path),
        "modality": modality,
        "split": "molecules neither trained nor tuned on, by InChIKey-14"
        if split == "unseen"
        else "all rows, seen ones included",
        "columns": list(only) if only else plugin.signal.columns(),
        "measurements": dataset.metadata.get("source", "as the table says"),
        "mass_ppm": mass_ppm,
        "rerank": rerank,
    }
    if baselines:
        about["library_match"] = {
            "queries": len(baselines[0].rows),
            "references": len(references),
            "ranked_by": "Tanimoto similarity to the molecules of the most similar measurements",
        }
    return {**found, **about}, per_query, rejects


def _sizes(
    model: AcmlModel,
    modality: str,
    dataset: Dataset,
    queries: np.ndarray,
    galleries: Sequence[Gallery],
    sizes: Sequence[int],
    seed: int,
) -> list[dict[str, Any]]:
    """``by_size`` with the molecules of the widest gallery as decoys."""
    codes = Codes()
    measured = dataset.measured[modality]
    owner = measured.molecule[queries]

    def side(vectors: torch.Tensor, keys: Sequence[str]) -> Side:
        number = codes(keys)
        blank = np.zeros(len(number))
        return Side(vectors, number, number, blank)

    decoys, test = galleries[-1], galleries[0]
    asking = side(
        model.encode_signals(modality, [measured.signals[q] for q in queries]),
        [dataset.graphs.keys[i] for i in owner],
    )
    return by_size(
        asking,
        side(test.vectors, list(test.graphs.keys)),
        side(decoys.vectors, list(decoys.graphs.keys)),
        sizes,
        seed=seed,
    )


def write(out: Path, report: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """``report.json``, ``queries.csv`` (a row a query and gallery) and ``retrieval.png``."""
    out.mkdir(parents=True, exist_ok=True)
    _whole(
        out / "report.json",
        lambda part: part.write_text(json.dumps(report, indent=1), encoding="utf-8"),
    )
    _whole(out / "queries.csv", lambda part: _write_rows(part, rows))
    _whole(out / "retrieval.png", lambda part: plot(report).savefig(part, format="png", dpi=150))


def _write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _whole(path: Path, make: Callable[[Path], object]) -> None:
    with whole(path) as part:
        make(part)
