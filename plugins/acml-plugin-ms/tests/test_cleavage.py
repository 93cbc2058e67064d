"""Which bonds break in a tandem spectrum: kinds of bonds, ions, and isomers told apart."""

from __future__ import annotations

import json

import numpy as np
import pytest
from acml_plugin_ms import cleavage
from acml_plugin_ms.fragments import fragments
from acml_plugin_ms.rerank import rerank
from acml_plugin_ms.signal import MsSignal
from rdkit import Chem


def kinds(smiles: str) -> list[str]:
    mol = Chem.MolFromSmiles(smiles)
    return sorted({cleavage.BONDS[cleavage.kind(bond)] for bond in mol.GetBonds()})


@pytest.mark.parametrize(
    ("smiles", "expected"),
    [
        ("CCC", ["C-C"]),
        ("CCN", ["C-C beside a heteroatom or sp2", "C-N"]),
        ("CC(=O)OC", ["C-O", "acyl C-C", "acyl C-O", "double or triple"]),
        ("CC(=O)Nc1ccccc1", ["acyl C-C", "acyl C-N", "aromatic", "aryl C-N", "double or triple"]),
        ("Cc1ccc(OC)cc1", ["C-O", "aromatic", "aryl C-C", "aryl C-O"]),
        ("C1CCNCC1", ["C-C in a ring", "C-hetero in a ring"]),
        ("CS(=O)(=O)N", ["double or triple", "to another element"]),
        ("C[Si](C)(C)C", ["to another element"]),
        ("CNN", ["C-N", "between heteroatoms"]),
        ("ClCCl", ["C-halogen"]),
    ],
)
def test_kinds_of_bonds(smiles: str, expected: list[str]) -> None:
    assert kinds(smiles) == expected


def test_the_fitted_table_is_whole_and_breaking_costs() -> None:
    table = json.loads(cleavage.TABLE.read_text())
    assert set(table) == set(cleavage.TERMS)
    assert all(table[name] < 0 for name in cleavage.BONDS)
    assert table["aromatic"] < table["C-N"]
    assert table["odd electrons"] < 0


def test_ions_of_a_deprotonated_acid() -> None:
    """Benzoate loses carbon dioxide, and the phenyl anion weighs more than a broken ring."""
    mol = Chem.MolFromSmiles("OC(=O)c1ccccc1")
    found = cleavage.ions(mol, fragments(mol), "[M-H]-")
    assert np.abs(found.mz - 121.0295).min() < 2e-4
    phenyl = found.weight[np.abs(found.mz - 77.0397) < 2e-4].max()
    ring = found.weight[np.abs(found.mz - 51.0240) < 2e-4].max()  # C4H3-
    assert phenyl > 2 * ring


def spectrum(precursor: float, *mz: float) -> MsSignal:
    return MsSignal(
        mz=mz,
        intensity=tuple(1000.0 for _ in mz),
        precursor_mz=precursor,
        adduct="[M+H]+",
        ion_mode="POSITIVE",
        ms_type="MS2",
        instrument_type="LC-ESI-QTOF",
    )


@pytest.mark.parametrize(
    ("smiles", "signal"),
    [
        # paracetamol loses ketene; methyl anthranilate loses methanol; C8H9NO2 both
        ("CC(=O)Nc1ccc(O)cc1", spectrum(152.0706, 110.0600)),
        ("COC(=O)c1ccccc1N", spectrum(152.0706, 120.0444)),
        # hippuric acid gives the benzoyl cation, its isomer 4-acetamidobenzoic acid loses ketene
        ("O=C(O)CNC(=O)c1ccccc1", spectrum(180.0655, 105.0335)),
        ("CC(=O)Nc1ccc(cc1)C(=O)O", spectrum(180.0655, 138.0550)),
    ],
)
def test_isomers_are_told_apart_by_what_breaks_easily(smiles: str, signal: MsSignal) -> None:
    every = {
        "C8H9NO2": ["CC(=O)Nc1ccc(O)cc1", "COC(=O)c1ccccc1N"],
        "C9H9NO3": ["O=C(O)CNC(=O)c1ccccc1", "CC(=O)Nc1ccc(cc1)C(=O)O"],
    }
    candidates = next(group for group in every.values() if smiles in group)
    scores = rerank(signal, [Chem.MolFromSmiles(one) for one in candidates], 10)
    assert candidates[int(np.argmax(scores))] == smiles
    assert scores[0] != pytest.approx(scores[1])
