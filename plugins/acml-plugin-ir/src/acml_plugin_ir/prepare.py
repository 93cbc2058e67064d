"""Infrared signals to arrays on one grid, and arrays to batches.

What the encoder sees is a curve of fixed length, zero at its baseline and 1 at its highest point.
Points that were not measured are filled with the baseline's value, zero: which range a spectrometer
covered says where a record comes from, not what the sample is, so no mask reaches the encoder, and in
training random ranges are filled the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool1d, conv1d, max_pool1d

from acml_plugin_ir import lines
from acml_plugin_ir.baseline import als, rubberband
from acml_plugin_ir.signal import IrSignal
from acml_plugin_ir.simulate import spectrum

HEIGHTS = {"vs": 1.0, "s": 0.85, "m": 0.55, "w": 0.3, "vw": 0.15, "": 0.6}
"""Height that a listed band is drawn with, by its strength; "" where the list does not say."""

SHOULDER = 0.6
"""Factor on the height of a band marked as a shoulder."""

LEAST_RANGE = 8
"""Points of the shortest measured range whose baseline can be told from its bands."""

PEAK = 0.05
"""Training: least height, of the highest, of a point that enters a band list."""


def prepare(signal: IrSignal, config: Any) -> dict[str, np.ndarray]:
    """A signal on the grid of ``config``, ``G`` points from ``start_cm1`` to ``stop_cm1``.

    Returns:
        ``absorbance`` (G,) float32: baseline 0, highest point 1, no unit; 0 where not measured.
        ``measured`` (G,) uint8: 1 where the spectrum was measured, all 1 for a band list. For
        drawing and training only: ``collate`` does not pass it on.
        ``lines`` (2, L) float32: positions [cm-1] and intensities [km/mol] of a computed spectrum,
        L = 0 for any other. For training only, likewise.
    """
    grid = config.grid()
    if signal.absorbance or signal.transmittance:
        curve, measured = _on_grid(signal, config, grid)
        curve = _without_baseline(curve, measured, config)
    elif signal.lines:
        measured = np.ones(len(grid), dtype=bool)
        curve = spectrum(np.asarray(signal.lines), np.asarray(signal.intensities), grid)
        curve = _without_baseline(curve, measured, config)
    else:
        curve, measured = _drawn(signal, config, grid), np.ones(len(grid), dtype=bool)
    highest = curve.max(initial=0.0)
    if highest > 0:
        curve = curve / highest
    return {
        "absorbance": curve.astype(np.float32),
        "measured": measured.astype(np.uint8),
        "lines": np.array([signal.lines, signal.intensities], dtype=np.float32),
    }


def _on_grid(signal: IrSignal, config: Any, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Absorbance at the grid's points, and where it was measured."""
    x = np.asarray(signal.wavenumber)
    if signal.absorbance:
        y = np.asarray(signal.absorbance)
        known = np.isfinite(y)
        nonzero = np.flatnonzero(known & (y != 0))
        if len(nonzero):  # zeros at either end are padding; those inside are clipped baseline
            known[: nonzero[0]] = False
            known[nonzero[-1] + 1 :] = False
    else:
        y = np.asarray(signal.transmittance)
        known = np.isfinite(y)
        y = -np.log10(np.clip(np.where(known, y, 1.0), config.least_transmittance, 1.0))
    x, y = x[known], y[known]
    if len(x) < 2:
        return np.zeros(len(grid)), np.zeros(len(grid), dtype=bool)
    if np.any(np.diff(x) <= 0):
        x, first = np.unique(x, return_index=True)
        y = y[first]
    spacing = np.diff(x)
    value = _resample(x, y, spacing, grid, config.step_cm1)
    at = np.clip(np.searchsorted(x, grid), 1, len(x) - 1)
    half = config.step_cm1 / 2
    inside = (grid >= x[0] - half) & (grid <= x[-1] + half)
    measured = inside & ((spacing[at - 1] <= config.max_gap_cm1) | np.isin(grid, x))
    return np.where(measured, value, 0.0), measured


def _resample(
    x: np.ndarray, y: np.ndarray, spacing: np.ndarray, grid: np.ndarray, step: float
) -> np.ndarray:
    """Linear interpolation; the mean over each step where the points are much denser than the grid."""
    if np.median(spacing) > step / 2:
        return np.interp(grid, x, y)
    area = np.concatenate([[0.0], np.cumsum((y[1:] + y[:-1]) / 2 * spacing)])
    edges = np.clip(np.append(grid - step / 2, grid[-1] + step / 2), x[0], x[-1])
    width = np.diff(edges)
    mean = np.diff(np.interp(edges, x, area)) / np.maximum(width, 1e-9)
    return np.where(width > step / 4, mean, np.interp(grid, x, y))


def _without_baseline(curve: np.ndarray, measured: np.ndarray, config: Any) -> np.ndarray:
    """Each measured range less its own baseline, nothing below zero."""
    out = np.zeros_like(curve)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], measured.astype(np.int8), [0]])))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        y = curve[start:stop]
        if len(y) < LEAST_RANGE:
            continue
        if config.baseline == "rubberband":
            y = y - rubberband(y)
        elif config.baseline == "als":
            y = y - als(y, config.als_smoothness, config.als_asymmetry)
        out[start:stop] = y
    return np.clip(out, 0.0, None)


