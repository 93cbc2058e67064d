"""Peaks of a digitised spectrum."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from acml_core.errors import BadInput
from acml_plugin_nmr.readers.limits import check_shifts, no_peaks, wrong_nucleus
from acml_plugin_nmr.signal import NmrSignal

NOISE_FACTOR = 6.0
"""A peak rises above the baseline by so many standard deviations of the noise."""

LEAST_SHARE = {"13C": 0.02, "1H": 0.005}
"""A peak has at least this share of the strongest one's height (after solvent removal)."""

LINE_GAP_PPM = {"13C": 0.04, "1H": 0.05}
"""Lines nearer than this [ppm] belong to one signal: a shoulder of 13C, a multiplet of 1H."""

BASELINE_POINTS = 64
"""Blocks whose medians make the baseline."""

SOLVENT_PPM = {
    "13C": {"cdcl3": (77.16, 0.6), "dmso": (39.52, 0.8), "meod": (49.00, 0.8), "cd3od": (49.00, 0.8),
            "c6d6": (128.06, 0.6), "acetone": (29.84, 0.8), "cd2cl2": (53.84, 1.0),
            "cd3cn": (1.32, 0.8),
            "thf": (67.21, 0.8), "tol": (20.43, 0.8), "pyr": (123.87, 0.8)},
    "1H": {"cdcl3": (7.26, 0.02), "dmso": (2.50, 0.03), "meod": (3.31, 0.03), "cd3od": (3.31, 0.03),
           "c6d6": (7.16, 0.02), "acetone": (2.05, 0.03), "cd2cl2": (5.32, 0.02), "cd3cn": (1.94, 0.03),
           "d2o": (4.79, 0.05), "thf": (3.58, 0.03), "tol": (2.08, 0.03)},
}  # fmt: skip
"""Residual signal of the solvent: centre and half width [ppm] (Fulmer et al., Organometallics 2010, 29,
2176), keyed by the start of the solvent's name in lower case."""

TMS_PPM = 0.05
"""Half width [ppm] of the reference line at 0."""


def pick(
    nucleus: str, ppm: np.ndarray, heights: np.ndarray, *, solvent: str = ""
) -> list[tuple[float, float]]:
    """Shift [ppm] and height of each signal, in the order of the shift, largest first.

    Args:
        nucleus: "13C" or "1H".
        ppm: (N,) axis, either direction.
        heights: (N,) real intensities; a phase that leaves all peaks negative is turned over.
        solvent: its residual signal is left out.
    """
    from scipy.signal import find_peaks  # imported late: text and peak lists need no scipy

    order = np.argsort(ppm)
    x = np.asarray(ppm, dtype=float)[order]
    y = np.nan_to_num(np.asarray(heights, dtype=float)[order])
    y = y - _baseline(y)
    if -y.min() > 2 * y.max():
        y = -y
    noise = 1.4826 * float(np.median(np.abs(y)))
    top = float(y.max(initial=0.0))
    if top <= 0:
        return []
    floor = max(NOISE_FACTOR * noise, LEAST_SHARE[nucleus] * top / 10)
    # The prominence, not the height, counts: ripples on a strong line's foot are high, too.
    at, found = find_peaks(y, height=floor, prominence=floor)
    lines = [
        (*_vertex(x, y, int(i)), float(prominence))
        for i, prominence in zip(at, found["prominences"], strict=True)
    ]
    lines = [line for line in lines if not _is_solvent(nucleus, line[0], solvent)]
    if not lines:
        return []
    least = LEAST_SHARE[nucleus] * max(prominence for *_, prominence in lines)
    kept = [(shift, height) for shift, height, prominence in lines if prominence >= least]
    return _grouped(kept, LINE_GAP_PPM[nucleus])[::-1]


def signal_from_spectrum(
    nucleus: str,
    ppm: np.ndarray,
    heights: np.ndarray,
    *,
    source: Path,
    solvent: str = "",
    line: int | None = None,
) -> NmrSignal:
    """A digitised spectrum as a signal.

    Raises:
        BadInput: another nucleus, numbers that are not finite, or no peak above the noise.
    """
    if nucleus not in ("13C", "1H"):
        raise wrong_nucleus([nucleus], source=source, line=line)
    if not np.isfinite(heights).all() or not np.isfinite(ppm).all():
        raise BadInput(
            "the spectrum has values that are not finite", source=source, line=line,
            remedy="Export it again.",
        )  # fmt: skip
    peaks = pick(nucleus, ppm, heights, solvent=solvent)
    if not peaks:
        raise no_peaks(source, line, "Nothing rises above the noise: check phase and processing.")
    shifts = tuple(round(shift, 4 if nucleus == "1H" else 3) for shift, _ in peaks)
    check_shifts(nucleus, shifts, source=source, line=line)
    return NmrSignal(
        origin=source.name,
        solvent=solvent,
        **{f"shifts_{nucleus.lower()}": shifts},  # type: ignore[arg-type]
    )


def is_residual(nucleus: str, shift: float, solvent: str) -> bool:
    """Whether a picked line is the solvent's or the reference's."""
    return _is_solvent(nucleus, shift, solvent)


def _baseline(y: np.ndarray) -> np.ndarray:
    """Medians of blocks, smoothed and joined by straight lines."""
    from scipy.ndimage import median_filter

    blocks = np.array_split(np.arange(len(y)), max(min(BASELINE_POINTS, len(y) // 32), 1))
    centres = [float(block.mean()) for block in blocks]
    medians = median_filter(
        np.array([np.median(y[block]) for block in blocks]), size=5, mode="nearest"
    )
    return np.interp(np.arange(len(y)), centres, medians)


def _vertex(x: np.ndarray, y: np.ndarray, i: int) -> tuple[float, float]:
    """Top of the parabola through a maximum and its neighbours."""
    left, centre, right = y[i - 1], y[i], y[i + 1]
    bend = left - 2 * centre + right
    move = 0.5 * (left - right) / bend if bend else 0.0
    return float(x[i] + move * (x[i + 1] - x[i - 1]) / 2), float(centre)


def _is_solvent(nucleus: str, shift: float, solvent: str) -> bool:
    if abs(shift) < TMS_PPM:
        return True
    name = solvent.lower().lstrip("[d] -")
    for start, (centre, width) in SOLVENT_PPM[nucleus].items():
        if name.startswith(start) or (start in ("acetone", "dmso") and start in name):
            return abs(shift - centre) <= width
    return False


def _grouped(lines: list[tuple[float, float]], gap: float) -> list[tuple[float, float]]:
    """Lines with gaps below ``gap`` as one, at their mean weighted by height."""
    groups: list[list[tuple[float, float]]] = []
    for line in lines:
        if groups and line[0] - groups[-1][-1][0] < gap:
            groups[-1].append(line)
        else:
            groups.append([line])
    return [
        (
            sum(shift * height for shift, height in group) / sum(height for _, height in group),
            max(height for _, height in group),
        )
        for group in groups
    ]
