"""How much of a match is lost without an atom, without a part of the measurement, and without both.

With z_g the molecule's vector and z_s the measurement's, the match is s = z_g . z_s. Occlusion
(Zeiler and Fergus 2014, doi 10.1007/978-3-319-10590-1_53) gives an atom i the loss
s - z_g(without i) . z_s, and a part p the loss s - z_g . z_s(without p). What atom and part carry
*together* is the second difference,

    s - s(without i) - s(without p) + s(without both) = (z_g - z_g(i)) . (z_s - z_s(p)),

one product of two matrices: which atom goes with which peak.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from acml_core.explain.atoms import Method, vectors
from acml_core.graphs.packed import PackedGraphs
from acml_core.modality import Modality, Signal
from acml_core.model import AcmlModel


@dataclass(frozen=True)
class Occlusion:
    """Losses of the match, positive where it suffers.

    Attributes:
        score: the whole match.
        atoms: (V,) loss without each atom.
        parts: (P,) loss without each part of the measurement; P = 0 where it cannot be split.
        together: (P, V) what part and atom carry together.
    """

    score: float
    atoms: np.ndarray
    parts: np.ndarray
    together: np.ndarray


def occlude(
    model: AcmlModel, modality: str, graph: PackedGraphs, signal: Signal, method: Method
) -> Occlusion:
    """Leave out each atom and each part of the measurement in turn.

    Args:
        graph: one molecule.
    """
    size = int(graph.atom_offsets[-1])
    keep = np.vstack([np.ones((1, size), bool), ~np.eye(size, dtype=bool)])
    molecule = vectors(model, modality, graph, keep, method)
    plugin = model.modalities[modality]
    count = count_parts(plugin, signal)
    choices = [(), *((number,) for number in range(count))] if count > 1 else [()]
    measurement = signal_vectors(model, modality, signal, choices)
    lost_atoms = molecule[:1] - molecule[1:]
    lost_parts = measurement[:1] - measurement[1:]
    return Occlusion(
        score=float(molecule[0] @ measurement[0]),
        atoms=(lost_atoms @ measurement[0]).numpy(),
        parts=(lost_parts @ molecule[0]).numpy(),
        together=(lost_parts @ lost_atoms.T).numpy(),
    )


def count_parts(plugin: Modality, signal: Signal) -> int:
    """Number of a signal's parts; 0 where the plugin does not split it."""
    return len(plugin.parts(signal)) if plugin.supports("parts") else 0


def signal_vectors(
    model: AcmlModel, modality: str, signal: Signal, choices: Sequence[Sequence[int]]
) -> Tensor:
    """The measurement's vectors ``(K, p)``, once for each choice of parts to leave out."""
    plugin = model.modalities[modality]
    if not plugin.supports("parts"):
        return model.encode_signals(modality, [signal] * len(choices))
    return model.encode_signals(modality, [plugin.without(signal, choice) for choice in choices])
