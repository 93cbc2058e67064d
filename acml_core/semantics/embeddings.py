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
        features: (N, d) float32.
        of: names of the trained rows that an untrained one is compared with.
    """

    name: str
    kind: Kind
    features: np.ndarray
    of: tuple[str, ...] = ()

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
    """A row for each model, then for each encoder that they have untrained, then the fingerprints.

    The untrained encoder's batch norms take their statistics from the training molecules, without
    which its embeddings would be needlessly bad. Models of equal settings share one untrained row.

    Args:
        models: by name.
        train: numbers of the training molecules.
    """
    found: list[Embedding] = []
    alike: dict[str, list[str]] = {}
    for name, artefact in models.items():
        model = artefact.model.eval()
        found.append(Embedding(name, "trained", embed(model.graph_encoder, graphs)))
        alike.setdefault(model.config.graph.model_dump_json(), []).append(name)
    settle = graphs.select(train)
    for names in alike.values():
        model = models[names[0]].model
        plain = untrained_encoder(model.config.graph, seed, settle=settle, device=model.device)
        name = f"{', '.join(names)}, untrained"
        found.append(Embedding(name, "untrained", embed(plain, graphs), tuple(names)))
    found.append(Embedding("ECFP4", "fingerprint", ecfp4(list(graphs.smiles))))
    return found
