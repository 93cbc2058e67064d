"""How well a molecule's predicted shifts explain a measured sample, and which peak is which atom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rdkit import Chem

from acml_core.recent import Recent
from acml_plugin_nmr.prepare import CLASSES_13C, prepare
from acml_plugin_nmr.shifts.assign import AssignSettings, Pairing, Peaks, pair
from acml_plugin_nmr.shifts.predict import Shifts, predict
from acml_plugin_nmr.shifts.sets import HYDROGENS_OF, Sites, bearers, carbons
from acml_plugin_nmr.signal import NmrSignal

SETTINGS = (
    AssignSettings(),
    AssignSettings(
        widen=0.75, outlier=12.0, missing=0.77, missing_exchangeable=0.2, extra=8.0, shared=1.25
    ),
)
"""Costs for 13C and 1H, fitted on validation molecules by ``scripts/fit_assign.py``."""

NUCLEI = ("13C", "1H")
_HYDROGENS = {CLASSES_13C[letter]: number for letter, number in HYDROGENS_OF.items()}


@dataclass(frozen=True)
class Expected:
    """What is needed of a molecule to compare it with any sample.

    Attributes:
        sites: of 13C and of 1H: one atom a symmetry set.
        centre, scale: of each site, by nucleus [ppm].
        exchangeable: sites of 1H on other atoms than carbon.
    """

    sites: tuple[Sites, Sites]
    centre: tuple[np.ndarray, np.ndarray]
    scale: tuple[np.ndarray, np.ndarray]
    exchangeable: np.ndarray


_recent: Recent[bytes, Expected] = Recent(4096)
"""By a molecule with the order of its atoms, which a SMILES does not tell; some 20 MB."""


def expect(mols: Sequence[Chem.Mol]) -> list[Expected]:
    """Expected peaks of molecules, remembered: whoever ranks first is shown atom by atom next, and
    one library's candidates come again and again. Not to be written to."""

    def make(new: Sequence[int]) -> Iterator[Expected]:
        some = [mols[number] for number in new]
        return map(_expected, some, predict(some))

    return _recent.of([mol.ToBinary() for mol in mols], make)


def _expected(mol: Chem.Mol, shifts: Shifts) -> Expected:
    both = (carbons(mol).distinct(), bearers(mol).distinct())
    centre = [shifts.centre[sites.atom, column] for column, sites in enumerate(both)]
    scale = [shifts.scale[sites.atom, column] for column, sites in enumerate(both)]
    others = np.array([mol.GetAtomWithIdx(int(i)).GetAtomicNum() != 6 for i in both[1].atom])
    return Expected(both, (centre[0], centre[1]), (scale[0], scale[1]), others.astype(bool))


def observed(signal: NmrSignal) -> tuple[Peaks, Peaks]:
    """Distinct peaks of a sample, 13C and 1H."""
    arrays = prepare(signal)
    found = []
    for column in (0, 1):
        here = arrays["nucleus"] == column
        hydrogens = [
            _HYDROGENS.get(int(kind), -1) if column == 0 else -1 for kind in arrays["kind"][here]
        ]
        found.append(
            Peaks(arrays["shift"][here].astype(np.float64), np.array(hydrogens, dtype=np.int64))
        )
    return found[0], found[1]


def pairings(
    peaks: tuple[Peaks, Peaks],
    expected: Expected,
    settings: tuple[AssignSettings, AssignSettings] = SETTINGS,
) -> tuple[Pairing | None, Pairing | None]:
    """The likeliest pairing of each nucleus; None where it was not measured."""
    made: list[Pairing | None] = []
    for column in (0, 1):
        if not len(peaks[column].shift):
            made.append(None)
            continue
        made.append(
            pair(
                peaks[column],
                expected.sites[column],
                expected.centre[column],
                expected.scale[column],
                settings[column],
                exchangeable=expected.exchangeable if column else None,
            )
        )
    return made[0], made[1]


def log_likelihoods(signal: NmrSignal, mols: Sequence[Chem.Mol]) -> np.ndarray:
    """``(len(mols),)`` log likelihood of the sample under each molecule, up to a constant."""
    peaks = observed(signal)
    return np.array(
        [
            -sum(found.cost for found in pairings(peaks, one) if found is not None)
            for one in expect(mols)
        ]
    )


def assignment(signal: NmrSignal, mol: Chem.Mol) -> list[dict[str, Any]]:
    """Each peak with the atom that likeliest gives it.

    Returns:
        rows of ``nucleus``, ``shift`` [ppm], ``atom`` (index in ``mol``, or None), ``predicted``
        [ppm], ``error`` [ppm] and ``width`` [ppm], the error that the prediction itself expects.
    """
    peaks = observed(signal)
    (expected,) = expect([mol])
    rows: list[dict[str, Any]] = []
    for column, found in enumerate(pairings(peaks, expected)):
        if found is None:
            continue
        for peak, site in enumerate(found.site_of):
            known = site >= 0
            rows.append(
                {
                    "nucleus": NUCLEI[column],
                    "shift": round(float(peaks[column].shift[peak]), 3),
                    "atom": int(expected.sites[column].atom[site]) if known else None,
                    "predicted": round(float(expected.centre[column][site]), 2) if known else None,
                    "error": round(float(found.gap[peak]), 2) if known else None,
                    "width": round(float(expected.scale[column][site]), 2) if known else None,
                }
            )
    return rows
