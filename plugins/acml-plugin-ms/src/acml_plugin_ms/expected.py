"""Ions expected of a molecule, remembered: the same candidates come up for spectrum after spectrum."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from rdkit import Chem

from acml_core.recent import Recent
from acml_plugin_ms import cleavage
from acml_plugin_ms.fragments import fragments
from acml_plugin_ms.ions import Ion, ions


class Expected(NamedTuple):
    """Ions of a molecule, (K,) each, in order of m/z.

    Attributes:
        mz: [Th].
        weight: how likely each is; those of tandem spectra relative to the ion that did not break.
        whole: whether it did not break.
    """

    mz: np.ndarray
    weight: np.ndarray
    whole: np.ndarray


_recent: Recent[tuple[bytes, Ion], Expected] = Recent(4096)
"""By a molecule with the order of its atoms: a SMILES takes longer to write. Some 30 kB each."""


def expected(mol: Chem.Mol, ion: Ion) -> Expected:
    """What ``ion`` of a molecule breaks into."""
    (found,) = _recent.of([(mol.ToBinary(), ion)], lambda _: [_expected(Chem.RemoveHs(mol), ion)])
    return found


def _expected(mol: Chem.Mol, ion: Ion) -> Expected:
    found = fragments(mol)
    listed = ions(found, ion) if ion == "EI" else cleavage.ions(mol, found, ion)
    order = np.argsort(listed.mz, kind="stable")
    whole = found.bonds[listed.fragment] == 0
    return Expected(listed.mz[order], listed.weight[order].astype(np.float32), whole[order])
