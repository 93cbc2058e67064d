"""Ions that a fragment may appear as: which hydrogens it gains or loses, and its m/z.

A fragment whose ``b`` bonds were broken has ``b`` open valences. In electron ionisation the radical
cation loses a radical (the fragment keeps its own hydrogens) or a molecule (one hydrogen moves). In a
tandem spectrum of a protonated molecule the even-electron rule holds: each open valence is closed by
a moved hydrogen or becomes a double bond or the charge, so that the count of hydrogens changes in
steps of two; odd-electron ions are possible and weaker. The deprotonated case mirrors it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from acml_core.adducts import ELECTRON
from acml_plugin_ms.fragments import HYDROGEN, Fragments

Ion = Literal["EI", "[M+H]+", "[M-H]-"]

SHIFT_WEIGHT = {"even": 1.0, "odd": 0.25}
"""Weight of even-electron and of odd-electron ions in a tandem spectrum."""

EI_SHIFT_WEIGHT = {0: 1.0, -1: 0.35, 1: 0.3, -2: 0.15}
"""Weight of simple cleavage, and of one or two hydrogens moved, in electron ionisation."""

COST_DECAY = 0.9
"""A fragment's weight falls with exp(-cost * this)."""


@dataclass(frozen=True)
class IonList:
    """Possible ions of one molecule.

    Attributes:
        mz: (K,) m/z [Th], not sorted.
        weight: (K,) 0 to 1, how likely the ion is by its bonds and hydrogens.
        fragment: (K,) number of the fragment each comes from.
        shift: (K,) hydrogens it gained.
    """

    mz: np.ndarray
    weight: np.ndarray
    fragment: np.ndarray
    shift: np.ndarray


def ions(found: Fragments, ion: Ion) -> IonList:
    """Every fragment with every change of hydrogens that its open valences allow."""
    mz, weight, fragment, moved = [], [], [], []
    base = np.exp(-COST_DECAY * found.cost)
    for shift, share in _shifts(found, ion):
        usable = (share > 0) & (found.hydrogens + shift >= 0)
        index = np.flatnonzero(usable)
        sign = -1.0 if ion == "[M-H]-" else 1.0
        mz.append(found.mass[index] + shift * HYDROGEN - sign * ELECTRON)
        weight.append(base[index] * share[index])
        fragment.append(index)
        moved.append(np.full(len(index), shift))
    return IonList(*(np.concatenate(each) for each in (mz, weight, fragment, moved)))


def _shifts(found: Fragments, ion: Ion) -> list[tuple[int, np.ndarray]]:
    """(hydrogens gained, weight by fragment) for each change that may occur."""
    b = found.bonds
    if ion == "EI":
        return [
            (shift, np.where(np.abs(shift) <= b, share, 0.0))
            for shift, share in EI_SHIFT_WEIGHT.items()
        ]
    # b = 0: the ion itself, one hydrogen (a proton, with the electron's mass) gained or lost
    centre = 1 if ion == "[M+H]+" else -1
    result = []
    for shift in range(-4, 5):
        away = np.abs(shift - centre)
        kind = np.where((away - b) % 2 == 0, SHIFT_WEIGHT["even"], SHIFT_WEIGHT["odd"])
        result.append((shift, np.where((away <= np.minimum(b, 3)), kind, 0.0)))
    return result
