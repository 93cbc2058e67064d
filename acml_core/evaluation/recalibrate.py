"""The whole calibration of one modality of a model, from a data set's validation molecules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import torch

from acml_core import arrow
from acml_core.data.dataset import Dataset
from acml_core.errors import AcmlError
from acml_core.evaluation.calibration import Crowd, fit
from acml_core.evaluation.ranking import Side
from acml_core.evaluation.reranking import FIT_SECONDS, fit_rerank
from acml_core.evaluation.validation import sides
from acml_core.graphs.packed import PackedGraphs
from acml_core.library.library import Library
from acml_core.modality import Modality, Signal
from acml_core.model import AcmlModel
from acml_core.probability import Calibration

MIN_KIND_QUERIES = 200
"""Fewer validation queries of which the same fields are known get no calibration of their own."""

SIGNALS_TRIED = 20
"""To find out whether the encoder sees a field."""

MIN_KINDS = 2
"""A single kind is the general one."""


def calibrate(
    model: AcmlModel,
    modality: str,
    dataset: Dataset,
    *,
    library: PackedGraphs | None = None,
    larger: Library | None = None,
    seconds: float = FIT_SECONDS,
    seed: int = 0,
) -> Calibration:
    """Fit scales, sets, detection and, where the plugin has one, the second opinion's weight.

    Args:
        dataset: its validation molecules ask; all molecules that were measured are candidates.
        library: further candidates, where those of the data set are unlike the ones that will be
            searched.
        larger: a built library of this model: what depends on the number of candidates is fitted in it
            as a whole too.
        seconds: that the second opinion is asked for each of its fits, at most.
    """
    everything = np.arange(len(dataset.graphs))
    validation = dataset.molecules("validation")
    queries, gallery = sides(model, dataset, modality, validation, everything)
    number = np.unique(dataset.graphs.formula.astype(str), return_inverse=True)[1]
    gallery = replace(gallery, formula=number[gallery.molecule])
    queries = replace(queries, formula=number[queries.molecule])
    smiles = list(dataset.graphs.smiles[gallery.molecule])
    if library is not None:
        gallery, smiles = _widened(model, modality, dataset, gallery, smiles, library)
    measured = dataset.measured[modality]
    signals = [measured.signals[i] for i in measured.of(validation)]
    plugin = model.modalities[modality]
    beyond = None if larger is None else _larger(dataset, larger, modality)

    def fitted(queries: Side, signals: Sequence[Signal]) -> Calibration:
        found = fit(queries, gallery, seed, larger=beyond)
        if not plugin.supports("rerank"):
            return found
        weights = {
            name: fit_rerank(
                plugin,
                signals,
                queries,
                gallery,
                smiles,
                found,
                isomers=isomers,
                larger=beyond,
                seconds=seconds,
                seed=seed,
            )
            for name, isomers in (("rerank", False), ("rerank_isomers", True))
        }
        return found.model_copy(update=weights)

    kinds = {
        ",".join(fields): fitted(*kind)
        for fields, kind in _kinds(model, modality, signals, queries).items()
    }
    return fitted(queries, signals).model_copy(update={"kinds": kinds})


def _kinds(
    model: AcmlModel, modality: str, signals: Sequence[Signal], queries: Side
) -> dict[tuple[str, ...], tuple[Side, list[Signal]]]:
    """Queries by the fields that are known, where there are enough of the kind.

    Beside the kinds that were measured there are those of every field that is a measurement by
    itself: its queries are the same ones with all other fields forgotten.
    """
    plugin = model.modalities[modality]
    blind = {name for name in plugin.signal.columns() if not _looked_at(plugin, name, signals)}
    rows: dict[tuple[str, ...], list[int]] = {}
    for row, signal in enumerate(signals):
        fields = tuple(name for name in signal.filled if name not in blind)
        rows.setdefault(fields, []).append(row)
    kinds = {
        fields: (queries.take(np.array(chosen)), [signals[row] for row in chosen])
        for fields, chosen in rows.items()
        if len(chosen) >= MIN_KIND_QUERIES
    }
    for field in sorted({name for fields in rows for name in fields}):
        alone = [(row, one) for row, signal in enumerate(signals) if (one := _alone(signal, field))]
        if (field,) not in kinds and len(alone) >= MIN_KIND_QUERIES:
            bare = [one for _, one in alone]
            vectors = model.encode_signals(modality, bare)
            side = queries.take(np.array([row for row, _ in alone]))
            kinds[(field,)] = replace(side, vectors=vectors), bare
    return kinds if len(kinds) >= MIN_KINDS else {}


def _looked_at(plugin: Modality, field: str, signals: Sequence[Signal]) -> bool:
    """Whether the encoder gets to see a field: a solvent, say, may only be noted."""
    for signal in [one for one in signals if field in one.filled][:SIGNALS_TRIED]:
        try:
            without = signal.only([name for name in signal.filled if name != field])
            if without.missing:
                return True
            pair = plugin.prepare(signal), plugin.prepare(without)
        except (ValueError, AcmlError):  # it cannot be left out
            return True
        if any(not np.array_equal(pair[0][name], pair[1][name]) for name in pair[0]):
            return True
    return False


def _alone(signal: Signal, field: str) -> Signal | None:
    """The measurement with nothing but one field known; None where that is no measurement."""
    try:
        one = signal.only([field])
    except ValueError:  # the plugin demands another field beside it
        return None
    return None if one.missing or not one.filled else one


def _larger(dataset: Dataset, library: Library, modality: str) -> Crowd:
    keys = pa.chunked_array([arrow.strings(list(map(str, dataset.graphs.keys)))])
    molecules = library.molecules
    return Crowd(library.vectors[modality], molecules.places(keys), molecules.smiles)


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
