"""Every graph encoder on real molecules, small and large."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from rdkit import Chem
from torch import nn
from torch.nn.functional import cosine_similarity

from acml_core.components import Choice, graph_encoders, make
from acml_core.errors import ConfigError
from acml_core.graphs.build import build
from acml_core.graphs.encoders.base import TYPICAL_ATOMS, GraphEncoder, MassWaves, Pool
from acml_core.graphs.encoders.gine import GineConv
from acml_core.graphs.featurize import ATOM_FEATURES, BOND_FEATURES
from acml_core.graphs.packed import GraphBatch, PackedGraphs

NAMES = ("gine", "gin", "gatv2", "gps")
SMILES = [
    "CC(=O)Oc1ccccc1C(=O)O",
    "C[C@H](N)C(=O)O",
    "C/C=C/C(=O)N1CCOCC1",
    "C",  # a single atom has no bond
    "[Na+].[Cl-]",
    "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",
    "C[C@@H]1CC[C@H](C)CC1",
]
PEPTIDE = "N" + "[C@@H](Cc1ccccc1)C(=O)N" * 36 + "CC(=O)O"


def graphs_of(smiles: list[str]) -> PackedGraphs:
    built = build(smiles, workers=1, progress=False)
    assert not built.rejects
    return built.graphs


def encoder(name: str, **options: Any) -> GraphEncoder:
    torch.manual_seed(1)
    made = make(graph_encoders, Choice(name=name, **{"dim": 16, "layers": 3, **options}))
    batch = graphs_of(SMILES).batch(np.arange(len(SMILES)))
    made.train()
    for _ in range(3):  # batch norm's running values are then not the initial ones
        made(batch)
    return made.eval()


@torch.no_grad()
def embed(model: GraphEncoder, smiles: list[str]) -> torch.Tensor:
    packed = graphs_of(smiles)
    return model(packed.batch(np.arange(len(packed))))[1]


@pytest.mark.parametrize("name", NAMES)
def test_shapes_and_gradients(name: str) -> None:
    model = encoder(name)
    batch = graphs_of(SMILES).batch(np.arange(len(SMILES)))
    node, graph = model.train()(batch)
    assert node.shape == (batch.num_nodes, model.dim)
    assert graph.shape == (len(SMILES), model.dim)
    assert node.dtype == graph.dtype == torch.float32
    graph.square().sum().backward()
    lost = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert not lost


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_the_atoms_does_not_matter(name: str) -> None:
    model = encoder(name)
    for smiles in SMILES:
        mol = Chem.MolFromSmiles(smiles)
        written = {Chem.MolToRandomSmilesVect(mol, 1, randomSeed=seed)[0] for seed in range(1, 7)}
        canonical = embed(model, [smiles])
        for one in written:
            assert torch.allclose(embed(model, [one]), canonical, rtol=1e-4, atol=1e-5), one


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("pooling", ["sum", "mean", "max", "attention"])
@pytest.mark.parametrize("jumping", ["last", "sum", "max", "concat"])
def test_a_molecule_is_encoded_alike_alone_and_among_others(
    name: str, pooling: str, jumping: str
) -> None:
    model = encoder(name, pooling=pooling, jumping=jumping)
    together = embed(model, SMILES)
    assert torch.isfinite(together).all()
    for row, smiles in zip(together, SMILES, strict=True):
        assert torch.allclose(embed(model, [smiles])[0], row, rtol=1e-4, atol=1e-5), smiles
    assert len({tuple(row) for row in together.round(decimals=4).tolist()}) == len(SMILES)


@pytest.mark.parametrize("name", NAMES)
def test_a_large_peptide_beside_methane(name: str) -> None:
    assert Chem.MolFromSmiles(PEPTIDE).GetNumAtoms() > 400
    model = encoder(name)
    both = embed(model, ["C", PEPTIDE])
    assert torch.isfinite(both).all()
    assert torch.allclose(both[0], embed(model, ["C"])[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_single_atoms_alone(name: str) -> None:
    assert torch.isfinite(embed(encoder(name), ["C", "[He]", "O"])).all()


def changed(batch: GraphBatch, kind: str, column: str) -> GraphBatch:
    """The batch with one feature of every atom or bond set to another valid value."""
    features = ATOM_FEATURES if kind == "atom" else BOND_FEATURES
    number = [feature.name for feature in features].index(column)
    x, edges = batch.x.clone(), batch.edge_attr.clone()
    values = x if kind == "atom" else edges
    values[:, number] = (values[:, number] + 1) % features[number].size
    return GraphBatch(x, batch.edge_index, edges, batch.batch, batch.ptr, batch.mass)


@pytest.mark.parametrize(
    ("name", "atom", "bond"),
    [
        ("gin", {"element", "chirality"}, {"type", "direction"}),
        ("gine", {f.name for f in ATOM_FEATURES}, {f.name for f in BOND_FEATURES}),
    ],
)
def test_which_features_an_encoder_sees(name: str, atom: set[str], bond: set[str]) -> None:
    """The paper's encoder sees atomic number and chirality, bond type and direction, no more."""
    model = encoder(name)
    batch = graphs_of(SMILES).batch(np.arange(len(SMILES)))
    with torch.no_grad():
        plain = model(batch)[1]
        for kind, features, seen in (
            ("atom", ATOM_FEATURES, atom),
            ("bond", BOND_FEATURES, bond),
        ):
            for feature in features:
                now = model(changed(batch, kind, feature.name))[1]
                assert torch.equal(now, plain) != (feature.name in seen), feature.name