def _drawn(signal: IrSignal, config: Any, grid: np.ndarray) -> np.ndarray:
    """A band list as a curve: the highest of Gaussian bands at each point."""
    curve = np.zeros(len(grid))
    for at, strength in zip(
        signal.bands, signal.strengths or ("",) * len(signal.bands), strict=True
    ):
        words = strength.replace(",", " ").split()
        height = HEIGHTS[next((word for word in words if word in HEIGHTS), "")]
        width = config.broad_width_cm1 if "br" in words else config.band_width_cm1
        if "sh" in words:
            height *= SHOULDER
        band = height * np.exp(-4 * np.log(2) * ((grid - at) / width) ** 2)
        curve = np.maximum(curve, band)
    return curve


def collate(
    items: Sequence[dict[str, np.ndarray]], config: Any, *, train: bool
) -> dict[str, Tensor]:
    """``absorbance`` (B, G) float32: baseline 0, highest point 1.

    In training, spectra that were computed are drawn anew from their lines.
    """
    curves = torch.from_numpy(np.stack([item["absorbance"] for item in items]))
    if not train:
        return {"absorbance": curves}
    computed = [row for row, item in enumerate(items) if item["lines"].size]
    if computed and config.redraw:
        curves[computed] = lines.drawn(
            lines.padded([items[row]["lines"] for row in computed]), config
        )
    return {"absorbance": augment(curves, config)}


def augment(curves: Tensor, config: Any) -> Tensor:
    """What other spectrometers, samples and papers do to a spectrum: (B, G) to (B, G).

    A shifted and stretched axis, lower resolution, non-linear intensities, a slope and noise left
    over, a range not measured, and for a share of the spectra nothing left but the bands.
    """
    rows, points = curves.shape
    curves = _move(curves, config)
    smooth = avg_pool1d(_edge(curves, 1), 3, stride=1)
    curves = torch.lerp(curves, smooth, torch.rand(rows, 1) * config.blur)
    curves = curves.clamp(min=0) ** torch.exp(torch.randn(rows, 1) * config.bend)
    listed = torch.rand(rows) < config.to_bands
    if listed.any():
        curves[listed] = _as_bands(curves[listed], config)
    curve = ~listed[:, None]
    t = torch.linspace(-1, 1, points)
    left_over = torch.randn(rows, 1) * t + torch.randn(rows, 1) * (t**2 - 1 / 3)
    curves = curves + curve * config.slope * (left_over + torch.rand(rows, 1))
    curves = curves + curve * config.noise * torch.rand(rows, 1) * torch.randn_like(curves)
    curves = curves.masked_fill(_lost(rows, points, config), 0.0).clamp(min=0)
    return curves / curves.amax(1, keepdim=True).clamp(min=1e-6)


def _move(curves: Tensor, config: Any) -> Tensor:
    """Shift and stretch of the axis, by linear interpolation."""
    rows, points = curves.shape
    place = torch.arange(points, dtype=curves.dtype)
    shift = torch.randn(rows, 1) * (config.shift_cm1 / config.step_cm1)
    # the stretch leaves the laser line's end of the axis, 0 cm-1, where it is
    absolute = place + config.start_cm1 / config.step_cm1
    moved = place + shift + torch.randn(rows, 1) * config.stretch * absolute
    moved = moved.clamp(0, points - 1)
    lower = moved.floor().clamp(max=points - 2)
    share = moved - lower
    index = lower.long()
    return curves.gather(1, index) * (1 - share) + curves.gather(1, index + 1) * share


def _as_bands(curves: Tensor, config: Any) -> Tensor:
    """Local maxima drawn again as ``prepare`` draws a band list; half of them without strengths."""
    rows, _ = curves.shape
    highest = max_pool1d(_edge(curves, 3), 7, stride=1)
    least = PEAK * (1 + 2 * torch.rand(rows, 1))  # authors differ in what they list
    peaks = (curves >= highest) & (curves > least)
    levels = torch.tensor(sorted(HEIGHTS.values()))
    graded = levels[torch.bucketize(curves.contiguous(), levels[:-1])]
    known = torch.rand(rows, 1) < 0.5
    height = torch.where(known, graded, torch.full_like(curves, HEIGHTS[""])) * peaks
    reach = int(np.ceil(2 * config.band_width_cm1 / config.step_cm1))
    offsets = torch.arange(-reach, reach + 1) * config.step_cm1
    shape = torch.exp(-4 * np.log(2) * (offsets / config.band_width_cm1) ** 2)
    return conv1d(height[:, None], shape[None, None], padding=reach)[:, 0].clamp(max=1.0)


def _lost(rows: int, points: int, config: Any) -> Tensor:
    """(B, G) bool: a random range for a share of the spectra, often reaching an end of the axis."""
    length = torch.rand(rows, 1) * config.lost_cm1 / config.step_cm1
    start = torch.rand(rows, 1) * (points + 2 * length) - length
    place = torch.arange(points)
    chosen = torch.rand(rows, 1) < config.lose_range
    return chosen & (place >= start) & (place < start + length)


def _edge(curves: Tensor, reach: int) -> Tensor:
    """(B, G) to (B, G + 2 reach), the outermost values repeated."""
    return torch.nn.functional.pad(curves[:, None], (reach, reach), mode="replicate")[:, 0]
