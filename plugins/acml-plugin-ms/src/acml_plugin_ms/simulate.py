"""Simulated spectra: every ion that the rule-based fragmenter finds, with a rough intensity.

The m/z are exact, the intensities are not: they order the ions by the bonds that must break and by
how well the fragment carries the charge. Good for training before real spectra, not for comparison
with them.
"""

from __future__ import annotations

import numpy as np
from rdkit import Chem

from acml_core.errors import BadInput
from acml_plugin_ms.fragments import MAX_ATOMS, Fragments, fragments
from acml_plugin_ms.ions import Ion, ions
from acml_plugin_ms.signal import MsSignal

LIGHTEST = {"EI": 25.0, "[M+H]+": 50.0, "[M-H]-": 50.0}
"""Lower end of the usual scan [Th]."""

PEAKS = 60
"""Strongest peaks that are kept."""

FLOOR = 0.005
"""Peaks weaker than this share of the base peak are left out."""

MOLECULAR_ION = {"EI": 0.5, "[M+H]+": 0.35, "[M-H]-": 0.35}
"""Weight of the unbroken ion before conjugation is looked at."""

CHARGE_CARRIERS = {7: 2.0, 8: 0.6, 16: 1.2, 15: 1.0}
"""How much an atom adds to a fragment's ability to hold a positive charge, by atomic number."""

AROMATIC_CARRIER = 0.25
"""The same for each aromatic atom."""

DECIMALS = 5
"""m/z of tandem spectra are rounded to this; EI spectra to whole numbers."""

INSTRUMENT = {"EI": "EI-simulated", "[M+H]+": "ESI-simulated", "[M-H]-": "ESI-simulated"}


def simulate(mol: Chem.Mol, ion: Ion = "EI") -> MsSignal:
    """The spectrum of one molecule.

    Args:
        ion: "EI" (70 eV, unit mass), or the precursor of a tandem spectrum at full resolution.

    Raises:
        BadInput: several components, a net charge, or no ion in the scanned range.
    """
    mol = Chem.RemoveHs(mol)
    smiles = Chem.MolToSmiles(mol)
    why = _refusal(mol)
    if why:
        raise BadInput(
            f"no mass spectrum can be simulated for {smiles[:80]!r}: {why}",
            remedy="Give one neutral molecule of H and other elements.",
        )
    found = fragments(mol)
    listed = ions(found, ion)
    weight = listed.weight * _carrying(mol, found, ion)[listed.fragment]
    whole = found.bonds[listed.fragment] == 0
    weight = np.where(whole, MOLECULAR_ION[ion] * weight, weight)
    mz = np.round(listed.mz) if ion == "EI" else np.round(listed.mz, DECIMALS)
    seen = mz >= LIGHTEST[ion]
    if not seen.any():
        raise BadInput(
            f"no ion of {smiles[:80]!r} lies in the scanned range",
            remedy=f"The scan begins at m/z {LIGHTEST[ion]:g}.",
        )
    places, owner = np.unique(mz[seen], return_inverse=True)
    # many ways to one m/z make it likelier, not as many times likelier
    height = np.sqrt(np.bincount(owner, weight[seen] ** 2))
    height = height / height.max()
    keep = np.sort(np.argsort(-height, kind="stable")[:PEAKS])
    keep = keep[height[keep] >= FLOOR]
    tandem = ion != "EI"
    precursor = float(np.round(listed.mz[whole][0], DECIMALS)) if tandem else 0.0
    return MsSignal(
        smiles=smiles,
        origin="rule-based fragmenter",
        mz=tuple(places[keep].tolist()),
        intensity=tuple(np.round(height[keep] * 1000, 1).tolist()),
        precursor_mz=precursor,
        adduct=ion if tandem else "",
        ion_mode="NEGATIVE" if ion == "[M-H]-" else "POSITIVE",
        ms_type="MS2" if tandem else "MS",
        instrument_type=INSTRUMENT[ion],
    )


def _refusal(mol: Chem.Mol) -> str:
    if not mol.GetNumAtoms():
        return "it has no atoms"
    if len(Chem.GetMolFrags(mol)) > 1:
        return "it has several components"
    if Chem.GetFormalCharge(mol):
        return "it bears a charge"
    if mol.GetNumAtoms() > 4 * MAX_ATOMS:
        return f"it has more than {4 * MAX_ATOMS} heavy atoms"
    return ""


def _carrying(mol: Chem.Mol, found: Fragments, ion: Ion) -> np.ndarray:
    """(F,) how well each fragment holds the charge."""
    if ion == "[M-H]-":
        each = [1.0 if atom.GetAtomicNum() in (8, 16) else 0.2 for atom in mol.GetAtoms()]
    else:
        each = [
            CHARGE_CARRIERS.get(atom.GetAtomicNum(), 0.1) + AROMATIC_CARRIER * atom.GetIsAromatic()
            for atom in mol.GetAtoms()
        ]
    total = found.atoms @ np.array(each)
    return total / (1.0 + total)
