"""The model: one graph encoder, and for each modality a tower with two projectors.

::

    molecule -> graph encoder -> graph projector  -> vector \
                                                             score = dot product
    signal   -> encoder (tower) -> projector      -> vector /
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from acml_core.components import Choice, graph_encoders, make, projectors
from acml_core.config import Settings
from acml_core.encoder import to_device
from acml_core.errors import BadInput, did_you_mean
from acml_core.graphs.packed import GraphBatch, PackedGraphs
from acml_core.modality import Modality, Signal
from acml_core.remembering import Remembered

Similarity = Literal["cosine", "dot"]
INFERENCE_BATCH = 512
"""Molecules or signals encoded at once outside training."""


class ModelConfig(Settings):
    """What is needed, with the plugins, to build the model again.

    Attributes:
        graph: graph encoder and its settings.
        projector: kind and settings of every projector.
        similarity: how vectors are compared: ``cosine`` (unit vectors) or ``dot``.
    """

    graph: Choice
    projector: Choice
    similarity: Similarity


class Head(nn.Module):
    """What one modality adds: its tower, its projector, and the graph's projector towards it."""

    def __init__(self, modality: Modality, graph_dim: int, projector: Choice) -> None:
        super().__init__()
        self.encoder = modality.encoder()
        self.projector = make(projectors, projector, self.encoder.dim)
        self.graph_projector = make(projectors, projector, graph_dim)


class AcmlModel(nn.Module):
    """Graph encoder and heads, with the modalities (plugins) that feed them."""

    def __init__(self, config: ModelConfig, modalities: Mapping[str, Modality]) -> None:
        super().__init__()
        self.config = config
        self.modalities = dict(modalities)
        self._remembered: Remembered | None = None
        self.artefact: Any = None  # what 'artefact.load' knows of it, once that made this model
        self.graph_encoder = make(graph_encoders, config.graph)
        self.heads = nn.ModuleDict(
            {
                name: Head(modality, self.graph_encoder.dim, config.projector)
                for name, modality in modalities.items()
            }
        )

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return next(self.parameters()).device

    def head(self, modality: str) -> Head:
        """The head of that name.

        Raises:
            BadInput: the model was not trained with that modality.
        """
        if modality not in self.heads:
            raise BadInput(
                f"the model has no modality {modality!r}", remedy=did_you_mean(modality, self.heads)
            )
        return self.heads[modality]  # type: ignore[return-value]

    def project_graphs(self, modality: str, graph: Tensor) -> Tensor:
        """Graph embeddings ``(B, d)`` to the modality's space ``(B, p)``; unit norm if cosine."""
        return self._finish(self.head(modality).graph_projector(graph))

    def project_features(self, modality: str, features: Tensor) -> Tensor:
        """Tower outputs ``(B, d)`` to the modality's space ``(B, p)``; unit norm if cosine."""
        return self._finish(self.head(modality).projector(features))

    def graph_embeddings(self, batch: GraphBatch) -> tuple[Tensor, Tensor]:
        """``(node (V, d), graph (B, d))`` before any projector."""
        return self.graph_encoder(batch)

    def encode_molecules(
        self, graphs: PackedGraphs, modality: str, index: np.ndarray | None = None
    ) -> Tensor:
        """Vectors of molecules in a modality's space: ``(N, p)`` float32 on the CPU."""
        return self.encode_for(graphs, [modality], index)[modality]

    def encode_for(
        self, graphs: PackedGraphs, modalities: Sequence[str], index: np.ndarray | None = None
    ) -> dict[str, Tensor]:
        """``encode_molecules`` for several modalities; each molecule's graph is encoded once."""
        index = np.arange(len(graphs)) if index is None else index
        if self._remembered is not None:
            return self._remembered.encode(self._encode, graphs, modalities, index)
        return self._encode(graphs, modalities, index)

    @torch.inference_mode()
    def _encode(
        self, graphs: PackedGraphs, modalities: Sequence[str], index: np.ndarray
    ) -> dict[str, Tensor]:
        with _evaluating(self):
            out = {
                name: [torch.zeros(0, self.head(name).graph_projector.out_dim)]
                for name in modalities
            }
            for start in range(0, len(index), INFERENCE_BATCH):
                batch = graphs.batch(index[start : start + INFERENCE_BATCH]).to(self.device)
                _, graph = self.graph_embeddings(batch)
                for name, found in out.items():
                    found.append(self.project_graphs(name, graph).float().cpu())
            return {name: torch.cat(found) for name, found in out.items()}

    @contextmanager
    def remembering(self) -> Iterator[None]:
        """Inside, a molecule is encoded once, in however many galleries it stands.

        The weights must stay as they are until the end.
        """
        before = self._remembered
        self._remembered = before or Remembered()
        try:
            yield
        finally:
            self._remembered = before

    def encode_signals(self, modality: str, signals: Sequence[Signal]) -> Tensor:
        """Vectors of measurements: ``(M, p)`` float32 on the CPU."""
        return self.encode_items(modality, map(self.modalities[modality].prepare, signals))

    @torch.inference_mode()
    def encode_items(self, modality: str, items: Iterable[dict[str, np.ndarray]]) -> Tensor:
        """As ``encode_signals``, of prepared signals."""
        with _evaluating(self):
            plugin = self.modalities[modality]
            out = [torch.zeros(0, self.head(modality).projector.out_dim)]
            coming = iter(items)
            while some := list(islice(coming, INFERENCE_BATCH)):
                batch = to_device(plugin.collate(some, train=False), self.device)
                features = self.head(modality).encoder(batch)
                out.append(self.project_features(modality, features).float().cpu())
            return torch.cat(out)

    @classmethod
    def from_pretrained(
        cls, name_or_path: str | Path, *, revision: str | None = None, **options: Any
    ) -> AcmlModel:
        """A published model: a folder, a registry's name, or a Hub repository "owner/name".

        Args:
            name_or_path: which.
            revision: commit, tag or branch of a Hub repository.
            options: ``token``, ``cache_dir``, ``local_files_only``, ``force_download``.

        Returns:
            the model in eval mode; ``model.artefact`` is what its folder says of it.

        Raises:
            AcmlError: not found, not reachable, changed, damaged, or of another version.
        """
        from acml_core.hub.pretrained import load

        return load(name_or_path, revision=revision, **options).model

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the model, with all that its artefact says of it, into a folder.

        Raises:
            BadInput: it has no artefact: it was neither loaded nor saved yet.
        """
        from acml_core.hub.pretrained import save

        save(self, Path(folder))

    def push_to_hub(self, repo_id: str, **options: Any) -> str:
        """Publish the model as a Hub repository and give the address of the commit.

        Args:
            repo_id: "owner/name"; made where it does not exist.
            options: ``licence``, ``private``, ``token``, ``datasets``, ``commit_message``, ``branch``.

        Raises:
            AcmlError: no licence is known, or the Hub refused.
        """
        from acml_core.hub.pretrained import push

        return push(self, repo_id, **options)

    def _finish(self, z: Tensor) -> Tensor:
        return normalize(z, dim=-1) if self.config.similarity == "cosine" else z


class _evaluating:
    """Eval mode inside, the former mode of every module after."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model

    def __enter__(self) -> None:
        self.modes = [(module, module.training) for module in self.model.modules()]
        self.model.eval()

    def __exit__(self, *_: object) -> None:
        for module, training in self.modes:
            module.training = training
