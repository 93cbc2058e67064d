"""Cosine and entropy similarity of a spectrum to a library of spectra: the classic way to search.

All peaks of the library stand in one list sorted by m/z, so that a query's peak finds its partners in
every spectrum at once (the idea of Flash entropy search, Li and Fiehn 2023,
doi 10.1038/s41592-023-02012-9). Peaks of one spectrum that lie within two tolerances are merged
first: then each peak has at most one partner, and the sums over partners are exact.

Full scans (EI) are compared in bins of unit mass, fragment spectra within ``TOLERANCE_PPM``. A full
scan and a fragment spectrum, or spectra of stated and opposite polarity, are not comparable: 0. The
precursor is not looked at: whoever wants the same substance restricts the library by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from acml_plugin_ms.conditions import ION_MODES, level_of, mode_of
from acml_plugin_ms.signal import MsSignal

TOLERANCE_PPM = 20.0
"""Two peaks of fragment spectra nearer than this are the same ion [ppm] ..."""

TOLERANCE_DA = 0.005
"""... and nearer than this [Da], at low m/z, where ppm are smaller than the noise."""

UNIT_TOLERANCE_DA = 0.25
"""Between whole numbers [Da]: equal ones match, different ones do not."""

NOISE = 0.01
"""Peaks below this share of the base peak are left out (Li et al. 2021)."""

FLAT_ENTROPY = 3.0
"""Spectra of a smaller entropy [nat] get flatter weights, ``I ** (0.25 + 0.25 S)`` (same source)."""

Similarities = dict[str, np.ndarray]


def similarity(
    queries: Sequence[MsSignal], references: Sequence[MsSignal]
) -> Iterator[Similarities]:
    """Similarities of each query to all references, in the order of the queries.

    Yields:
        ``{"cosine": (R,), "entropy": (R,)}`` float32, 0 (nothing in common, or not comparable) to 1.

        ``cosine``: of the square roots of the intensities. ``entropy``: 1 - (2 S(AB) - S(A) - S(B))
        / ln 4, S the Shannon entropy of a spectrum and AB the mean of both, with low-entropy
        spectra reweighted (Li et al. 2021, doi 10.1038/s41592-021-01331-z).
    """
    library = Library(references)
    for query in queries:
        yield library.compare(query)


@dataclass(frozen=True)
class Cleaned:
    """One spectrum, cleaned: m/z (P,), cosine weights (unit norm), entropy weights (sum 1)."""

    mz: np.ndarray
    cosine: np.ndarray
    entropy: np.ndarray


class Library:
    """Reference spectra as one list of peaks for each kind (full scan, fragment spectrum)."""

    def __init__(self, references: Sequence[MsSignal]) -> None:
        self.size = len(references)
        self._mode = np.array([_mode(one) for one in references], dtype=np.int8)
        full = np.array([is_full_scan(one) for one in references], dtype=bool)
        self._peaks = {
            kind: _Peaks(
                [clean(references[i], unit=kind) for i in np.flatnonzero(full == kind).tolist()],
                np.flatnonzero(full == kind),
            )
            for kind in (True, False)
        }

    def compare(self, query: MsSignal) -> Similarities:
        """``{"cosine": (R,), "entropy": (R,)}`` float32, 0 to 1."""
        unit = is_full_scan(query)
        found = self._peaks[unit].compare(clean(query, unit=unit), unit)
        mode = _mode(query)
        opposite = (self._mode != mode) & (self._mode != 0) if mode else np.zeros(self.size, bool)
        result = {}
        for name, (place, values) in found.items():
            column = np.zeros(self.size, dtype=np.float32)
            column[place] = values
            column[opposite] = 0.0
            result[name] = column
        return result


class _Peaks:
    """Peaks of many spectra in order of m/z, with the spectrum that each belongs to."""

    def __init__(self, spectra: list[Cleaned], place: np.ndarray) -> None:
        self.place = place
        owner = np.repeat(np.arange(len(spectra)), [len(one.mz) for one in spectra])
        empty = np.empty(0)
        mz = np.concatenate([empty, *(one.mz for one in spectra)])
        order = np.argsort(mz, kind="stable")
        self.mz, self.owner = mz[order], owner[order]
        self.cosine = np.concatenate([empty, *(one.cosine for one in spectra)])[order]
        self.entropy = np.concatenate([empty, *(one.entropy for one in spectra)])[order]

    def compare(self, query: Cleaned, unit: bool) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        width = tolerance(query.mz, unit)
        first = np.searchsorted(self.mz, query.mz - width, side="left")
        counts = np.searchsorted(self.mz, query.mz + width, side="right") - first
        mine = np.repeat(np.arange(len(query.mz)), counts)
        within = np.arange(len(mine)) - np.repeat(np.cumsum(counts) - counts, counts)
        theirs = np.repeat(first, counts) + within
        owner = self.owner[theirs]

        def total(per_pair: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            sums = np.bincount(owner, weights=per_pair, minlength=len(self.place))
            return self.place, np.clip(sums, 0.0, 1.0)

        a, b = query.entropy[mine], self.entropy[theirs]
        return {
            "cosine": total(query.cosine[mine] * self.cosine[theirs]),
            # 1 - (2 S(AB) - S(A) - S(B)) / ln 4, whose terms without a partner cancel
            "entropy": total(0.5 * (_xlog2x(a + b) - _xlog2x(a) - _xlog2x(b))),
        }


def is_full_scan(signal: MsSignal) -> bool:
    """Whether everything from the ion source was measured (EI, MS1), not one ion's fragments."""
    return level_of(signal.ms_type) in ("", "MS") and not signal.precursor_mz


def clean(signal: MsSignal, *, unit: bool) -> Cleaned:
    """Peaks above ``NOISE``, merged within two tolerances (``unit``: in bins of unit mass)."""
    mz = np.array(signal.mz, dtype=np.float64)
    intensity = np.array(signal.intensity, dtype=np.float64)
    keep = intensity >= NOISE * intensity.max(initial=0.0)
    mz, intensity = mz[keep], intensity[keep]
    if unit:
        mz = np.round(mz)
    if len(mz):
        apart = np.diff(mz, prepend=-np.inf) > 2 * tolerance(mz, unit)
        starts = np.flatnonzero(apart)
        height = np.add.reduceat(intensity, starts)
        mz = np.add.reduceat(mz * intensity, starts) / height
        intensity = height
    share = intensity / max(intensity.sum(), 1e-300)
    entropy = float(-(share * np.log(np.maximum(share, 1e-300))).sum())
    if entropy < FLAT_ENTROPY:
        share = share ** (0.25 + 0.25 * entropy)
        share = share / max(share.sum(), 1e-300)
    root = np.sqrt(intensity)
    return Cleaned(mz, root / max(float(np.linalg.norm(root)), 1e-300), share)


def tolerance(mz: np.ndarray, unit: bool) -> np.ndarray:
    """Half width [Da] of the window in which a peak's partner lies, by m/z."""
    if unit:
        return np.full(len(mz), UNIT_TOLERANCE_DA)
    return np.maximum(mz * TOLERANCE_PPM * 1e-6, TOLERANCE_DA)


def _xlog2x(x: np.ndarray) -> np.ndarray:
    return x * np.log2(x)


def _mode(signal: MsSignal) -> int:
    """0 not known, 1 positive, 2 negative."""
    return ION_MODES.index(mode_of(signal.ion_mode))
