"""Computed lines: one curve where they are asked for, another each time they are trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from acml_plugin_ir import lines
from acml_plugin_ir.modality import Ir, IrConfig
from acml_plugin_ir.signal import IrSignal
from acml_plugin_ir.simulate import axis, spectrum
from pydantic import ValidationError

from acml_core.config import parse
from acml_core.data import table
from acml_core.errors import ConfigError

PLACES, HEIGHTS = (1715.0, 2950.0, 1100.0), (200.0, 40.0, 90.0)
SIGNAL = IrSignal(lines=PLACES, intensities=HEIGHTS, state="gas")
STILL = {
    "line_stretch": 0.0, "line_shift_cm1": 0.0, "line_tilt": 0.0, "line_strength": 0.0,
    "line_extra": 0, "line_least_width_cm1": 20.0, "line_most_width_cm1": 20.0, "line_lorentz": 0.0,
}  # fmt: skip
"""Settings that draw lines where and as high as they are."""


def tensor(*rows: tuple[tuple[float, ...], tuple[float, ...]]) -> torch.Tensor:
    return lines.padded([np.array(row, dtype=np.float32) for row in rows])


def test_lines_are_prepared_as_their_curve() -> None:
    plugin = Ir()
    curve = spectrum(np.array(PLACES), np.array(HEIGHTS), axis())
    measured = IrSignal(wavenumber=tuple(axis().tolist()), absorbance=tuple(curve.tolist()))
    a, b = plugin.prepare(SIGNAL), plugin.prepare(measured)
    np.testing.assert_allclose(a["absorbance"], b["absorbance"], atol=1e-6)
    np.testing.assert_array_equal(a["lines"], np.array([PLACES, HEIGHTS], dtype=np.float32))
    assert b["lines"].shape == (2, 0)


def test_undisturbed_lines_are_where_they_are_and_as_high() -> None:
    config = parse(IrConfig, STILL)
    torch.manual_seed(0)
    curves = lines.drawn(tensor(*[(PLACES, HEIGHTS)] * 16), config).numpy()
    grid = config.grid()
    assert curves.shape == (16, len(grid))
    for curve in curves:
        assert grid[np.argmax(curve)] == pytest.approx(1715, abs=4)
        for at, height in zip(PLACES, HEIGHTS, strict=True):
            near = abs(grid - at) < 12
            assert curve[near].max() == pytest.approx(height / 200, rel=0.1)
        assert curve[abs(grid - 2300) < 100].max() < 1e-3


def test_lines_outside_the_grid_leave_only_their_wings() -> None:
    config = parse(IrConfig, STILL)
    torch.manual_seed(0)
    curve = lines.drawn(tensor(((100.0, 9000.0, 1500.0), (500.0, 500.0, 1.0))), config)[0].numpy()
    assert config.grid()[np.argmax(curve)] == pytest.approx(1500, abs=4)


def test_rows_do_not_mix() -> None:
    config = parse(IrConfig, STILL)
    torch.manual_seed(0)
    pair = lines.drawn(tensor(((1000.0,), (1.0,)), (PLACES, HEIGHTS)), config).numpy()
    grid = config.grid()
    assert pair[0][abs(grid - 1715) < 50].max() < 1e-3
    assert grid[np.argmax(pair[0])] == pytest.approx(1000, abs=4)


def test_errors_have_the_stated_size() -> None:
    config = parse(IrConfig, STILL | {"line_shift_cm1": 25.0})
    torch.manual_seed(0)
    curves = lines.drawn(tensor(*[((1500.0,), (1.0,))] * 2000), config).numpy()
    places = config.grid()[curves.argmax(1)]
    assert places.mean() == pytest.approx(1500, abs=3)
    assert places.std() == pytest.approx(25, rel=0.1)


def test_training_draws_anew_and_evaluation_does_not() -> None:
    plugin = Ir()
    items = [plugin.prepare(SIGNAL)] * 4
    torch.manual_seed(0)
    first = plugin.collate(items, train=True)["absorbance"]
    second = plugin.collate(items, train=True)["absorbance"]
    assert not torch.equal(first, second)
    assert torch.isfinite(first).all()
    assert first.min() >= 0
    assert first.max() <= 1
    plain = plugin.collate(items, train=False)["absorbance"]
    torch.testing.assert_close(plain[0], torch.from_numpy(items[0]["absorbance"]))


def test_measured_spectra_beside_computed_ones_are_not_redrawn() -> None:
    off = dict.fromkeys(
        ("shift_cm1", "stretch", "blur", "bend", "noise", "slope", "lose_range", "to_bands"), 0.0
    )
    plugin = Ir(parse(IrConfig, off))
    curve = spectrum(np.array(PLACES), np.array(HEIGHTS), axis())
    measured = IrSignal(wavenumber=tuple(axis().tolist()), absorbance=tuple(curve.tolist()))
    items = [plugin.prepare(SIGNAL), plugin.prepare(measured)]
    torch.manual_seed(0)
    rows = plugin.collate(items, train=True)["absorbance"]
    torch.testing.assert_close(rows[1], torch.from_numpy(items[1]["absorbance"]))
    assert not torch.allclose(rows[0], torch.from_numpy(items[0]["absorbance"]), atol=0.05)
    still = Ir(parse(IrConfig, off | {"redraw": False}))
    rows = still.collate(items, train=True)["absorbance"]
    torch.testing.assert_close(rows[0], torch.from_numpy(items[0]["absorbance"]))


def test_a_table_of_lines(tmp_path: Path) -> None:
    path = tmp_path / "lines.parquet"
    table.write(path, [SIGNAL.model_copy(update={"smiles": "CC(C)=O"})])
    (one,) = table.read(path, IrSignal).signals
    assert one.lines == PLACES
    (query,) = Ir().read(path)
    assert query.intensities == HEIGHTS


def test_parts_and_picture_of_lines() -> None:
    plugin = Ir()
    found = plugin.parts(SIGNAL)
    assert [part.label for part in found] == ["1100 cm-1", "1716 cm-1", "2948 cm-1"]
    left = plugin.without(SIGNAL, [1])
    assert not left.lines
    grid = plugin.config.grid()
    assert plugin.prepare(left)["absorbance"][abs(grid - 1715) < 10].max() < 0.01
    assert plugin.draw(SIGNAL).axes[0].get_ylabel() == "absorbance"


@pytest.mark.parametrize(
    "bad", [{"intensities": (1.0,)}, {"intensities": (1.0, 2.0, float("nan"))}]
)
def test_lines_need_an_intensity_each(bad: dict[str, tuple[float, ...]]) -> None:
    with pytest.raises(ValidationError, match="intensit"):
        IrSignal(lines=PLACES, **bad)


def test_widths_in_order() -> None:
    with pytest.raises(ConfigError, match="line_least_width_cm1"):
        parse(IrConfig, {"line_least_width_cm1": 90.0})
