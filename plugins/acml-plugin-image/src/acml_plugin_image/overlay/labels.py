"""What a label in a drawing says: a symbol of an element or an abbreviation, a charge, hydrogens."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from rdkit import Chem

from acml_plugin_image.depict import DISPLAYED, abbreviations

NOTHING, OFF = "", "off"
"""No letters; a place that is not a label's own, but another of its letters or beside it."""


ELEMENTS = tuple(Chem.GetPeriodicTable().GetElementSymbol(number) for number in range(1, 119))


@cache
def symbols() -> tuple[str, ...]:
    """What a label says first: nothing, off, an element, or an abbreviation as RDKit writes it."""
    return (NOTHING, OFF, *ELEMENTS, *dict.fromkeys(one.displayLabel for one in abbreviations()))


def is_element(symbol: Any) -> Any:
    """Whether places in ``symbols()``, an array or tensor, are elements, with charges and hydrogens."""
    return (symbol > 1) & (symbol < 2 + len(ELEMENTS))


CHARGES = (-3, -2, -1, 0, 1, 2, 3, 4)
"""That are told apart; what lies beyond counts as the nearest."""

HYDROGENS = 5
"""0 to 4 of them in a label."""


class Label(NamedTuple):
    """Places of a label's parts in ``symbols()``, ``CHARGES`` and the number of hydrogens."""

    symbol: int
    charge: int
    hydrogens: int


@cache
def _places() -> dict[str, int]:
    return {symbol: place for place, symbol in enumerate(symbols())}


def label(symbol: str, charge: int = 0, hydrogens: int = 0) -> Label:
    """Of a symbol in ``symbols()``."""
    charge = min(max(charge, CHARGES[0]), CHARGES[-1])
    return Label(_places()[symbol], CHARGES.index(charge), min(hydrogens, HYDROGENS - 1))


def label_of(atom: Chem.Atom) -> Label:
    """What letters of a drawing say at an atom, if there are any."""
    if atom.GetAtomicNum():
        return label(atom.GetSymbol(), atom.GetFormalCharge(), atom.GetTotalNumHs())
    shown = atom.GetProp(DISPLAYED) if atom.HasProp(DISPLAYED) else OFF
    return label(shown if shown in _places() else OFF)


def agreement(seen: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Log probabilities that labels say what is expected.

    Args:
        seen: (..., symbols + charges + hydrogens), of ``label_reader.read``.
        said: (..., 3), ``Label`` of each.
    """
    first, second = len(symbols()), len(symbols()) + len(CHARGES)

    def taken(place: np.ndarray) -> np.ndarray:
        return np.take_along_axis(seen, place[..., None], axis=-1)[..., 0]

    symbol = said[..., 0]
    rest = taken(first + said[..., 1]) + taken(second + said[..., 2])
    return taken(symbol) + np.where(is_element(symbol), rest, 0.0)
