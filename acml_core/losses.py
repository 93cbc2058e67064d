"""Asymmetric contrastive losses between a graph tower that learns and a tower that is locked.

Every loss takes the two towers' projections of the same ``B`` molecules, row by row, and weighs the
two directions (graph finds measurement, measurement finds graph) separately. Two rows that hold the
same molecule are never each other's negative.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import log_softmax, logsigmoid, normalize

from acml_core.config import Settings


class AsymmetricLoss(nn.Module):
    """Interface.

    ``forward(z_graph (B, p), z_modality (B, p), molecule_ids (B,)) -> {"loss": scalar, ...}``; the
    other entries are detached terms for the log. ``unit_norm`` says whether the loss compares unit
    vectors, and so how retrieval must score: by cosine or by plain dot product. ``takes_more`` says
    whether ``forward`` also has ``more=(z (K, p), ids (K,))``: graph projections of other molecules,
    as further negatives of each measurement.
    """

    unit_norm: bool = True
    takes_more: bool = False

    class Config(Settings):
        graph_to_modality: float = Field(0.5, ge=0, description="weight of graph-finds-measurement")
        modality_to_graph: float = Field(0.5, ge=0, description="weight of measurement-finds-graph")

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config

    def forward(
        self, z_graph: Tensor, z_modality: Tensor, molecule_ids: Tensor
    ) -> dict[str, Tensor]:
        raise NotImplementedError(f"{type(self).__name__} must implement forward(...)")

    @property
    def learnt(self) -> dict[str, float]:
        """What the loss itself has learnt, for the log: a temperature, say."""
        return {}

    def weigh(self, graph_to_modality: Tensor, modality_to_graph: Tensor) -> dict[str, Tensor]:
        """The weighted sum of the two directions, and each by itself for the log."""
        loss = (
            self.config.graph_to_modality * graph_to_modality
            + self.config.modality_to_graph * modality_to_graph
        )
        return {
            "loss": loss,
            "graph_to_modality": graph_to_modality.detach(),
            "modality_to_graph": modality_to_graph.detach(),
        }


def same_molecule(molecule_ids: Tensor) -> Tensor:
    """``(B, B)`` bool: pairs of *different* rows that hold the same molecule."""
    same = molecule_ids[:, None] == molecule_ids[None, :]
    return same & ~torch.eye(len(molecule_ids), dtype=torch.bool, device=molecule_ids.device)


class AcmlLoss(AsymmetricLoss):
    """The paper's loss (arXiv 2311.06456, as its published code computes it).

    With ``G = z_graph``, ``M = z_modality`` (no unit norm) and temperature ``T``::

        logits  = G M^T / T
        targets = softmax((G G^T + M M^T) / 2 * T)        rows; not detached
        loss    = mean_i [ CE(logits_i, targets_i) + CE(logits^T_i, targets^T_i) ] / 2

    The targets soften the identity matrix by the similarity that both towers see, so that molecules
    which are alike repel each other less.
    """

    unit_norm = False

    class Config(AsymmetricLoss.Config):
        temperature: float = Field(1.0, gt=0, description="T of the equations; the paper's 1")

    def forward(
        self, z_graph: Tensor, z_modality: Tensor, molecule_ids: Tensor
    ) -> dict[str, Tensor]:
        t = self.config.temperature
        left_out = same_molecule(molecule_ids)
        logits = z_graph @ z_modality.T / t
        likeness = (z_graph @ z_graph.T + z_modality @ z_modality.T) / 2 * t
        targets = likeness.masked_fill(left_out, -math.inf).softmax(-1)
        return self.weigh(
            _soft_cross_entropy(logits, targets, left_out),
            _soft_cross_entropy(logits.T, targets.T, left_out),
        )


def _soft_cross_entropy(logits: Tensor, targets: Tensor, left_out: Tensor) -> Tensor:
    log_p = log_softmax(logits.masked_fill(left_out, -math.inf), dim=-1)
    return -(targets * log_p.masked_fill(left_out, 0.0)).sum(-1).mean()


class InfoNceLoss(AsymmetricLoss):
    """Contrastive cross entropy over unit vectors with a learnt temperature.

    ``loss = w_gm CE(s G M^T, I) + w_mg CE(s M G^T, I)`` with ``s = 1 / temperature`` learnt in log
    space (Radford et al., arXiv 2103.00020; van den Oord et al., arXiv 1807.03748). Graphs of ``more``
    molecules stand beside those of the batch where a measurement looks for its graph.
    """

    takes_more = True

    class Config(AsymmetricLoss.Config):
        temperature: float = Field(0.07, gt=0, description="temperature at the start")
        min_temperature: float = Field(0.01, gt=0, description="the learnt one stays above it")

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.log_scale = nn.Parameter(torch.tensor(-math.log(config.temperature)))

    def forward(
        self,
        z_graph: Tensor,
        z_modality: Tensor,
        molecule_ids: Tensor,
        more: tuple[Tensor, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        scale = self._scale()
        measured = scale * normalize(z_modality, dim=-1)
        logits = normalize(z_graph, dim=-1) @ measured.T
        logits = logits.masked_fill(same_molecule(molecule_ids), -math.inf)
        found = logits.T
        if more is not None:
            z, ids = more
            others = measured @ normalize(z, dim=-1).T
            same = molecule_ids[:, None] == ids[None, :]
            found = torch.cat([found, others.masked_fill(same, -math.inf)], dim=1)
        terms = self.weigh(
            -log_softmax(logits, dim=-1).diagonal().mean(),
            -log_softmax(found, dim=-1).diagonal().mean(),
        )
        return {**terms, "temperature": 1 / scale.detach()}

    def _scale(self) -> Tensor:
        return self.log_scale.clamp(max=-math.log(self.config.min_temperature)).exp()

    @property
    def learnt(self) -> dict[str, float]:
        return {"temperature": 1 / float(self._scale().detach())}


class SiglipLoss(AsymmetricLoss):
    """Pairwise sigmoid loss over unit vectors: each pair by itself is a match or not.

    ``-sum_ij w log sigmoid(y_ij (s G_i M_j + b)) / B`` with ``y = +1`` on the diagonal and ``-1``
    elsewhere (Zhai et al., arXiv 2303.15343). A pair belongs to both directions at once, so
    ``w`` is the sum of the two weights.
    """

    class Config(AsymmetricLoss.Config):
        temperature: float = Field(0.1, gt=0, description="temperature at the start")
        bias: float = Field(
            -10.0, description="bias at the start; negative, since most pairs differ"
        )

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.log_scale = nn.Parameter(torch.tensor(-math.log(config.temperature)))
        self.bias = nn.Parameter(torch.tensor(config.bias))

    def forward(
        self, z_graph: Tensor, z_modality: Tensor, molecule_ids: Tensor
    ) -> dict[str, Tensor]:
        scale = self.log_scale.exp()
        logits = scale * normalize(z_graph, dim=-1) @ normalize(z_modality, dim=-1).T + self.bias
        sign = 2 * torch.eye(len(logits), device=logits.device) - 1
        pairs = -logsigmoid(sign * logits).masked_fill(same_molecule(molecule_ids), 0.0)
        total = pairs.sum(-1).mean()
        return {**self.weigh(total, total), "temperature": 1 / scale.detach()}

    @property
    def learnt(self) -> dict[str, float]:
        return {
            "temperature": math.exp(-float(self.log_scale.detach())),
            "bias": float(self.bias.detach()),
        }