def test_the_papers_encoder_has_the_papers_settings() -> None:
    config = graph_encoders.get("gin").Config()
    assert (config.dim, config.layers, config.pooling, config.residual) == (64, 5, "sum", False)


def test_bond_features_reach_their_own_bonds() -> None:
    """The same atoms in the same chain, the double bond elsewhere."""
    here, there = embed(encoder("gin"), ["C=CCO", "CC=CO"])
    assert not torch.allclose(here, there, rtol=1e-3)


@pytest.mark.parametrize("name", ["gatv2", "gps"])
def test_heads_must_divide_the_width(name: str) -> None:
    with pytest.raises(ConfigError, match="multiple"):
        make(graph_encoders, Choice(name=name, dim=30, heads=4))


def test_an_unknown_setting_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"'layer'.*Did you mean 'layers'"):
        make(graph_encoders, Choice(name="gine", layer=3))


def test_mass_waves_tell_masses_apart_that_spectrometers_tell_apart() -> None:
    waves = MassWaves(48, 24)
    nn.init.eye_(waves.linear.weight)  # leaves the sines and cosines as they are
    nn.init.zeros_(waves.linear.bias)
    same, near, isobar = (waves(torch.tensor([m])) for m in (180.0634, 180.0639, 180.0786))
    assert cosine_similarity(same, near) > 0.98  # 3 ppm
    assert cosine_similarity(same, isobar) < 0.95  # C9H8O4 and C8H10N3O2


@torch.no_grad()
def test_the_exact_mass_enters_the_molecule_and_no_atom() -> None:
    model = encoder("gine", mass_waves=8)
    batch = graphs_of(["CCO", "CCN"]).batch(np.arange(2))
    node, graph = model(batch)
    batch.mass = batch.mass + torch.tensor([0.0, 1.0])
    moved_node, moved = model(batch)
    assert torch.equal(node, moved_node)
    assert torch.equal(graph[0], moved[0])
    assert not torch.allclose(graph[1], moved[1], atol=1e-2)


# ---- made here, not by torch-geometric -----------------------------------------------------------


def numbers_and_gradients(result: torch.Tensor, *wanted: torch.Tensor) -> list[torch.Tensor]:
    return [result, *torch.autograd.grad(result.square().sum(), wanted)]


def test_the_convolution_is_torch_geometrics() -> None:
    """Number for number, under the same parameter names: artefacts fit either."""
    from torch_geometric.nn import GINEConv

    torch.manual_seed(0)
    batch = graphs_of(SMILES).batch(np.arange(len(SMILES)))
    x = torch.randn(batch.num_nodes, 16, requires_grad=True)
    bonds = torch.randn(batch.num_edges, 16, requires_grad=True)
    ours = GineConv(nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 16)))
    theirs = GINEConv(copy.deepcopy(ours.nn), train_eps=True)
    with torch.no_grad():
        ours.eps.fill_(0.3)
    theirs.load_state_dict(ours.state_dict())
    for a, b in zip(
        numbers_and_gradients(ours(x, batch.edge_index, bonds), x, bonds, *ours.parameters()),
        numbers_and_gradients(theirs(x, batch.edge_index, bonds), x, bonds, *theirs.parameters()),
        strict=True,
    ):
        assert torch.allclose(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["sum", "mean", "max"])
def test_pooling_is_torch_geometrics(kind: str) -> None:
    from torch_geometric import nn as pyg

    batch = graphs_of(SMILES).batch(np.arange(len(SMILES)))
    x = torch.randn(batch.num_nodes, 16, requires_grad=True)
    pool = {"sum": pyg.global_add_pool, "mean": pyg.global_mean_pool, "max": pyg.global_max_pool}
    expected = pool[kind](x, batch.batch, len(SMILES))
    expected = expected / TYPICAL_ATOMS if kind == "sum" else expected
    for a, b in zip(
        numbers_and_gradients(Pool(kind, 16)(x, batch), x),
        numbers_and_gradients(expected, x),
        strict=True,
    ):
        assert torch.allclose(a, b, rtol=1e-6, atol=1e-6)
