"""The one number that training watches: retrieval MRR on validation molecules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from acml_core.data.dataset import Dataset
from acml_core.data.preparing import Item
from acml_core.evaluation.ranking import Side, rank
from acml_core.model import AcmlModel


def sides(
    model: AcmlModel,
    dataset: Dataset,
    modality: str,
    molecules: np.ndarray,
    candidates: np.ndarray | None = None,
    items: Sequence[Item] | None = None,
) -> tuple[Side, Side]:
    """Measurements of ``molecules``, and those candidates that were measured, as the two sides.

    Args:
        candidates: ``molecules`` themselves by default.
        items: all signals of the data set, where they are prepared already.
    """
    measured = dataset.measured[modality]
    signals = measured.of(molecules)
    owner = measured.molecule[signals]
    among = molecules if candidates is None else candidates
    gallery = np.unique(measured.molecule[measured.of(among)])
    blank = np.zeros(len(dataset.graphs))
    codes = blank.astype(np.int64)

    def side(vectors: object, index: np.ndarray) -> Side:
        return Side(vectors, index, codes[index], blank[index])  # type: ignore[arg-type]

    if items is None:
        spectra = model.encode_signals(modality, [measured.signals[i] for i in signals])
    else:
        spectra = model.encode_items(modality, (items[i] for i in signals))
    graphs = model.encode_molecules(dataset.graphs, modality, gallery)
    return side(spectra, owner), side(graphs, gallery)


def validation_mrr(
    model: AcmlModel,
    dataset: Dataset,
    molecules: np.ndarray,
    items: Mapping[str, Sequence[Item]] | None = None,
) -> float:
    """Mean over modalities of the measurement-finds-molecule MRR among ``molecules``.

    Args:
        items: by modality, all signals of the data set, where they are prepared already.
    """
    values = []
    for name in dataset.measured:
        queries, gallery = sides(model, dataset, name, molecules, items=(items or {}).get(name))
        values.append(float((1.0 / rank(queries, gallery).rank).mean()))
    return float(np.mean(values))
