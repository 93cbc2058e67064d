"""Categorical atom and bond features to vectors."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from acml_core.graphs.featurize import ATOM_FEATURES, BOND_FEATURES, Feature

INIT_STD = 0.3
"""Standard deviation of fresh embeddings: ten summed features then have a norm of about 1 a unit."""


class AtomEmbedding(nn.Module):
    """Sum of one embedding a feature: ``(V, A)`` integers to ``(V, dim)``."""

    offsets: Tensor
    columns: Tensor

    def __init__(self, dim: int, names: tuple[str, ...] | None = None) -> None:
        super().__init__()
        columns, features = _chosen(ATOM_FEATURES, names)
        sizes = [feature.size for feature in features]
        self.table = nn.Parameter(torch.randn(sum(sizes), dim) * INIT_STD)
        starts = [0, *itertools.accumulate(sizes)][:-1]
        self.register_buffer("offsets", torch.tensor(starts), persistent=False)
        self.register_buffer("columns", torch.tensor(columns), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        index = x[:, self.columns].long() + self.offsets
        return nn.functional.embedding_bag(index, self.table, mode="sum")


class BondEmbedding(nn.Module):
    """Sum of one embedding a feature: ``(E, B)`` integers to ``(E, dim)``.

    Bonds are many and their possible combinations few: the sums are made once for every combination
    and looked up, which is several times faster than summing bond by bond. They are a product with a
    constant matrix, whose gradient takes less time than that of looking rows up.
    """

    members: Tensor
    strides: Tensor
    columns: Tensor

    def __init__(self, dim: int, names: tuple[str, ...] | None = None) -> None:
        super().__init__()
        columns, features = _chosen(BOND_FEATURES, names)
        sizes = [feature.size for feature in features]
        self.tables = nn.ParameterList(nn.Parameter(torch.randn(n, dim) * INIT_STD) for n in sizes)
        every = torch.tensor(list(itertools.product(*(range(n) for n in sizes))))
        members = torch.cat(
            [nn.functional.one_hot(every[:, i], n) for i, n in enumerate(sizes)], dim=1
        )
        strides = [1]
        for size in reversed(sizes[1:]):
            strides.insert(0, strides[0] * size)
        self.register_buffer("members", members.float(), persistent=False)
        self.register_buffer("strides", torch.tensor(strides), persistent=False)
        self.register_buffer("columns", torch.tensor(columns), persistent=False)

    def forward(self, edge_attr: Tensor) -> Tensor:
        code = (edge_attr[:, self.columns].long() * self.strides).sum(-1)
        with torch.autocast(edge_attr.device.type, enabled=False):  # sums of a few numbers, in full
            sums = self.members @ torch.cat(list(self.tables))
        return nn.functional.embedding(code, sums)


def _chosen(
    features: tuple[Feature, ...], names: tuple[str, ...] | None
) -> tuple[list[int], list[Feature]]:
    names = names or tuple(feature.name for feature in features)
    by_name = {feature.name: i for i, feature in enumerate(features)}
    columns = [by_name[name] for name in names]
    return columns, [features[i] for i in columns]
