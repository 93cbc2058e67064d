"""Ions expected of a molecule, remembered: the same candidates come up for spectrum after spectrum."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from rdkit import Chem

from acml_core.recent import Recent
from acml_plugin_ms import cleavage
from acml_plugin_ms.cleavage import AWAY
from acml_plugin_ms.fragments import Fragments, fragments
from acml_plugin_ms.ions import Ion, ions


class Expected(NamedTuple):
    """Ions of a molecule, (K,) each, in order of m/z.

    Attributes:
        mz: [Th].
        log: logarithm of how likely each is; of tandem spectra at the typical energy.
        slope: what is added to it for each factor e of the energy; 0 for EI.
        whole: whether it did not break.
    """

    mz: np.ndarray
    log: np.ndarray
    slope: np.ndarray
    whole: np.ndarray

    def weight(self, energy: float = 0.0) -> np.ndarray:
        """How likely each ion is, (K,).

        Args:
            energy: logarithm of the collision energy over the typical one.
        """
        return weight(self.log, self.slope, energy)


def weight(log: np.ndarray, slope: np.ndarray, energy: float) -> np.ndarray:
    """How likely ions are at an energy; see ``Expected``."""
    return np.asarray(np.exp(np.minimum(log + energy * slope, MOST_LOG)))


MOST_LOG = 15.0
"""Bound of the logarithm of a weight."""

_recent: Recent[tuple[bytes, Ion, bool], Expected] = Recent(4096)
"""By a molecule with the order of its atoms: a SMILES takes longer to write. Some 35 kB each."""


def expected(mol: Chem.Mol, ion: Ion, trained: bool = True) -> Expected:
    """What ``ion`` of a molecule breaks into.

    Args:
        trained: whether ``breaking`` corrects what the rules say.
    """
    key = (mol.ToBinary(), ion, trained)
    (found,) = _recent.of([key], lambda _: [_expected(Chem.RemoveHs(mol), ion, trained)])
    return found


def _expected(mol: Chem.Mol, ion: Ion, trained: bool) -> Expected:
    found, mz, log, slope = weighed(mol, ion, trained)
    usable = np.isfinite(log)
    unbroken = np.broadcast_to(found.bonds[:, None] == 0, usable.shape)
    place = mz[usable]
    order = np.argsort(place, kind="stable")
    columns = (place, log[usable], slope[usable], unbroken[usable])
    return Expected(*(column[order] for column in columns))


def weighed(
    mol: Chem.Mol, ion: Ion, trained: bool
) -> tuple[Fragments, np.ndarray, np.ndarray, np.ndarray]:
    """Fragments of a molecule without explicit hydrogens, and their ions.

    Returns:
        fragments; and (F, len(AWAY)) each: m/z, logarithm of the weight, -inf for what cannot be, and
        its slope.
    """
    found = fragments(mol)
    mz, log = uncorrected(mol, found, ion)
    if not trained:
        return found, mz, log, np.zeros_like(log)
    from acml_plugin_ms import breaking  # imports torch, which readers of spectra do without

    corrected = breaking.correction(mol, found, ion)
    return found, mz, log + corrected[:, 0], corrected[:, 1]


def uncorrected(mol: Chem.Mol, found: Fragments, ion: Ion) -> tuple[np.ndarray, np.ndarray]:
    """m/z and logarithm of the weight of each fragment with each change of hydrogens, by rules.

    Returns:
        (F, len(AWAY)) each, -inf for what cannot be; tandem spectra by ``cleavage``, EI by ``ions``.
    """
    if ion != "EI":
        return cleavage.logs(mol, found, ion)
    listed = ions(found, ion)
    mz, log = np.zeros((len(found.mass), len(AWAY))), np.full((len(found.mass), len(AWAY)), -np.inf)
    to = listed.fragment, listed.shift - AWAY[0]
    mz[to], log[to] = listed.mz, np.log(listed.weight)
    return mz, log
