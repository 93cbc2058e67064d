"""How a spectrum was measured, as small categories; category 0 is "not known" everywhere."""

from __future__ import annotations

import re
from functools import cache

from acml_core import adducts

ION_MODES = ("", "POSITIVE", "NEGATIVE")
MS_TYPES = ("", "MS", "MS2", "MS3", "MSn")
IONISATIONS = ("", "EI", "CI", "ESI", "APCI", "APPI", "FAB", "MALDI", "FI", "other")
ANALYSERS = ("", "FT", "TOF", "unit", "sector")
"""Fourier transform (Orbitrap, ICR), time of flight, quadrupole or ion trap, magnetic sector."""

ADDUCTS = (
    "", "[M+H]+", "[M-H]-", "[M]+*", "[M]+", "[M+Na]+", "[M+K]+", "[M+NH4]+", "[M+H-H2O]+",
    "[M+H-2H2O]+", "[M+H-NH3]+", "[M+2H]2+", "[2M+H]+", "[M+HCOO]-", "[M+CH3COO]-", "[M+Cl]-",
    "[M-2H]2-", "[2M-H]-", "[M-CH3]-", "other",
)  # fmt: skip
ENERGY_STEPS_EV = (8.0, 13.0, 18.0, 25.0, 33.0, 43.0, 53.0, 68.0, 95.0)
"""Edges [eV, or V; % where normalised] between the ten energy categories of each unit."""

ENERGIES = 1 + 2 * (len(ENERGY_STEPS_EV) + 1)
"""Not known; ten categories in eV, V or of no unit; ten in % (normalised)."""

SIZES = {
    "ion_mode": len(ION_MODES),
    "ms_type": len(MS_TYPES),
    "ionisation": len(IONISATIONS),
    "analyser": len(ANALYSERS),
    "adduct": len(ADDUCTS),
    "energy": ENERGIES,
}
"""Categories of each condition, in the order of ``categories``."""

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_IONISATION = (
    ("APCI", "APCI"), ("APPI", "APPI"), ("ESI", "ESI"), ("MALDI", "MALDI"), ("LDI", "MALDI"),
    ("FAB", "FAB"), ("EI", "EI"), ("CI", "CI"), ("FI", "FI"), ("FD", "FI"), ("SI", "FAB"),
)  # fmt: skip
_ANALYSER = (
    (re.compile(r"FT|ORBI|ICR|EXACTIVE"), "FT"),
    (re.compile(r"TOF"), "TOF"),
    (re.compile(r"\bQ{1,3}\b|QIT|\bIT|\bQ|QUAD|TRAP"), "unit"),
    (re.compile(r"\b(?:B|EB|BE|EBEB)\b|SECTOR"), "sector"),
)


@cache
def categories(
    ion_mode: str, ms_type: str, instrument_type: str, adduct: str, energy: str
) -> tuple[int, ...]:
    """Category numbers in the order of ``SIZES``."""
    kind = adducts.normalise(adduct, ion_mode) if adduct else ""
    return (
        ION_MODES.index(mode_of(ion_mode)),
        MS_TYPES.index(level_of(ms_type)),
        IONISATIONS.index(ionisation(instrument_type)),
        ANALYSERS.index(analyser(instrument_type)),
        ADDUCTS.index(kind) if kind in ADDUCTS else len(ADDUCTS) - 1,
        energy_category(energy),
    )


def mode_of(text: str) -> str:
    """ "POSITIVE", "NEGATIVE" or "" for what files write: "P", "positive", "+", "1-", "Neg"."""
    short = text.strip().lower()
    if short.startswith("p") or "+" in short or short == "1":
        return "POSITIVE"
    if (short.startswith("n") and short not in ("n/a", "na", "nan", "none")) or "-" in short:
        return "NEGATIVE"
    return ""


def level_of(text: str) -> str:
    """One of ``MS_TYPES`` for "MS2", "2", "MS/MS", "MS1"."""
    short = text.strip().upper().replace("/", "").replace("^", "")
    if short in ("MSMS", "2", "MS2", "TANDEM"):
        return "MS2"
    if short in ("MS", "1", "MS1"):
        return "MS"
    if short in ("3", "MS3"):
        return "MS3"
    return "MSn" if short and (short.startswith("MS") or short.isdigit()) else ""


def ionisation(instrument_type: str) -> str:
    """One of ``IONISATIONS`` from MassBank's instrument type, e.g. "LC-ESI-QTOF"."""
    parts = re.split(r"[-\s/,;_]+", instrument_type.upper())
    for mark, name in _IONISATION:
        if mark in parts:
            return name
    return "other" if instrument_type.strip() else ""


def analyser(instrument_type: str) -> str:
    """One of ``ANALYSERS`` from the instrument type: its mass analyser."""
    last = instrument_type.upper().replace("_", "-")
    return next((name for pattern, name in _ANALYSER if pattern.search(last)), "")


def energy_category(text: str) -> int:
    """Category of a collision energy in whatever words; 0 where none is stated."""
    value, normalised = energy_of(text)
    if value is None:
        return 0
    step = sum(value >= edge for edge in ENERGY_STEPS_EV)
    return 1 + step + (len(ENERGY_STEPS_EV) + 1) * normalised


def energy_of(text: str) -> tuple[float | None, bool]:
    """Energy and whether it is normalised (%): "35 eV" -> (35, False), "Ramp 20%-70%" -> (45, True).

    Several energies (a ramp, or stepped) count as their mean; a choice ("15, 30 or 45") as none.
    """
    if re.search(r"\bor\b", text):
        return None, False
    numbers = [float(number) for number in _NUMBER.findall(text)]
    if not numbers:
        return None, False
    normalised = "%" in text or "NCE" in text.upper() or "normali" in text.lower()
    return sum(numbers) / len(numbers), normalised
