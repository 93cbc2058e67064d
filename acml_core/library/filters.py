"""Filters that leave candidates out before scoring."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from pydantic import Field, model_validator

from acml_core import adducts
from acml_core.config import Settings
from acml_core.errors import BadInput
from acml_core.library.records import Records
from acml_core.library.substructure import matching
from acml_core.molecule import in_hill_order

ELEMENT = re.compile(r"([A-Z][a-z]?)(\d*)")
FORMULA = re.compile(r"(?:[A-Z][a-z]?\d*)+([+-]\d*)?")
LIMIT = re.compile(r"([A-Z][a-z]?)(<=|>=|=|<|>)(\d+)")

Steps = list[tuple[str, int]]
"""Name of each filter and how many molecules it left."""


class Filters(Settings):
    """What a candidate must be.

    Attributes:
        formula: its molecular formula.
        mass: its exact (monoisotopic, neutral) mass [Da].
        mz, adduct: the same from an ion: m/z [Th] and, say, "[M+H]+".
        ppm: half width of the window around the neutral mass [ppm].
        mw: least and most exact mass [Da].
        elements: limits such as ``C<=20,N=1,Cl=0``.
        smarts: substructures that it must have, each.
        not_smarts: substructures that it must not have, any.
    """

    formula: str | None = None
    mass: float | None = Field(None, gt=0)
    mz: float | None = Field(None, gt=0)
    adduct: str | None = None
    ppm: float = Field(10.0, gt=0)
    mw: tuple[float, float] | None = None
    elements: str | None = None
    smarts: tuple[str, ...] = ()
    not_smarts: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Filters:
        if (self.mz is None) != (self.adduct is None):
            raise ValueError("an ion needs both its m/z and its adduct")
        if self.mz is not None and self.mass is not None:
            raise ValueError("give the mass or an ion's m/z, not both")
        if self.mw is not None and not self.mw[0] <= self.mw[1]:
            raise ValueError("the window of molecular weight is empty")
        return self

    @property
    def narrow(self) -> bool:
        """Whether what passes has one formula, or nearly one mass."""
        return self.formula is not None or self.mass is not None or self.mz is not None

    def neutral_mass(self) -> float | None:
        """The exact mass that is asked for [Da].

        Raises:
            BadInput: an adduct that is not understood.
        """
        if self.mz is None or self.adduct is None:
            return self.mass
        ion = adducts.parse(self.adduct)
        if ion is None:
            raise BadInput(
                f"the adduct {self.adduct!r} is not understood",
                remedy="Write it like [M+H]+, [M+Na]+, [M-H]- or [2M+H]+.",
            )
        return ion.neutral_mass(self.mz)


def candidates(molecules: Records, filters: Filters) -> tuple[np.ndarray, Steps]:
    """Numbers of the molecules that pass every filter, cheap filters first.

    Returns:
        ascending numbers; and what each filter left.

    Raises:
        BadInput: nothing passes, and which filter emptied the list; or a filter that cannot be.
    """
    kept = np.arange(len(molecules))
    steps: Steps = []

    def apply(name: str, passes: Callable[[np.ndarray], np.ndarray], remedy: str) -> None:
        nonlocal kept
        before = len(kept)
        kept = kept[passes(kept)]
        steps.append((name, len(kept)))
        if not len(kept):
            raise BadInput(f"none of {before} molecules {name}", remedy=remedy)

    if filters.formula is not None:
        wanted = hill(filters.formula)
        apply(
            f"has the formula {wanted}",
            lambda k: _equal(molecules, k, wanted),
            "Check the formula, or search without --formula.",
        )
    mass = filters.neutral_mass()
    if mass is not None:
        width = abs(mass) * filters.ppm * 1e-6
        apply(
            f"has a mass of {mass:.4f} Da within {filters.ppm:g} ppm",
            lambda k: np.abs(molecules.mass[k] - mass) <= width,
            "--mass takes the neutral exact mass, --mz that of the ion; widen --ppm, or leave it out.",
        )
    if filters.mw is not None:
        low, high = filters.mw
        apply(
            f"has a mass between {low:g} and {high:g} Da",
            lambda k: (molecules.mass[k] >= low) & (molecules.mass[k] <= high),
            "Widen --mw.",
        )
    if filters.elements is not None:
        limits = _limits(filters.elements)
        apply(
            f"keeps to {filters.elements}",
            lambda k: _within(molecules, k, limits),
            "Loosen --elements.",
        )
    for pattern, wanted_there in [
        *((one, True) for one in filters.smarts),
        *((one, False) for one in filters.not_smarts),
    ]:
        apply(
            f"{'has' if wanted_there else 'lacks'} the substructure {pattern}",
            lambda k, p=pattern, w=wanted_there: matching(molecules.smiles(k), p) == w,  # type: ignore[misc]
            "Check the SMARTS, or leave it out.",
        )
    return kept, steps


def hill(formula: str) -> str:
    """A formula in Hill order, as the library writes it: ``"OH6C2" -> "C2H6O"``.

    Raises:
        BadInput: not a formula, or an element that does not exist.
    """
    text = formula.strip().replace(" ", "")
    match = FORMULA.fullmatch(text)
    if match is None:
        raise BadInput(
            f"{formula!r} is not a molecular formula", remedy="Write it like C9H10O2 or C6H6N+."
        )
    charge = match.group(1) or ""
    counts = _counts(text.removesuffix(charge))
    for element in counts:
        _check_element(element, formula)
    return in_hill_order(counts) + charge


def _counts(formula: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for element, number in ELEMENT.findall(formula):
        counts[element] = counts.get(element, 0) + int(number or 1)
    return counts


def _check_element(element: str, where: str) -> None:
    from rdkit.Chem import GetPeriodicTable

    try:
        GetPeriodicTable().GetAtomicNumber(element)
    except RuntimeError:
        raise BadInput(
            f"{where!r}: there is no element {element!r}", remedy="Check the formula."
        ) from None


def _limits(text: str) -> list[tuple[str, str, int]]:
    """``"C<=20,N=1"`` as element, comparison and number.

    Raises:
        BadInput: another form, or no such element.
    """
    found = []
    for part in text.replace(" ", "").split(","):
        match = LIMIT.fullmatch(part)
        if match is None:
            raise BadInput(
                f"{part!r} limits no element", remedy="Write --elements like C<=20,N=1,Cl=0."
            )
        _check_element(match[1], text)
        found.append((match[1], match[2], int(match[3])))
    return found


def _equal(molecules: Records, kept: np.ndarray, formula: str) -> np.ndarray:
    if formula not in molecules.formulas:
        return np.zeros(len(kept), dtype=bool)
    return np.asarray(molecules.formula_codes[kept] == molecules.formulas.index(formula))


def _within(
    molecules: Records, kept: np.ndarray, limits: Sequence[tuple[str, str, int]]
) -> np.ndarray:
    compare: dict[str, Callable[[int, int], bool]] = {
        "<=": int.__le__,
        ">=": int.__ge__,
        "=": int.__eq__,
        "<": int.__lt__,
        ">": int.__gt__,
    }
    passes = np.zeros(len(molecules.formulas), dtype=bool)
    codes = molecules.formula_codes[kept]
    for code in np.unique(codes):  # each formula once, however many molecules have it
        counts = _counts(molecules.formulas[code])
        passes[code] = all(compare[how](counts.get(e, 0), n) for e, how, n in limits)
    return passes[codes]
