"""Mass spectra to arrays, and arrays to batches.

Everything that is derived from the raw peaks stands here, once: relative intensities, the reference
mass that neutral losses are counted from, and the neutral mass that the precursor implies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from acml_core import adducts
from acml_plugin_ms.conditions import SIZES, categories
from acml_plugin_ms.signal import MsSignal

PROTON = 1.00727646688
"""Mass of a proton [Da]: what an ion of unknown adduct is taken to have gained or lost."""

REFERENCE_SHARE = 0.01
"""In a spectrum without a precursor, the heaviest cluster of at least this share of the base peak is
taken for the molecular ion."""

CLUSTER_DA = 4.5
"""Isotope peaks of the heaviest cluster lie within this of one another [Da]."""

UNIT_MASS_DEFECT = 0.005
"""Peaks nearer than this to whole numbers, all of them [Da], make a spectrum of unit mass."""

CONDITIONS = tuple(SIZES)


def prepare(signal: MsSignal, top: int) -> dict[str, np.ndarray]:
    """The strongest ``top`` peaks, rising in m/z, ``P`` of them.

    Returns:
        ``mz`` (P,) float32 [Th]; ``intensity`` (P,) float32, relative to the base peak, 0 to 1;
        ``masses`` (3,) float32: precursor m/z [Th], neutral mass of the molecule that it implies
        [Da], reference m/z for losses [Th], each 0.0 where not known; ``known`` (1,) uint8: 1 where
        the reference is the precursor, 0 where it is guessed from the heaviest peaks;
        ``unit`` (1,) uint8: 1 where all peaks stand at whole numbers; ``condition`` (6,) uint8:
        categories in the order of ``conditions.SIZES``, 0 = not known.
    """
    mz = np.array(signal.mz, dtype=np.float64)
    intensity = np.array(signal.intensity, dtype=np.float64)
    intensity = intensity / intensity.max(initial=1e-30)
    reference = signal.precursor_mz or _heaviest(mz, intensity)
    if len(mz) > top:
        keep = np.sort(np.argsort(-intensity, kind="stable")[:top])
        mz, intensity = mz[keep], intensity[keep]
    unit = bool(len(mz)) and bool(np.abs(mz - np.round(mz)).max() < UNIT_MASS_DEFECT)
    condition = categories(
        signal.ion_mode,
        signal.ms_type,
        signal.instrument_type,
        signal.adduct,
        signal.collision_energy,
    )
    masses = (signal.precursor_mz, neutral_mass(signal), reference)
    return {
        "mz": mz.astype(np.float32),
        "intensity": intensity.astype(np.float32),
        "masses": np.array(masses, dtype=np.float32),
        "known": np.array([signal.precursor_mz > 0], dtype=np.uint8),
        "unit": np.array([unit], dtype=np.uint8),
        "condition": np.array(condition, dtype=np.uint8),
    }


def neutral_mass(signal: MsSignal) -> float:
    """Mass of the molecule [Da] that precursor and adduct imply; 0.0 without a precursor.

    An adduct that is missing or not understood counts as a proton gained or lost.
    """
    if not signal.precursor_mz:
        return 0.0
    found = adducts.parse(signal.adduct, signal.ion_mode) if signal.adduct else None
    if found is not None:
        return max(found.neutral_mass(signal.precursor_mz), 0.0)
    sign = -1 if signal.ion_mode == "NEGATIVE" else 1
    return max(signal.precursor_mz - sign * PROTON, 0.0)


def _heaviest(mz: np.ndarray, intensity: np.ndarray) -> float:
    """The strongest peak of the heaviest cluster: in an EI spectrum often the molecular ion."""
    strong = np.flatnonzero(intensity >= REFERENCE_SHARE)
    if not len(strong):
        return 0.0
    cluster = strong[mz[strong] > mz[strong[-1]] - CLUSTER_DA]
    return float(mz[cluster[intensity[cluster].argmax()]])


def collate(
    items: Sequence[dict[str, np.ndarray]], config: Any, *, train: bool
) -> dict[str, Tensor]:
    """Pad to the longest spectrum; intensity 0 marks padding.

    Returns:
        ``mz`` (B, P) float32, ``intensity`` (B, P) float32, ``masses`` (B, 3) float32, ``known``
        (B, 1) float32, ``unit`` (B, 1) float32, ``condition`` (B, 6) int64.
    """
    lengths = np.array([len(item["mz"]) for item in items])
    width = max(int(lengths.max(initial=0)), 1)
    filled = torch.from_numpy(np.arange(width)[None, :] < lengths[:, None])
    batch = {}
    for name in ("mz", "intensity"):
        padded = torch.zeros(len(items), width)
        padded[filled] = torch.from_numpy(np.concatenate([item[name] for item in items]))
        batch[name] = padded
    for name in ("masses", "known", "unit"):
        batch[name] = torch.from_numpy(np.stack([item[name] for item in items])).float()
    batch["condition"] = torch.from_numpy(np.stack([item["condition"] for item in items])).long()
    return augment(batch, config) if train else batch


def augment(batch: dict[str, Tensor], config: Any) -> dict[str, Tensor]:
    """What another instrument would have done: other intensities, missing peaks, mass errors.

    Whole numbers stay whole. Each spectrum by itself forgets each condition, or its precursor, with
    the configured probabilities, so that one model serves whatever the file states. The base peak
    is never lost.
    """
    mz, intensity = batch["mz"], batch["intensity"]
    rows = len(mz)
    present = intensity > 0

    error = torch.randn_like(mz) * config.jitter_ppm + torch.randn(rows, 1) * config.offset_ppm
    mz = mz * (1 + error * 1e-6 * (1 - batch["unit"]))

    noisy = intensity * torch.exp(torch.randn_like(intensity) * config.noise)
    # weak peaks are what a less sensitive instrument does not see
    cut = torch.rand(rows, 1) * config.cut
    lost = (torch.rand_like(mz) < config.lose_peak) | (noisy < cut)
    base = intensity >= intensity.max(1, keepdim=True).values
    noisy = noisy.masked_fill(lost & ~base, 0.0) * present
    noisy = noisy / noisy.max(1, keepdim=True).values.clamp(min=1e-30)

    forget = torch.rand(rows, len(CONDITIONS)) < config.forget_condition
    condition = batch["condition"].masked_fill(forget, 0)
    masses = batch["masses"].clone()
    blind = torch.rand(rows) < config.forget_precursor
    masses[blind, :2] = 0.0
    return {**batch, "mz": mz, "intensity": noisy, "masses": masses, "condition": condition}
