"""Curves drawn from the lines of a computed spectrum, anew each time they are trained on.

A computed spectrum differs from a measured one in ways that can be named: frequencies are off,
together and one by one; so are intensities; a gas shows the envelope of its rotation, which depends on
the molecule and the temperature; overtones and combination bands are missing. A model that sees all of
these at random learns what they leave standing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

BEYOND = 64
"""Least points beyond the grid, on either side, for the wings of lines outside it."""

WAVES = 3
"""Terms of the errors that a molecule's lines have in common: a constant, and cosines over the axis."""

LONGEST_CM1 = 8000.0
"""Period [cm-1] of the slowest cosine."""

BRANCHES = 0.5
"""Share of the spectra whose lines have P and R branches beside their Q branch."""

HYDROGEN_CM1 = 2500.0
"""Only stretches of X-H bonds lie above [cm-1]: they mix with little else, and err less."""

PURER = 0.5
"""Factor on their own errors of frequency."""

FWHM_PER_SD = 2.3548
TINY = 1e-12


def padded(items: Sequence[np.ndarray]) -> Tensor:
    """Lines ``(2, L)`` of several molecules as ``(B, 2, most)``; lines of no intensity fill up."""
    most = max(item.shape[1] for item in items)
    return torch.from_numpy(
        np.stack([np.pad(item, ((0, 0), (0, most - item.shape[1]))) for item in items])
    )


def drawn(lines: Tensor, config: Any) -> Tensor:
    """Curves (B, G), highest point 1, of lines (B, 2, L): positions [cm-1] and intensities."""
    places, heights = lines[:, 0], lines[:, 1]
    known = heights > 0
    heights = heights / heights.amax(1, keepdim=True).clamp(min=TINY)
    places = places * (1 + config.line_stretch * _common(places))
    own = torch.where(places > HYDROGEN_CM1, PURER, 1.0) * config.line_shift_cm1
    places = places + own * torch.randn_like(places)
    heights = heights * torch.exp(config.line_tilt * _common(places))
    heights = heights * torch.exp(config.line_strength * torch.randn_like(heights)) * known
    if config.line_extra:
        more_places, more_heights = _extra(len(lines), heights, config)
        places = torch.cat([places, more_places], 1)
        heights = torch.cat([heights, more_heights], 1)
    curves = _convolved(_binned(places, heights, config), _envelopes(len(lines), config))
    curves = curves[:, BEYOND : BEYOND + config.points].clamp(min=0)
    return curves / curves.amax(1, keepdim=True).clamp(min=TINY)


def _common(places: Tensor) -> Tensor:
    """A smooth random function of the axis for each row, sd 1, at (B, L) ``places`` [cm-1]."""
    rows = len(places)
    total = torch.randn(rows, 1).expand_as(places).clone()
    for wave in range(1, WAVES):
        phase = 2 * torch.pi * torch.rand(rows, 1)
        angle = 2 * torch.pi * wave / LONGEST_CM1 * places + phase
        total += 2**0.5 * torch.randn(rows, 1) * torch.cos(angle)
    return total / WAVES**0.5


def _extra(rows: int, heights: Tensor, config: Any) -> tuple[Tensor, Tensor]:
    """Places and heights (B, E) of weak lines anywhere: what the harmonic picture leaves out."""
    shape = (rows, config.line_extra)
    places = config.start_cm1 + torch.rand(shape) * (config.stop_cm1 - config.start_cm1)
    share = config.line_extra_height * torch.rand(shape) ** 2
    return places, share * heights.amax(1, keepdim=True)


def _binned(places: Tensor, heights: Tensor, config: Any) -> Tensor:
    """Heights (B, P) on the grid, each shared by the two points beside its line."""
    points = _points(config)
    at = ((places - config.start_cm1) / config.step_cm1 + BEYOND).clamp(0, points - 2)
    lower = at.floor()
    share = at - lower
    index = lower.long()
    bins = torch.zeros(len(places), points)
    bins.scatter_add_(1, index, heights * (1 - share))
    bins.scatter_add_(1, index + 1, heights * share)
    bins[:, 0] = bins[:, -2] = bins[:, -1] = 0.0  # lines beyond the margin
    return bins


def _envelopes(rows: int, config: Any) -> Tensor:
    """Band shapes (B, P), the maximum at 0 and the left wing at the end."""
    points = _points(config)
    offset = config.step_cm1 * torch.arange(points)
    offset = torch.minimum(offset, config.step_cm1 * points - offset)
    low, high = np.log(config.line_least_width_cm1), np.log(config.line_most_width_cm1)
    width = torch.exp(low + (high - low) * torch.rand(rows, 1))
    lorentz = config.line_lorentz * torch.rand(rows, 1)
    plain = _bell(offset, width, lorentz)
    sharp = _bell(offset, 0.4 * width, lorentz)
    apart = (0.3 + 0.4 * torch.rand(rows, 1)) * width
    branches = _bell(offset - apart, 0.7 * width, lorentz)
    branches = branches + _bell(offset + apart, 0.7 * width, lorentz)
    split = 0.5 * branches + torch.rand(rows, 1) * sharp
    return torch.where(torch.rand(rows, 1) < BRANCHES, split, plain)


def _bell(offset: Tensor, width: Tensor, lorentz: Tensor) -> Tensor:
    """Gaussian and Lorentzian of full width ``width`` at half height, mixed; height 1."""
    gauss = torch.exp(-0.5 * (offset * FWHM_PER_SD / width) ** 2)
    return (1 - lorentz) * gauss + lorentz / (1 + (2 * offset / width) ** 2)


def _points(config: Any) -> int:
    """P, of the grid and its margins: a power of 2, for the Fourier transform."""
    return int(2 ** np.ceil(np.log2(config.points + 2 * BEYOND)))


def _convolved(bins: Tensor, shapes: Tensor) -> Tensor:
    return torch.fft.irfft(torch.fft.rfft(bins) * torch.fft.rfft(shapes), n=bins.shape[1])
