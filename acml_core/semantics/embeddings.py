"""The rows of a report: embeddings of trained models, of untrained ones, and fingerprints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import nn

from acml_core.artefact import Artefact
from acml_core.fingerprints import fingerprints
from acml_core.graphs.packed import PackedGraphs
from acml_core.model import INFERENCE_BATCH
from acml_core.untrained import untrained_encoder

BITS = 2048
"""Of the ECFP4 fingerprints."""

Kind = Literal["trained", "untrained", "fingerprint"]


@dataclass(frozen=True)
class Embedding:
    """One row: a vector a molecule.

    Attributes:
        name: of the row.
        kind: what it is.
        of: name of the trained row that an untrained one belongs to.
        features: (N, d) float32.
    """

    name: str
    kind: Kind
    of: str
    features: np.ndarray

    def unit(self) -> np.ndarray:
        """Standardised and of length 1 each, so that products are cosines: ``(N, d)``."""
        spread = self.features.std(0)
        scaled = (self.features - self.features.mean(0)) / np.where(spread > 1e-6, spread, 1.0)
        return scaled / np.maximum(np.linalg.norm(scaled, axis=1, keepdims=True), 1e-9)


@torch.inference_mode()
def embed(encoder: nn.Module, graphs: PackedGraphs) -> np.ndarray:
    """Graph embeddings, before any projector, of an encoder in eval mode: ``(N, d)`` float32."""
    device = next(encoder.parameters()).device
    out = [np.zeros((0, int(encoder.dim)), dtype=np.float32)]  # type: ignore[arg-type]
    for start in range(0, len(graphs), INFERENCE_BATCH):
        numbers = np.arange(start, min(start + INFERENCE_BATCH, len(graphs)))
        out.append(encoder(graphs.batch(numbers).to(device))[1].float().cpu().numpy())
    return np.concatenate(out)


def ecfp4(smiles: Sequence[str]) -> np.ndarray:
    """Morgan fingerprints of radius 2: ``(n, BITS)`` float32 of 0 and 1."""
    return np.unpackbits(fingerprints(smiles, BITS), axis=1)[:, :BITS].astype(np.float32)


def rows(
    models: dict[str, Artefact], graphs: PackedGraphs, train: np.ndarray, *, seed: int = 0
) -> list[Embedding]:
    """For each model its row and the same encoder's untrained, then the fingerprints.

    The untrained encoder's batch norms take their statistics from the training molecules, without
    which its embeddings would be needlessly bad. Models of equal settings share one untrained row.

    Args:
        models: by name.
        train: numbers of the training molecules.
    """
    found: list[Embedding] = []
    fresh: dict[str, np.ndarray] = {}
    for name, artefact in models.items():
        model = artefact.model.eval()
        found.append(Embedding(name, "trained", name, embed(model.graph_encoder, graphs)))
        graph = model.config.graph
        key = graph.model_dump_json()
        if key not in fresh:
            settle = graphs.select(train)
            plain = untrained_encoder(graph, seed, settle=settle, device=model.device)
            fresh[key] = embed(plain, graphs)
        found.append(Embedding(f"{name}, untrained", "untrained", name, fresh[key]))
    found.append(Embedding("ECFP4", "fingerprint", "", ecfp4(list(graphs.smiles))))
    return found
