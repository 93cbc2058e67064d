"""NMR peak lists to arrays, and arrays to batches.

Peaks are merged and counted here, so that a list which repeats equivalent carbons and one which names
them once differ in ``count`` only, and the encoder can be taught not to lean on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from acml_plugin_nmr.signal import NmrSignal

NUCLEI = ("13C", "1H")
CLASSES_13C = {"S": 1, "D": 2, "T": 3, "Q": 4}
"""Multiplicity classes of a carbon; 0 is "not known"."""

CLASSES_1H = {"s": 1, "d": 2, "t": 3, "q": 4}
"""Splitting classes of a hydrogen signal; 0 is "not known", ``OTHER_1H`` any other pattern."""

OTHER_1H = 5
N_CLASSES = 6
MERGE_PPM = {"13C": 0.005, "1H": 0.0005}
"""Shifts nearer than this [ppm] to one another in one list are the same peak."""


def prepare(signal: NmrSignal) -> dict[str, np.ndarray]:
    """Peaks of both nuclei, sorted by nucleus and shift, ``P`` of them.

    Returns:
        ``shift`` (P,) float32 [ppm]; ``nucleus`` (P,) uint8, 0 for 13C and 1 for 1H;
        ``kind`` (P,) uint8, multiplicity class; ``count`` (P,) float32, number of equal entries (13C)
        or of hydrogens (1H; 1 where not known).
    """
    rows: list[tuple[int, float, int, float]] = []
    kinds_c = [CLASSES_13C.get(text.strip(), 0) for text in signal.multiplicity_13c]
    ones = [1.0] * len(signal.shifts_13c)
    rows += _merge(0, signal.shifts_13c, kinds_c or [0] * len(ones), ones)
    kinds_h = [_class_1h(text) for text in signal.multiplicity_1h]
    integrals = [value if value > 0 else 1.0 for value in signal.integral_1h]
    n = len(signal.shifts_1h)
    rows += _merge(1, signal.shifts_1h, kinds_h or [0] * n, integrals or [1.0] * n)
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return {
        "shift": table[:, 1].astype(np.float32),
        "nucleus": table[:, 0].astype(np.uint8),
        "kind": table[:, 2].astype(np.uint8),
        "count": table[:, 3].astype(np.float32),
    }


def collate(
    items: Sequence[dict[str, np.ndarray]], config: Any, *, train: bool
) -> dict[str, Tensor]:
    """Pad to the longest list: every tensor is (B, P), and ``count`` 0 marks padding.

    Returns:
        ``shift`` float32 [ppm], ``nucleus`` int64, ``kind`` int64, ``count`` float32.
    """
    lengths = np.array([len(item["shift"]) for item in items])
    width = max(int(lengths.max(initial=0)), 1)
    filled = torch.from_numpy(np.arange(width)[None, :] < lengths[:, None])
    batch = {}
    for name, dtype in (
        ("shift", torch.float32),
        ("nucleus", torch.int64),
        ("kind", torch.int64),
        ("count", torch.float32),
    ):
        flat = np.concatenate([item[name] for item in items])
        padded = torch.zeros(len(items), width, dtype=dtype)
        padded[filled] = torch.from_numpy(flat).to(dtype)
        batch[name] = padded
    return augment(batch, config) if train else batch


def augment(batch: dict[str, Tensor], config: Any) -> dict[str, Tensor]:
    """What measured lists do to the ideal one: noise, referencing, loss, and unknown multiplicities.

    Each sample by itself forgets its multiplicities, its counts, or one of two nuclei, and single
    peaks their multiplicity, with the configured probabilities, so that one model serves whatever
    the chemist has.
    """
    shift, nucleus, kind, count = (batch[k] for k in ("shift", "nucleus", "kind", "count"))
    rows = len(shift)
    hydrogen = nucleus == 1
    present = count > 0

    noise = torch.randn_like(shift) * config.noise_ppm + torch.randn(rows, 1) * config.offset_ppm
    shift = shift + noise * torch.where(hydrogen, config.ratio_1h_to_13c, 1.0)

    kind = kind.masked_fill(torch.rand(rows, 1) < config.forget_multiplicity, 0)
    kind = kind.masked_fill(torch.rand_like(shift) < config.forget_peak_multiplicity, 0)
    forget = (torch.rand(rows, 1) < config.forget_count) & present
    count = torch.where(forget, torch.ones_like(count), count)

    lost = torch.rand_like(shift) < config.lose_peak
    both = (present & hydrogen).any(1) & (present & ~hydrogen).any(1)
    draw = torch.rand(rows)
    lost |= ((draw < config.forget_1h) & both)[:, None] & hydrogen
    lost |= ((draw > 1 - config.forget_13c) & both)[:, None] & ~hydrogen
    kept = torch.where(lost, torch.zeros_like(count), count)
    count = torch.where((kept > 0).any(1, keepdim=True), kept, count)
    return {"shift": shift, "nucleus": nucleus, "kind": kind, "count": count}


def _merge(
    nucleus: int, shifts: Sequence[float], kinds: Sequence[int], counts: Sequence[float]
) -> list[tuple[int, float, int, float]]:
    merged: list[tuple[int, float, int, float]] = []
    near = MERGE_PPM[NUCLEI[nucleus]]
    for shift, kind, count in sorted(zip(shifts, kinds, counts, strict=True)):
        if merged and abs(merged[-1][1] - shift) < near and merged[-1][2] == kind:
            merged[-1] = (nucleus, merged[-1][1], kind, merged[-1][3] + count)
        else:
            merged.append((nucleus, shift, kind, count))
    return merged


def _class_1h(text: str) -> int:
    letters = text.strip().lower().replace("br", "").replace("app", "").strip(" .")
    if not letters:
        return 0
    return CLASSES_1H.get(letters, OTHER_1H)
