"""Which fragment each strong peak is, if the spectrum is that of a molecule."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from rdkit import Chem

from acml_core import adducts
from acml_core.molecule import in_hill_order
from acml_plugin_ms.cleavage import AWAY, gained
from acml_plugin_ms.expected import weighed, weight
from acml_plugin_ms.fragments import Fragments
from acml_plugin_ms.ions import Ion
from acml_plugin_ms.rerank import conditions, ion_of, peaks
from acml_plugin_ms.signal import MsSignal

STRONGEST = 20
"""Peaks that are annotated."""

EXACT_DA = 0.1
"""Peaks whose match is wider than this [Da] have no mass error worth stating."""

_NUMBER = "atom"


def annotation(
    signal: MsSignal, mol: Chem.Mol, tolerance_ppm: float, trained: bool = True
) -> list[dict[str, Any]]:
    """The strongest peaks, rising in m/z, each with the likeliest ion that lies there.

    Returns:
        rows of ``mz`` [Th], ``intensity`` (% of the base peak), ``ion`` (formula and charge; None where
        no fragment lies there), ``atoms`` (indices in ``mol``), ``bonds`` that broke, and ``error``
        [ppm], None where peaks are whole numbers.
    """
    ion = ion_of(signal)
    numbered = Chem.Mol(mol)
    for atom in numbered.GetAtoms():
        atom.SetIntProp(_NUMBER, atom.GetIdx())
    plain = Chem.RemoveHs(numbered)
    own = np.array([atom.GetIntProp(_NUMBER) for atom in plain.GetAtoms()], dtype=np.int64)
    if not len(own):
        return []
    found, place, log, slope = weighed(plain, ion, trained)
    energy, unbroken = conditions(signal, ion)
    heavy = weight(log, slope, energy)
    heavy[0] *= unbroken
    seen = peaks(signal, tolerance_ppm)
    strong = np.argsort(-seen.share, kind="stable")[:STRONGEST]
    base = seen.share.max(initial=0.0)
    rows: list[dict[str, Any]] = []
    for peak in strong[np.argsort(seen.mz[strong], kind="stable")]:
        at, width = float(seen.mz[peak]), float(seen.width[peak])
        row: dict[str, Any] = {
            "mz": round(at, 4),
            "intensity": round(100 * float(seen.share[peak] / base) ** 2, 1),
        }
        near = np.where(np.abs(place - at) <= width, heavy, 0.0)
        fragment, away = np.unravel_index(int(near.argmax()), near.shape)
        if near[fragment, away] > 0:
            row |= {
                "ion": _formula(plain, found, int(fragment), AWAY[int(away)], ion),
                "atoms": own[found.atoms[fragment]].tolist(),
                "bonds": int(found.bonds[fragment]),
                "error": _error(at, float(place[fragment, away]), width),
            }
        else:
            row |= _precursor(signal, plain, own, at, width)
        rows.append(row)
    return rows


def _precursor(
    signal: MsSignal, mol: Chem.Mol, own: np.ndarray, at: float, width: float
) -> dict[str, Any]:
    """The unbroken ion of an adduct that no fragment knows of, or nothing."""
    known = adducts.parse(signal.adduct, signal.ion_mode) if signal.adduct else None
    if known is not None:
        from rdkit.Chem.rdMolDescriptors import CalcExactMolWt

        place = known.mz(CalcExactMolWt(mol))
        if abs(at - place) <= width:
            error = _error(at, place, width)
            return {"ion": known.name, "atoms": own.tolist(), "bonds": 0, "error": error}
    return {"ion": None, "atoms": [], "bonds": None, "error": None}


def _error(at: float, place: float, width: float) -> float | None:
    """Of a peak against its ion [ppm]; None where the match is too wide to tell."""
    return round(1e6 * (at - place) / at, 1) if width < EXACT_DA else None


def _formula(mol: Chem.Mol, found: Fragments, fragment: int, away: int, ion: Ion) -> str:
    """In Hill's order, with the charge: "C7H5O+"."""
    count = Counter(
        atom.GetSymbol() for atom in mol.GetAtoms() if found.atoms[fragment, atom.GetIdx()]
    )
    count["H"] += int(found.hydrogens[fragment]) + gained(ion, away)
    return in_hill_order(+count) + ("-" if ion == "[M-H]-" else "+")
