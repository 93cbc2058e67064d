"""A small untrained model, and a measurement of ethyl acetate."""

from __future__ import annotations

import pytest
import torch
from acml_plugin_nmr.modality import Nmr
from acml_plugin_nmr.signal import NmrSignal
from toy import Toy

from acml_core.components import Choice
from acml_core.graphs.build import build
from acml_core.graphs.packed import PackedGraphs
from acml_core.model import AcmlModel, ModelConfig

ETHYL_ACETATE = "CCOC(C)=O"


@pytest.fixture(scope="session")
def small() -> AcmlModel:
    torch.manual_seed(0)
    config = ModelConfig(
        graph=Choice(name="gine", dim=16, layers=2),
        projector=Choice(name="residual", dims=[16, 16]),
        similarity="cosine",
    )
    plugins = {"nmr": Nmr(Nmr.Config(dim=16, width=16)), "toy": Toy()}
    return AcmlModel(config, plugins).eval()


@pytest.fixture(scope="session")
def acetate() -> NmrSignal:
    return NmrSignal(
        shifts_13c=(171.1, 60.4, 21.0, 14.2),
        multiplicity_13c=("S", "T", "Q", "Q"),
        shifts_1h=(4.12, 2.04, 1.26),
    )


@pytest.fixture(scope="session")
def graph() -> PackedGraphs:
    return build([ETHYL_ACETATE], progress=False).graphs
