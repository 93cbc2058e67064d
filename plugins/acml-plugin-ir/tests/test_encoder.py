"""The encoder sees where bands are."""

from __future__ import annotations

import torch
from acml_plugin_ir.modality import Ir, IrConfig


def test_shape_and_gradient():
    plugin = Ir(IrConfig(dim=32, width=48, layers=1, channels=4))
    encoder = plugin.encoder()
    x = torch.rand(3, plugin.config.points, requires_grad=True)
    z = encoder({"absorbance": x})
    assert z.shape == (3, 32)
    assert z.dtype == torch.float32
    z.square().sum().backward()
    assert torch.isfinite(x.grad).all()
    assert all(torch.isfinite(p.grad).all() for p in encoder.parameters())


def test_an_empty_spectrum_has_a_finite_embedding_and_gradient():
    plugin = Ir(IrConfig(dim=16, width=16, layers=1, channels=2))
    encoder = plugin.encoder()
    z = encoder({"absorbance": torch.zeros(2, plugin.config.points)})
    z.sum().backward()
    assert torch.isfinite(z).all()
    assert all(torch.isfinite(p.grad).all() for p in encoder.parameters())


def test_the_same_shape_elsewhere_is_another_spectrum():
    plugin = Ir(IrConfig(dropout=0.0))
    torch.manual_seed(0)
    encoder = plugin.encoder().eval()
    one = torch.zeros(1, plugin.config.points)
    one[0, 100:110] = 1.0
    other = one.roll(200, dims=1)
    with torch.inference_mode():
        a, b = encoder({"absorbance": one}), encoder({"absorbance": other})
    assert torch.cosine_similarity(a, b) < 0.9


def test_odd_grids_fit():
    for stop in (1800.0, 1804.0, 1808.0, 1812.0, 1816.0):
        plugin = Ir(IrConfig(stop_cm1=stop, dim=8, width=8, layers=0, channels=1))
        encoder = plugin.encoder()
        assert encoder({"absorbance": torch.rand(2, plugin.config.points)}).shape == (2, 8)
