"""Spectra on the grid: units, gaps, baselines, padding, augmentation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from acml_plugin_ir.baseline import als, rubberband
from acml_plugin_ir.modality import Ir, IrConfig
from acml_plugin_ir.signal import IrSignal

from acml_core.config import parse
from acml_core.errors import ConfigError

X = np.arange(500.0, 4000.0, 2.0)


def bands(x, *places):
    return sum(height * np.exp(-(((x - at) / 20) ** 2)) for at, height in places)


Y = bands(X, (1715, 1.0), (2950, 0.4), (1100, 0.6)) + 1e-6  # no exact zero is measured


def curve(x=X, **values):
    return IrSignal(
        wavenumber=tuple(x), **{name: tuple(np.asarray(y).tolist()) for name, y in values.items()}
    )


@pytest.fixture(scope="module")
def plugin():
    return Ir()


@pytest.fixture(scope="module")
def expected(plugin):
    grid = plugin.config.grid()
    return bands(grid, (1715, 1.0), (2950, 0.4), (1100, 0.6))


def prepared(plugin, signal):
    return plugin.prepare(signal)["absorbance"]


def test_a_curve_comes_out_on_the_grid(plugin, expected):
    np.testing.assert_allclose(prepared(plugin, curve(absorbance=Y)), expected, atol=0.02)


def test_scale_order_and_offset_do_not_matter(plugin):
    reference = prepared(plugin, curve(absorbance=Y))
    np.testing.assert_allclose(prepared(plugin, curve(absorbance=37 * Y)), reference, atol=1e-6)
    turned = curve(X[::-1], absorbance=Y[::-1])
    np.testing.assert_array_equal(prepared(plugin, turned), reference)
    lifted = curve(absorbance=Y + 0.3 + 1e-4 * X)
    np.testing.assert_allclose(prepared(plugin, lifted), reference, atol=0.01)


def test_transmittance_is_the_same_measurement(plugin):
    a = prepared(plugin, curve(absorbance=Y))
    np.testing.assert_allclose(prepared(plugin, curve(transmittance=10**-Y)), a, atol=1e-4)


def test_a_denser_axis_is_averaged(plugin, expected):
    x = np.arange(500.0, 4000.0, 0.25)
    noise = np.random.default_rng(0).normal(0, 0.02, len(x))
    y = bands(x, (1715, 1.0), (2950, 0.4), (1100, 0.6))
    error = np.std(prepared(plugin, curve(x, absorbance=y + noise)) - expected)
    picked = np.std(prepared(plugin, curve(x[::16], absorbance=(y + noise)[::16])) - expected)
    assert error < 0.7 * picked


@pytest.mark.parametrize("fill", [0.0, np.nan])
def test_padding_is_not_measured(plugin, fill):
    y = np.where((X < 700) | (X > 3500), fill, Y + 0.2)
    item = plugin.prepare(curve(absorbance=y))
    grid = plugin.config.grid()
    inside = (grid > 704) & (grid < 3496)
    assert item["measured"][inside].all()
    assert not item["measured"][(grid < 696) | (grid > 3504)].any()
    assert not item["absorbance"][item["measured"] == 0].any()


def test_a_gap_is_not_bridged(plugin):
    keep = (X < 1900) | (X > 2300)
    item = plugin.prepare(curve(X[keep], absorbance=Y[keep]))
    grid = plugin.config.grid()
    assert not item["measured"][(grid > 1905) & (grid < 2295)].any()
    assert item["measured"][grid < 1890].all()


def test_the_encoder_gets_no_mask(plugin):
    y = np.where(X < 900, 0.0, Y)
    batch = plugin.collate([plugin.prepare(curve(absorbance=y))], train=False)
    assert set(batch) == {"absorbance"}


def test_bands_are_drawn_where_they_are(plugin):
    signal = IrSignal(bands=(1715.0, 1100.0, 3300.0), strengths=("s", "w", "m br"))
    y = prepared(plugin, signal)
    grid = plugin.config.grid()
    assert grid[np.argmax(y)] == pytest.approx(1715, abs=2)
    assert 0.2 < y[np.argmin(abs(grid - 1100))] < 0.5
    assert y[np.argmin(abs(grid - 3250))] > 0.3  # the broad one reaches that far
    assert y[np.argmin(abs(grid - 1165))] < 0.01


@pytest.mark.parametrize("baseline", [rubberband, lambda y: als(y, 1e6, 0.001)])
def test_baselines_follow_the_ground(baseline):
    x = np.linspace(0, 1, 800)
    ground = 0.3 + 0.2 * x + 0.2 * (x - 0.5) ** 2
    peaks = np.exp(-(((x - 0.3) / 0.02) ** 2)) + 0.5 * np.exp(-(((x - 0.7) / 0.03) ** 2))
    np.testing.assert_allclose(baseline(ground + peaks), ground, atol=0.02)


def test_als_minimises_what_it_says():
    """Against the same normal equations solved with dense matrices."""
    y = np.random.default_rng(1).random(40)
    d = np.diff(np.eye(40), 2, axis=0)
    w = np.ones(40)
    for _ in range(8):
        z = np.linalg.solve(np.diag(w) + 50.0 * d.T @ d, w * y)
        w = np.where(y > z, 0.1, 0.9)
    np.testing.assert_allclose(als(y, 50.0, 0.1), z)


@pytest.mark.parametrize("baseline", ["none", "als"])
def test_other_baselines_are_settings(baseline):
    plugin = Ir(IrConfig(baseline=baseline))
    y = prepared(plugin, curve(absorbance=Y))
    assert y.max() == 1.0
    assert y.min() >= 0.0


def test_rows_of_a_table_share_their_axis():
    assert curve(absorbance=Y).wavenumber is curve(absorbance=2 * Y).wavenumber


def test_the_grid_is_a_setting():
    plugin = Ir(parse(IrConfig, {"start_cm1": 600, "stop_cm1": 1800, "step_cm1": 2}))
    assert plugin.prepare(curve(absorbance=Y))["absorbance"].shape == (601,)
    with pytest.raises(ConfigError, match="40 steps"):
        parse(IrConfig, {"start_cm1": 3830})


def test_augmentation_changes_and_stays_in_bounds(plugin):
    items = [plugin.prepare(curve(absorbance=Y))] * 64
    torch.manual_seed(0)
    plain = plugin.collate(items, train=False)["absorbance"]
    changed = plugin.collate(items, train=True)["absorbance"]
    assert changed.shape == plain.shape
    assert torch.isfinite(changed).all()
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert (changed != plain).any(1).all()
    similar = torch.cosine_similarity(changed, plain)
    assert similar.median() > 0.8  # still the same molecule


def test_without_augmentation_training_data_is_unchanged():
    off = dict.fromkeys(
        ("shift_cm1", "stretch", "blur", "bend", "noise", "slope", "lose_range", "to_bands"), 0.0
    )
    plugin = Ir(parse(IrConfig, off))
    items = [plugin.prepare(curve(absorbance=Y))]
    torch.testing.assert_close(
        plugin.collate(items, train=True)["absorbance"],
        plugin.collate(items, train=False)["absorbance"],
    )


def test_a_spectrum_as_a_band_list_keeps_its_places(plugin):
    config = IrConfig(to_bands=1.0, lose_range=0.0, shift_cm1=0.0, stretch=0.0)
    items = [Ir(config).prepare(curve(absorbance=Y))] * 8
    torch.manual_seed(0)
    rows = Ir(config).collate(items, train=True)["absorbance"]
    grid = config.grid()
    for row in rows.numpy():
        for at in (1715, 2950, 1100):
            near = abs(grid - at) < 12
            assert row[near].max() > 0.1
        assert row[abs(grid - 2300) < 100].max() < 0.01
