"""Adducts: one spelling for each ion, its charge, and the mass that it adds to the molecule.

An adduct such as "[M+H-H2O]+" is read term by term and identified by what it adds in all, so that
"[M-H2O+H]+" and "M+H-H2O" are the same ion, and so are "[M+FA-H]-", "[M+HCOO]-" and "[M+HCO2]-".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

MASS = {
    "H": 1.00782503207, "C": 12.0, "N": 14.0030740048, "O": 15.9949146196, "F": 18.99840322,
    "Na": 22.9897692809, "Si": 27.9769265325, "P": 30.97376163, "S": 31.972071,
    "Cl": 34.96885268, "K": 38.96370668, "Li": 7.01600455, "Br": 78.9183371, "I": 126.904473,
    "Ag": 106.905097, "Ca": 39.96259098, "Mg": 23.9850417, "Fe": 55.9349375, "Cu": 62.9295975,
    "Cs": 132.905451933, "B": 11.0093054, "Se": 79.9165213,
}  # fmt: skip
"""Monoisotopic masses [Da] (IUPAC/CODATA 2009 evaluation, as in NIST's table)."""

ELECTRON = 0.00054857990946
"""Mass of an electron [Da]."""

ALIASES = {
    "FA": "CH2O2", "HAc": "C2H4O2", "Hac": "C2H4O2", "Ac": "C2H3O", "OAc": "C2H3O2",
    "ACN": "C2H3N", "MeOH": "CH4O", "CH3OH": "CH4O", "DMSO": "C2H6OS", "IsoProp": "C3H8O",
    "TFA": "C2HF3O2", "Hex": "C6H10O5", "acetate": "C2H3O2", "formate": "CHO2", "Form": "CHO2",
    "FORM": "CHO2", "HFA": "CH2O2", "ammonium": "NH4",
}  # fmt: skip
"""Names of solvents and ions that stand in adducts for their formula."""

NAMES = (
    "[M+H]+", "[M-H]-", "[M]+*", "[M]+", "[M]-*", "[M]-", "[M+Na]+", "[M+K]+", "[M+Li]+",
    "[M+NH4]+", "[M+H-H2O]+", "[M+H-2H2O]+", "[M+H-NH3]+", "[M+H-CO2]+", "[M+CH3]+",
    "[M-H2]+*", "[M+2H]2+", "[M+3H]3+", "[M+H+Na]2+", "[M+2Na]2+", "[2M+H]+", "[2M+Na]+",
    "[2M+NH4]+", "[2M-H]-", "[M+HCOO]-", "[M+CH3COO]-", "[M+Cl]-", "[M+Br]-", "[M-2H]2-",
    "[M-3H]3-", "[M-CH3]-", "[M-H-H2O]-", "[M-H-CO2]-", "[M+CH3OH+H]+",
    "[M+C2H3N+H]+", "[M+2Na-H]+", "[M+Na-2H]-", "[M+K-2H]-", "[M+C2HF3O2-H]-", "[M-H+O]-",
)  # fmt: skip
"""The one spelling of each usual ion. Radicals carry a star."""

_WHOLE = re.compile(
    r"^\[?\(?\s*(?P<n>\d*)M(?P<terms>[^\]\)]*)[\]\)]?\s*(?P<charge>(?:\d*[+-]+\d*)?)\s*"
    r"(?P<radical>[*.\u2022\u00b7]?)$"
)
_BARE = re.compile(r"^(\d*M.*?)([+-]+)$")
_TERM = re.compile(r"\s*(?P<sign>[+-])\s*(?P<count>\d*)(?P<what>[A-Z][A-Za-z0-9]*|[a-z]+)")
_ELEMENT = re.compile(r"([A-Z][a-z]?)(\d*)")


@dataclass(frozen=True)
class Adduct:
    """An ion made of a molecule.

    Attributes:
        name: the one spelling.
        molecules: how many molecules M it holds.
        charge: signed, in elementary charges.
        added: mass of all that was added and taken off [Da], electrons included.
    """

    name: str
    molecules: int
    charge: int
    added: float

    def neutral_mass(self, mz: float) -> float:
        """Mass of the molecule [Da] whose ion stands at ``mz`` [Th]."""
        return (mz * abs(self.charge) - self.added) / self.molecules

    def mz(self, mass: float) -> float:
        """m/z [Th] of the ion of a molecule of mass ``mass`` [Da]."""
        return (mass * self.molecules + self.added) / abs(self.charge)


def normalise(text: str, ion_mode: str = "") -> str:
    """The one spelling of an adduct; what is not understood comes back as it was."""
    found = parse(text, ion_mode)
    return found.name if found is not None else text.strip()


@cache
def parse(text: str, ion_mode: str = "") -> Adduct | None:
    """An adduct in any usual spelling, or None.

    Args:
        text: "[M+H]+", "M+H", "(M-H)-", "[M-H2O+H]+", "[M]+.", "[M+2H]++", "[M+FA-H]-".
        ion_mode: "POSITIVE" or "NEGATIVE" gives the sign where the text has none.
    """
    text = text.strip().replace("\u2212", "-").replace("\u2013", "-")
    if "/" in text:  # "[M+CH3COO]-/[M-CH3]-": either; the second is what some sources mean
        return None
    text, radical = _radical(text)
    bare = _BARE.match(text)  # "M+H+", "M+": the charge outside, where the bracket would end
    whole = _WHOLE.match(f"[{bare[1]}]{bare[2]}" if bare else text)
    if whole is None:
        return None
    composition = _composition(whole["terms"])
    if composition is None:
        return None
    radical = radical or bool(whole["radical"])
    charge = _charge(whole["charge"], ion_mode, composition)
    if charge is None:
        return None
    molecules = int(whole["n"] or 1)
    name = _known().get((molecules, composition, charge, radical))
    name = name or _known().get((molecules, composition, charge, not radical))
    mass = sum(MASS[element] * count for element, count in composition)
    if name is None:
        name = _spell(molecules, whole["terms"], charge, radical)
    return Adduct(name, molecules, charge, mass - charge * ELECTRON)


def _radical(text: str) -> tuple[str, bool]:
    """The text without a mark for a radical, and whether it had one."""
    for mark in ("*", ".", "\u2022", "\u00b7"):
        if text.endswith((f"+{mark}", f"-{mark}", f"{mark}+", f"{mark}-")):
            return text.replace(mark, ""), True
    return text, False


def _composition(terms: str) -> tuple[tuple[str, int], ...] | None:
    """Sorted (element, count) of everything added and taken off, or None."""
    total: dict[str, int] = {}
    place = 0
    for term in _TERM.finditer(terms):
        if term.start() != place:
            return None
        place = term.end()
        formula = ALIASES.get(term["what"], term["what"])
        parts = _ELEMENT.findall(formula)
        if "".join(a + b for a, b in parts) != formula:
            return None
        factor = int(term["count"] or 1) * (1 if term["sign"] == "+" else -1)
        for element, count in parts:
            if element not in MASS:
                return None
            total[element] = total.get(element, 0) + factor * int(count or 1)
    if terms[place:].strip():
        return None
    return tuple(sorted((e, n) for e, n in total.items() if n))


def _charge(text: str, ion_mode: str, composition: tuple[tuple[str, int], ...]) -> int | None:
    """Signed charge from "+", "2+", "+2", "++" or, where absent, from mode or composition."""
    if text:
        sign = -1 if "-" in text else 1
        digits = re.sub(r"\D", "", text)
        size = int(digits) if digits else text.count("-" if sign < 0 else "+")
        if size > 1 and not digits and not composition:
            size = 1  # "[M]++" is written for the radical cation
        return sign * size if size else None
    if ion_mode:
        return -1 if ion_mode.upper().startswith("N") else 1
    given = dict(composition)
    gained = sum(given.get(element, 0) for element in ("H", "Na", "K", "Li"))
    if given.keys() == {"H"} or "Na" in given or "K" in given or "Li" in given:
        return 1 if gained > 0 else -1
    return None


def _spell(molecules: int, terms: str, charge: int, radical: bool) -> str:
    count = "" if molecules == 1 else str(molecules)
    size = "" if abs(charge) == 1 else str(abs(charge))
    sign = "+" if charge > 0 else "-"
    return f"[{count}M{terms.replace(' ', '')}]{size}{sign}{'*' if radical else ''}"


@cache
def _known() -> dict[tuple[int, tuple[tuple[str, int], ...], int, bool], str]:
    known = {}
    for name in NAMES:
        text, radical = _radical(name)
        whole = _WHOLE.match(text)
        assert whole is not None
        composition = _composition(whole["terms"])
        assert composition is not None
        charge = _charge(whole["charge"], "", composition)
        assert charge is not None
        known[int(whole["n"] or 1), composition, charge, radical] = name
    return known
