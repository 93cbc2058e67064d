"""From what a file says of one spectrum to a checked ``MsSignal``. Every reader ends here."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from acml_core import adducts
from acml_core.errors import BadInput
from acml_core.modality import OnReject
from acml_plugin_ms.conditions import level_of, mode_of
from acml_plugin_ms.readers.profile import centroid, is_profile
from acml_plugin_ms.signal import MsSignal

MAX_PEAKS = 50_000
"""Peaks of the longest centroided spectrum accepted."""

MAX_MZ = 100_000.0
"""Heaviest m/z accepted [Th]."""

ISOTOPES_DA = 4.5
"""Fragments may be heavier than a singly charged precursor by this [Da]: isotopes, wide isolation."""

HEAVIER_SHARE = 0.5
"""A spectrum with more than this share of its intensity above the precursor is refused; with less,
the peaks above it are noise, and stay."""

STRUCTURE_DA = 1.6
"""A precursor further than this [Da] from what structure and adduct give is refused; nearer, it may
be an isotope or a whole number."""


@dataclass
class Record:
    """One spectrum as a file states it, not yet checked.

    Attributes:
        place: what the reader calls it in ``origin``: a line number or the record's own name.
        line: 1-based line of the record, where the format has lines.
        mz, intensity: as many numbers each; may hold anything that the file held.
        profile: True or False where the file says whether the points are a profile; None to look.
        The others: as ``MsSignal``, in the source's own spelling.
    """

    mz: Sequence[float] | np.ndarray
    intensity: Sequence[float] | np.ndarray
    place: str = ""
    line: int | None = None
    smiles: str = ""
    precursor_mz: float | str | None = None
    adduct: str = ""
    collision_energy: str = ""
    ion_mode: str = ""
    ms_type: str = ""
    instrument_type: str = ""
    profile: bool | None = None


Found = Record | BadInput


def signals(
    found: Iterable[Found], source: str | Path, on_reject: OnReject | None
) -> Iterator[MsSignal]:
    """Checked signals; bad records go to ``on_reject``, or are raised where there is none.

    Raises:
        BadInput: a bad record without ``on_reject``; or not one good record in all of ``source``.
    """
    first: BadInput | None = None
    good = bad = 0
    for one in found:
        try:
            if isinstance(one, BadInput):
                raise one
            signal = to_signal(one, source)
        except BadInput as error:
            if on_reject is None:
                raise
            first = first or error
            bad += 1
            on_reject(error)
            continue
        good += 1
        yield signal
    if not good:
        if first is None:
            raise BadInput(
                "no mass spectrum found",
                source=source,
                remedy="The file may be truncated or of another format; --format names one.",
            )
        if bad == 1:
            raise first
        raise BadInput(
            f"none of {bad} records could be read", source=source, remedy=f"First: {first.what}."
        )


def to_signal(record: Record, source: str | Path) -> MsSignal:
    """Check, clean and centroid one record.

    Raises:
        BadInput: no peaks, NaN, negative values, a profile that cannot be centroided, a precursor
            lighter than its fragments, or one that contradicts the stated structure.
    """

    def refuse(what: str, remedy: str) -> BadInput:
        return BadInput(what, source=source, line=record.line, remedy=remedy)

    try:
        mz = np.asarray(record.mz, dtype=np.float64)
        intensity = np.asarray(record.intensity, dtype=np.float64)
    except (TypeError, ValueError):
        raise refuse("a peak is not two numbers", "Correct this record.") from None
    if mz.shape != intensity.shape or mz.ndim != 1:
        raise refuse(
            f"{mz.size} m/z values, but {intensity.size} intensities", "Correct this record."
        )
    if not len(mz):
        raise refuse("the spectrum has no peaks", "Leave this record out.")
    if not (np.isfinite(mz).all() and np.isfinite(intensity).all()):
        raise refuse("a peak is not a finite number", "Remove NaN and infinite entries.")
    if mz.min() <= 0 or mz.max() > MAX_MZ:
        worst = mz.min() if mz.min() <= 0 else mz.max()
        raise refuse(f"{worst:g} is no m/z", "Are m/z and intensity in the right columns?")
    if record.profile or (record.profile is None and is_profile(mz, intensity)):
        mz, intensity = centroid(mz, intensity)
        if not len(mz):
            raise refuse(
                "the profile spectrum holds no peak", "Export it centroided (peak-picked)."
            )
    if intensity.min() < 0:
        raise refuse(
            f"an intensity is negative ({intensity.min():g})",
            "Export the spectrum without background subtraction, or leave that peak out.",
        )
    if not intensity.max() > 0:
        raise refuse("all intensities are zero", "Leave this record out.")
    if len(mz) > MAX_PEAKS:
        raise refuse(f"{len(mz)} peaks, more than {MAX_PEAKS}", "Give it centroided.")
    mode = mode_of(record.ion_mode)
    adduct = adducts.normalise(record.adduct, mode) if record.adduct.strip() else ""
    known = adducts.parse(record.adduct, mode) if adduct else None
    if not mode and known is not None:
        mode = "POSITIVE" if known.charge > 0 else "NEGATIVE"
    precursor = number_in(record.precursor_mz)
    level = level_of(record.ms_type) or ("MS2" if precursor else "")
    if level != "MS" and precursor:
        _check_precursor(precursor, known, mz, intensity, record, refuse)
    return MsSignal(
        smiles=record.smiles,
        origin=f"{Path(str(source)).name[:80]}:{record.place or record.line or 1}",
        mz=tuple(mz.tolist()),
        intensity=tuple(intensity.tolist()),
        precursor_mz=precursor,
        adduct=adduct,
        collision_energy=record.collision_energy.strip(),
        ion_mode=mode,
        ms_type=level,
        instrument_type=record.instrument_type.strip(),
    )


def _check_precursor(
    precursor: float,
    known: adducts.Adduct | None,
    mz: np.ndarray,
    intensity: np.ndarray,
    record: Record,
    refuse: Callable[[str, str], BadInput],
) -> None:
    """Precursor against fragments, and against the structure where one is stated."""
    charge = abs(known.charge) if known is not None else 1
    if charge == 1:
        heavier = mz > precursor + ISOTOPES_DA
        share = float(intensity[heavier].sum() / intensity.sum())
        if share > HEAVIER_SHARE:
            raise refuse(
                f"the precursor (m/z {precursor:g}) is lighter than its fragments "
                f"({share:.0%} of the intensity lies above it, up to m/z {mz.max():g})",
                "Correct the precursor m/z or state its charge, e.g. the adduct [M+2H]2+.",
            )
    if known is not None and charge == 1 and known.molecules == 1 and record.smiles:
        mass = _mass(record.smiles)
        if mass is not None and abs(known.mz(mass) - precursor) > STRUCTURE_DA:
            raise refuse(
                f"the precursor (m/z {precursor:g}) is not {known.name} of the structure stated, "
                f"which would stand at {known.mz(mass):.4f}",
                "Correct precursor, adduct or structure.",
            )


def _mass(smiles: str) -> float | None:
    """Exact mass of a structure [Da]; None where it is charged, isotopic or not to be read."""
    from rdkit import Chem
    from rdkit.Chem.rdMolDescriptors import CalcExactMolWt

    mol = Chem.MolFromSmiles(smiles)
    if mol is None or Chem.GetFormalCharge(mol) or "." in smiles:
        return None
    if any(atom.GetIsotope() for atom in mol.GetAtoms()):
        return None
    return float(CalcExactMolWt(mol))


def number_in(value: float | str | None) -> float:
    """The first positive number, 0.0 where there is none: "288.1/185.1" gives 288.1."""
    if isinstance(value, str):
        found = re.search(r"\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", value)
        value = float(found[0]) if found else None
    if value is None or not math.isfinite(value) or value <= 0:
        return 0.0
    return float(value)
