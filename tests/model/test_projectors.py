"""Projectors: the paper's cell by hand, and shapes."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import gelu, layer_norm, linear

from acml_core.components import Choice, make, projectors
from acml_core.errors import ConfigError, UnknownName


@pytest.mark.parametrize("name", ["residual", "mlp"])
def test_shapes(name: str) -> None:
    made = make(projectors, Choice(name=name, dims=[24, 12]), 20)
    assert made(torch.randn(5, 20)).shape == (5, 12)
    assert made.out_dim == 12
    assert made.in_dim == 20


def test_the_residual_cell_is_the_papers() -> None:
    made = make(projectors, Choice(name="residual", dims=[6]), 4).eval()
    p = dict(made.named_parameters())
    x = torch.randn(3, 4)
    entered = linear(x, p["cells.0.enter.weight"], p["cells.0.enter.bias"])
    inner = linear(gelu(entered), p["cells.0.change.1.weight"], p["cells.0.change.1.bias"])
    assert torch.allclose(made(x), layer_norm(entered + inner, (6,)), atol=1e-6)


def test_the_mlp_ends_in_a_plain_layer() -> None:
    """A last GELU or dropout would cut half of the space off."""
    made = make(projectors, Choice(name="mlp", dims=[16, 8], dropout=0.5), 4)
    assert isinstance(list(made.layers)[-1], torch.nn.Linear)
    assert (made(torch.randn(200, 4)) < -0.05).any()


def test_bad_choices() -> None:
    with pytest.raises(UnknownName, match=r"Did you mean 'residual'"):
        make(projectors, Choice(name="residuals"), 4)
    with pytest.raises(ConfigError, match="dims"):
        make(projectors, Choice(name="mlp", dims=[]), 4)
