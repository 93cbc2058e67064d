"""Ions expected of a molecule, remembered: the same candidates come up for spectrum after spectrum."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from rdkit import Chem

from acml_plugin_ms import cleavage
from acml_plugin_ms.fragments import fragments
from acml_plugin_ms.ions import Ion, ions

REMEMBERED = 4096
"""Molecules whose ions are kept; some 30 kB each."""


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


def expected(mol: Chem.Mol, ion: Ion) -> Expected:
    """What ``ion`` of a molecule without explicit hydrogens breaks into."""
    return _expected(Chem.MolToSmiles(mol), ion)


@lru_cache(maxsize=REMEMBERED)
def _expected(smiles: str, ion: Ion) -> Expected:
    mol = Chem.MolFromSmiles(smiles)
    found = fragments(mol)
    listed = ions(found, ion) if ion == "EI" else cleavage.ions(mol, found, ion)
    order = np.argsort(listed.mz, kind="stable")
    whole = found.bonds[listed.fragment] == 0
    return Expected(listed.mz[order], listed.weight[order].astype(np.float32), whole[order])
