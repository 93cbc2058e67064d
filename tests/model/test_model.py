"""The model: two towers, one space."""

from __future__ import annotations

import pytest
import torch
from toy import Toy, measure

from acml_core.components import Choice
from acml_core.errors import BadInput
from acml_core.graphs.build import build
from acml_core.model import INFERENCE_BATCH, AcmlModel, ModelConfig

SMILES = ["CCO", "c1ccccc1", "CC(=O)O", "CN"]


def model(similarity: str) -> AcmlModel:
    torch.manual_seed(0)
    config = ModelConfig(
        graph=Choice(name="gine", dim=16, layers=2),
        projector=Choice(name="mlp", dims=[12]),
        similarity=similarity,
    )
    return AcmlModel(config, {"toy": Toy()})


@pytest.mark.parametrize(("similarity", "unit"), [("cosine", True), ("dot", False)])
def test_vectors_have_unit_norm_where_cosines_are_compared(similarity: str, unit: bool) -> None:
    made = model(similarity)
    graphs = build(SMILES, workers=1, progress=False).graphs
    for vectors in (
        made.encode_molecules(graphs, "toy"),
        made.encode_signals("toy", [measure(one) for one in SMILES]),
    ):
        assert vectors.shape == (4, 12)
        assert torch.allclose(vectors.norm(dim=1), torch.ones(4), atol=1e-6) == unit


def test_encoding_leaves_the_modes_as_they_were() -> None:
    made = model("cosine").train()
    made.head("toy").encoder.eval()
    before = [module.training for module in made.modules()]
    state = {k: v.clone() for k, v in made.state_dict().items()}
    made.encode_signals("toy", [measure("CCO")])
    made.encode_molecules(build(SMILES, workers=1, progress=False).graphs, "toy")
    assert [module.training for module in made.modules()] == before
    assert all(torch.equal(v, state[k]) for k, v in made.state_dict().items())
    assert made.head("toy").encoder.modes == [False]


def test_many_and_none() -> None:
    made = model("cosine")
    graphs = build(SMILES, workers=1, progress=False).graphs
    assert made.encode_signals("toy", []).shape == (0, 12)
    many = [i % 4 for i in range(INFERENCE_BATCH + 3)]
    vectors = made.encode_molecules(graphs, "toy", torch.tensor(many).numpy())
    assert torch.allclose(vectors, made.encode_molecules(graphs, "toy")[many], atol=1e-5)


def test_an_unknown_modality() -> None:
    with pytest.raises(BadInput, match=r"no modality 'tory'.*Did you mean 'toy'"):
        model("cosine").head("tory")
