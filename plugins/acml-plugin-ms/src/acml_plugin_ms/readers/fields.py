"""Names that files give to the same things."""

from __future__ import annotations

import re
from collections.abc import Mapping

from acml_plugin_ms.conditions import mode_of

NAMES = {
    "smiles": ("smiles", "smile", "canonicalsmiles", "isomericsmiles", "computedsmiles"),
    "precursor_mz": ("precursormz", "pepmass", "parentmass", "precursor", "selectedionmz",
                     "precursormassmz", "mspepmass"),
    "adduct": ("adduct", "precursortype", "iontype", "adducttype", "precursoradduct"),
    "collision_energy": ("collisionenergy", "ce", "nce", "collisionenergyev", "energy",
                         "msmscollisionenergy", "collisionenergyvoltage"),
    "ion_mode": ("ionmode", "ionizationmode", "polarity", "ionisationmode"),
    "ms_type": ("mstype", "mslevel", "spectrumtype", "level", "msmslevel"),
    "instrument_type": ("instrumenttype", "sourceinstrument", "instrument"),
}  # fmt: skip
"""Our column, and how sources call it, in lower case without blanks and marks."""

CHARGE = ("charge", "precursorcharge", "chargestate")
_NOT_KNOWN = {"", "n/a", "na", "none", "nan", "null", "unknown", "-", "?"}


def plain(name: str) -> str:
    """A field's name in lower case, letters and digits only: "PRECURSOR_M/Z" -> "precursormz"."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def conditions(given: Mapping[str, object]) -> dict[str, str]:
    """``Record``'s text fields from a record's own fields, whose names went through ``plain``."""
    found: dict[str, str] = {}
    for ours, names in NAMES.items():
        for name in names:
            value = str(given.get(name, "")).strip() if given.get(name) is not None else ""
            if value.lower() not in _NOT_KNOWN:
                found[ours] = value
                break
    source = str(given.get("ionsource") or given.get("ionization") or "").strip()
    if source and source.lower() not in _NOT_KNOWN:
        instrument = found.get("instrument_type", "")
        if source.upper() not in instrument.upper():
            found["instrument_type"] = f"{source}-{instrument}".strip("-")
    charge = next((str(given[name]) for name in CHARGE if given.get(name) is not None), "")
    size = re.search(r"(?<![\d.])[2-9](?!\d)", charge)
    if "adduct" not in found and size:
        # only so that fragments may be heavier than the precursor: a protonation state
        negative = "-" in charge or mode_of(found.get("ion_mode", "")) == "NEGATIVE"
        found["adduct"] = "[M{0}{1}H]{1}{0}".format("-" if negative else "+", size[0])
    return found
