"""Filters that leave candidates out before scoring."""

from __future__ import annotations

import re

import numpy as np

from acml_core.errors import BadInput
from acml_core.graphs.packed import PackedGraphs

ELEMENT = re.compile(r"([A-Z][a-z]?)(\d*)")
FORMULA = re.compile(r"(?:[A-Z][a-z]?\d*)+([+-]\d*)?")


def hill(formula: str) -> str:
    """A formula in Hill order, as the library writes it: ``"OH6C2" -> "C2H6O"``.

    Raises:
        BadInput: not a formula, or an element that does not exist.
    """
    from rdkit.Chem import GetPeriodicTable

    text = formula.strip().replace(" ", "")
    match = FORMULA.fullmatch(text)
    if match is None:
        raise BadInput(
            f"{formula!r} is not a molecular formula", remedy="Write it like C9H10O2 or C6H6N+."
        )
    charge = match.group(1) or ""
    table = GetPeriodicTable()
    counts: dict[str, int] = {}
    for element, number in ELEMENT.findall(text.removesuffix(charge)):
        try:
            table.GetAtomicNumber(element)
        except RuntimeError:
            raise BadInput(
                f"{formula!r}: there is no element {element!r}", remedy="Check the formula."
            ) from None
        counts[element] = counts.get(element, 0) + int(number or 1)
    first = [e for e in ("C", "H") if e in counts] if "C" in counts else []
    order = first + sorted(e for e in counts if e not in first)
    return "".join(e + (str(counts[e]) if counts[e] > 1 else "") for e in order) + charge


def candidates(
    graphs: PackedGraphs, *, formula: str | None, mass: float | None, ppm: float
) -> np.ndarray:
    """Numbers of the molecules that pass every filter.

    Args:
        mass: exact (monoisotopic) neutral mass [Da].
        ppm: half width of the mass window.

    Raises:
        BadInput: nothing passes; says which filter emptied the list.
    """
    kept = np.arange(len(graphs))
    if formula is not None:
        wanted = hill(formula)
        kept = kept[np.asarray(graphs.formula)[kept] == wanted]
        if not len(kept):
            raise BadInput(
                f"none of the {len(graphs)} molecules has the formula {wanted}",
                remedy="Check the formula, or search without --formula.",
            )
    if mass is not None:
        if not mass > 0 or not ppm > 0:
            raise BadInput("--mass and --ppm must be above zero", remedy="Give Da and ppm.")
        before = len(kept)
        near = np.abs(np.asarray(graphs.mass)[kept] - mass) <= mass * ppm * 1e-6
        kept = kept[near]
        if not len(kept):
            raise BadInput(
                f"none of {before} molecules has a mass of {mass} Da within {ppm} ppm",
                remedy="--mass takes the neutral exact mass; widen --ppm, or leave it out.",
            )
    return kept
