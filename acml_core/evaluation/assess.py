"""What follows training: calibrate on validation molecules, measure on test molecules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from acml_core.artefact import Artefact, write_metrics
from acml_core.card import card
from acml_core.data.dataset import Dataset, load
from acml_core.data.split import SplitConfig
from acml_core.evaluation.further import further
from acml_core.evaluation.recalibrate import calibrate
from acml_core.evaluation.reranking import FIT_SECONDS
from acml_core.evaluation.retrieval import evaluate, galleries_of
from acml_core.files import write_text
from acml_core.graphs.packed import PackedGraphs
from acml_core.info import Info
from acml_core.layout import CARD, INFO
from acml_core.library.library import Library, open_folder
from acml_core.model import AcmlModel
from acml_core.probability import Calibration


def assess(
    model: AcmlModel,
    dataset: Dataset,
    *,
    tested: Dataset | None = None,
    library: PackedGraphs | None = None,
    larger: Mapping[str, Library] | None = None,
    rerank: int = 0,
    seconds: float = FIT_SECONDS,
    seed: int = 0,
) -> tuple[dict[str, Calibration], dict[str, Any]]:
    """Calibrations and metrics by modality.

    Args:
        dataset: with its split; nothing of its test molecules is used to fit.
        tested: where the test molecules come from instead: measured ones for a model of simulated.
        library: further candidates for both.
        larger: by modality, a built library in which probabilities are fitted too.
        rerank: best candidates that the second opinion is asked of in the metrics; 0 for none.
        seconds: that it is asked for each of its fits, at most.
    """
    with model.remembering():
        return _assess(
            model, dataset, tested or dataset, library, larger or {}, rerank, seconds, seed
        )


def _assess(
    model: AcmlModel,
    dataset: Dataset,
    tested: Dataset,
    library: PackedGraphs | None,
    larger: Mapping[str, Library],
    rerank: int,
    seconds: float,
    seed: int,
) -> tuple[dict[str, Calibration], dict[str, Any]]:
    calibrations: dict[str, Calibration] = {}
    metrics: dict[str, Any] = {}
    test = tested.molecules("test")
    for name in dataset.measured:
        calibrations[name] = calibrate(
            model,
            name,
            dataset,
            library=library,
            larger=larger.get(name),
            seconds=seconds,
            seed=seed,
        )
        asking = tested.measured[name].of(test)
        if len(asking):
            galleries = galleries_of(model, name, tested, test, library)
            metrics[name], _ = evaluate(
                model,
                name,
                tested,
                asking,
                galleries,
                calibration=calibrations[name],
                rerank=rerank,
                seed=seed,
            )
            metrics[name]["rerank"] = rerank
    return calibrations, metrics


def again(
    artefact: Artefact,
    data: Sequence[Path],
    *,
    tested: Sequence[Path] = (),
    library: Path | None = None,
    larger: Path | None = None,
    rerank: int = 0,
    seconds: float = FIT_SECONDS,
    report: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Calibrate and measure a trained model anew, and write that into its folder.

    The split is the one that it was trained with. The weights stay as they are.

    Args:
        tested: tables whose test molecules are measured on instead of those of ``data``.
        larger: folder of a library that this model built: see ``calibrate``.

    Returns:
        the metrics.
    """
    info = artefact.info
    training = info.training
    seed = int(training.get("seed", 0))
    modalities = list(artefact.model.modalities.values())
    split = SplitConfig(**training.get("split", {}))
    dataset = load(data, modalities, split, seed=seed)
    other = load(tested, modalities, split, seed=seed) if tested else dataset
    test = other.molecules("test")
    seen = artefact.has_seen([other.graphs.keys[i] for i in test])
    if seen.any():
        report(f"{int(seen.sum())} test molecules of the tables were seen in training: left out")
        other.split[test[seen]] = -1
    candidates = None if library is None else further(library)[0]
    beyond = {
        name: open_folder(larger, artefact, name, report) for name in dataset.measured if larger
    }
    calibrations, metrics = assess(
        artefact.model, dataset, tested=other, library=candidates, larger=beyond,
        rerank=rerank, seconds=seconds, seed=seed,
    )  # fmt: skip
    about = {
        name: one.model_copy(update={"calibration": calibrations.get(name, one.calibration)})
        for name, one in info.modalities.items()
    }
    new: Info = info.model_copy(update={"modalities": about})
    write_metrics(artefact.path, metrics)
    write_text(artefact.path / CARD, card(new, metrics))
    write_text(artefact.path / INFO, new.model_dump_json(indent=1, by_alias=True))
    artefact.info = new
    return metrics
