"""Molecules that are encoded once, in however many galleries they stand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from toy import Toy

from acml_core.graphs.build import build
from acml_core.graphs.packed import PackedGraphs
from acml_core.model import AcmlModel
from acml_core.training.config import TrainConfig
from acml_core.training.fit import new_model

SMILES = ["CCO", "c1ccccc1", "CC(=O)O", "CCN", "O=C1CCCC1", "CCCCCl"]


@pytest.fixture
def model() -> AcmlModel:
    config = TrainConfig(graph={"name": "gine", "dim": 16, "layers": 2})
    return new_model(config, {"toy": Toy()}).eval()


def graphs_of(smiles: list[str]) -> PackedGraphs:
    return build(smiles, workers=1, progress=False).graphs


def test_the_same_vectors_and_each_molecule_once(
    model: AcmlModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = graphs_of(SMILES[:4]), graphs_of(SMILES[:1:-1])  # two molecules are in both
    expected = [model.encode_molecules(graphs, "toy") for graphs in (one, two)]
    asked: list[int] = []
    embeddings = model.graph_embeddings

    def spy(batch: Any) -> Any:
        asked.append(batch.num_graphs)
        return embeddings(batch)

    monkeypatch.setattr(model, "graph_embeddings", spy)
    with model.remembering():
        found = [model.encode_molecules(graphs, "toy") for graphs in (one, two)]
        again = model.encode_molecules(one, "toy", np.array([3, 0, 3]))
    assert asked == [4, 2]
    for vectors, wanted in zip(found, expected, strict=True):
        assert torch.allclose(vectors, wanted, atol=1e-6)
    assert torch.equal(again, found[0][[3, 0, 3]])
    model.encode_molecules(one, "toy")
    assert asked == [4, 2, 4], "afterwards nothing is remembered: weights may change"


def test_none_and_twice_the_same(model: AcmlModel) -> None:
    graphs = graphs_of(SMILES)
    with model.remembering():
        assert len(model.encode_molecules(graphs, "toy", np.array([], dtype=np.int64))) == 0
        found = model.encode_molecules(graphs, "toy", np.array([2, 2]))
    assert torch.equal(found[0], found[1])
