"""The whole calibration of one modality of a model, from a data set's validation molecules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from acml_core.data.dataset import Dataset
from acml_core.evaluation.calibration import fit
from acml_core.evaluation.ranking import Side
from acml_core.evaluation.reranking import fit_rerank
from acml_core.evaluation.validation import sides
from acml_core.graphs.packed import PackedGraphs
from acml_core.model import AcmlModel
from acml_core.probability import Calibration


def calibrate(
    model: AcmlModel,
    modality: str,
    dataset: Dataset,
    *,
    library: PackedGraphs | None = None,
    seed: int = 0,
) -> Calibration:
    """Fit scales, sets, detection and, where the plugin has one, the second opinion's weight.

    Args:
        dataset: its validation molecules ask; all molecules that were measured are candidates.
        library: further candidates, where those of the data set are unlike the ones that will be
            searched.
    """
    everything = np.arange(len(dataset.graphs))
    spectra, gallery = sides(model, dataset, modality, everything)
    number = np.unique(dataset.graphs.formula.astype(str), return_inverse=True)[1]
    gallery = replace(gallery, formula=number[gallery.molecule])
    spectra = replace(spectra, formula=number[spectra.molecule])
    smiles = list(dataset.graphs.smiles[gallery.molecule])
    if library is not None:
        gallery, smiles = _widened(model, modality, dataset, gallery, smiles, library)
    asking = np.flatnonzero(np.isin(spectra.molecule, dataset.molecules("validation")))
    queries = spectra.take(asking)
    found = fit(queries, gallery, seed)
    plugin = model.modalities[modality]
    if not plugin.supports("rerank"):
        return found
    measured = dataset.measured[modality]
    numbers = measured.of(everything)[asking]
    signals = [measured.signals[i] for i in numbers]
    weight = fit_rerank(plugin, signals, queries, gallery, smiles, seed=seed)
    return found.model_copy(update={"rerank": weight})


def _widened(
    model: AcmlModel,
    modality: str,
    dataset: Dataset,
    gallery: Side,
    smiles: list[str],
    library: PackedGraphs,
) -> tuple[Side, list[str]]:
    """The gallery with the library's other molecules."""
    known = set(dataset.graphs.keys)
    extra = np.array([i for i, key in enumerate(library.keys) if key not in known], dtype=np.int64)
    code = dict(zip(dataset.graphs.formula[gallery.molecule], gallery.formula, strict=True))
    formula = [
        code.setdefault(text, len(dataset.graphs) + len(code)) for text in library.formula[extra]
    ]
    joined = Side(
        torch.cat([gallery.vectors, model.encode_molecules(library, modality, extra)]),
        np.concatenate([gallery.molecule, len(dataset.graphs) + np.arange(len(extra))]),
        np.concatenate([gallery.formula, np.array(formula, dtype=np.int64)]),
        np.concatenate([gallery.mass, np.zeros(len(extra))]),
    )
    return joined, [*smiles, *library.smiles[extra]]
