"""A second opinion on candidates: how well their fragments predict the spectrum.

The ions' weights of ``cleavage`` for tandem spectra, of rules for EI, corrected by ``breaking`` and
divided by their sum, are a predicted spectrum, and the score is its log likelihood, put between 0 and
1. So a candidate pays for ions that are expected and missing, and one of many fragments does not win by
explaining more of them by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from rdkit import Chem

from acml_core import adducts
from acml_core.adducts import ELECTRON
from acml_plugin_ms import cleavage
from acml_plugin_ms.conditions import ionisation
from acml_plugin_ms.expected import Expected, expected
from acml_plugin_ms.ions import Ion
from acml_plugin_ms.prepare import UNIT_MASS_DEFECT
from acml_plugin_ms.signal import MsSignal

UNIT_TOLERANCE_DA = 0.45
"""Half width of a match where the peaks are whole numbers [Da]."""

LEAST_TOLERANCE_DA = 0.001
"""No match is asked to be nearer than this [Da]: light peaks have relative errors of their own."""

TOP = 60
"""Strongest peaks that are to be explained."""

FLOOR = 0.001
"""Predicted share of any m/z, so that no single peak rules a candidate out."""

LIGHTEST = 50.0
"""Ions lighter than this [Th] are not expected, unless the spectrum has such peaks."""

WRONG_PRECURSOR = 0.5
"""Taken off where the precursor is not an ion of the candidate."""

PRECURSOR_DA = 0.6
"""Precursors stated with fewer than two decimals are compared to within this [Da]."""


class Peaks(NamedTuple):
    """(P,) each: m/z [Th], shares of the root intensity, and half widths of a match [Th]."""

    mz: np.ndarray
    share: np.ndarray
    width: np.ndarray


def rerank(
    signal: MsSignal, mols: Sequence[Chem.Mol], tolerance_ppm: float, trained: bool = True
) -> np.ndarray:
    """How well each candidate's ions predict the peaks, 0 to 1, less where the precursor does not fit.

    Args:
        tolerance_ppm: half width of a match at full resolution [ppm].
        trained: whether ``breaking`` corrects the ions' weights.

    Returns:
        ``(len(mols),)`` float64, higher is better; -1 for a candidate that cannot be fragmented.
    """
    seen = peaks(signal, tolerance_ppm)
    ion = ion_of(signal)
    known = adducts.parse(signal.adduct, signal.ion_mode) if signal.adduct else None
    energy, unbroken = conditions(signal, ion)
    scores = np.empty(len(mols))
    for number, mol in enumerate(mols):
        if not mol.GetNumAtoms():
            scores[number] = -1.0
            continue
        found = expected(mol, ion, trained)
        scores[number] = _score(mol, found, seen, ion, known, energy, unbroken)
        if signal.precursor_mz and not _fits(signal.precursor_mz, mol, known, ion, tolerance_ppm):
            scores[number] -= WRONG_PRECURSOR
    return scores


def peaks(signal: MsSignal, tolerance_ppm: float) -> Peaks:
    """The strongest peaks."""
    mz, root = np.array(signal.mz), np.sqrt(np.array(signal.intensity))
    if len(mz) > TOP:
        keep = np.argsort(-root, kind="stable")[:TOP]
        mz, root = mz[keep], root[keep]
    unit = bool(np.abs(mz - np.round(mz)).max(initial=0.0) < UNIT_MASS_DEFECT)
    width = np.full(len(mz), UNIT_TOLERANCE_DA)
    if not unit:
        width = np.maximum(mz * tolerance_ppm * 1e-6, LEAST_TOLERANCE_DA)
    return Peaks(mz, root / max(root.sum(), 1e-30), width)


def conditions(signal: MsSignal, ion: Ion) -> tuple[float, float]:
    """What the collision makes of the ions; nothing, in electron ionisation.

    Returns:
        logarithm of the energy over the typical one; and the weight of the ion that did not break.
    """
    if ion == "EI":
        return 0.0, 1.0
    stated = signal.collision_energy, signal.precursor_mz
    return cleavage.relative_energy(*stated), cleavage.unbroken(*stated, ion)


def ion_of(signal: MsSignal) -> Ion:
    """What kind of ion was fragmented: EI, or a protonated or deprotonated molecule."""
    source = ionisation(signal.instrument_type)
    if signal.ion_mode == "NEGATIVE":
        return "[M-H]-"
    if source == "EI" or (not source and not signal.precursor_mz and signal.ms_type != "MS2"):
        return "EI"
    return "[M+H]+"


def _score(
    mol: Chem.Mol,
    all_: Expected,
    seen: Peaks,
    ion: Ion,
    known: adducts.Adduct | None,
    energy: float,
    unbroken: float,
) -> float:
    place, weight = all_.mz, all_.weight(energy)
    weight = np.where(all_.whole, unbroken * weight, weight)
    if (
        ion != "EI"
        and known is not None
        and known.charge in (1, -1)
        and known.molecules == 1
        and known.name != ion
    ):
        from rdkit.Chem.rdMolDescriptors import CalcExactMolWt

        at = known.mz(CalcExactMolWt(mol))
        rank = int(np.searchsorted(place, at))
        whole = weight[all_.whole].max(initial=0.0)
        place, weight = np.insert(place, rank, at), np.insert(weight, rank, whole)
    return predicted(place, weight, seen)


def predicted(place: np.ndarray, weight: np.ndarray, seen: Peaks) -> float:
    """Log likelihood of the peaks by ions (K,) in order of m/z: 0 if none is matched, 1 at most."""
    if not len(seen.mz):
        return 0.0
    first = np.searchsorted(place, min(LIGHTEST, (seen.mz - seen.width).min()))
    below = np.concatenate([[0.0], np.cumsum(weight, dtype=np.float64)])
    low = np.searchsorted(place, seen.mz - seen.width)
    high = np.searchsorted(place, seen.mz + seen.width)
    total = below[-1] - below[first]
    share = (below[high] - below[low]) / total if total > 0 else np.zeros(len(seen.mz))
    log = np.log((np.clip(share, 0.0, 1.0) + FLOOR) / (1.0 + FLOOR))
    return float(np.clip(1.0 - (seen.share @ log) / np.log(FLOOR / (1.0 + FLOOR)), 0.0, 1.0))


def _fits(
    precursor: float,
    mol: Chem.Mol,
    known: adducts.Adduct | None,
    ion: Ion,
    tolerance_ppm: float,
) -> bool:
    from rdkit.Chem.rdMolDescriptors import CalcExactMolWt

    mass = CalcExactMolWt(mol)
    charge = -1 if ion == "[M-H]-" else 1
    if known is not None:
        expected = known.mz(mass)
    elif Chem.GetFormalCharge(mol):
        expected = mass - charge * ELECTRON
    else:
        expected = mass + charge * (1.00782503207 - ELECTRON)
    decimals = len(f"{precursor:.4f}".rstrip("0").partition(".")[2])
    width = PRECURSOR_DA if decimals < 2 else max(expected * tolerance_ppm * 1e-6, 0.005)
    return abs(expected - precursor) <= width
