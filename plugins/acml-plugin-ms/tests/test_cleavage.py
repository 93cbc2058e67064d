"""Which bonds break in a tandem spectrum: kinds of bonds, ions, and isomers told apart."""

from __future__ import annotations

import json

import numpy as np
import pytest
from acml_plugin_ms import atoms, cleavage
from acml_plugin_ms.fragments import fragments
from acml_plugin_ms.ions import Ion
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


@pytest.mark.parametrize(
    ("smiles", "expected"),
    [
        ("CCN", ["C beside a heteroatom", "amine N", "other C"]),
        ("CC(=O)OC", ["C beside a heteroatom", "C beside sp2", "acyl C", "acyl O", "oxo O"]),
        ("CC(=O)Nc1ccccc1", ["C beside sp2", "acyl C", "amide N", "aromatic C", "oxo O"]),
        ("NS(=O)(=O)c1ccncc1", ["S", "amide N", "aromatic C", "aromatic N", "oxo O"]),
        ("Oc1ccccc1", ["aromatic C", "aryl O"]),
        ("CNc1ccco1", ["C beside a heteroatom", "aromatic C", "aryl N", "aryl O"]),
        ("COCCO", ["C beside a heteroatom", "ether O", "hydroxyl O"]),
        ("C=CC#N", ["other N", "sp C", "sp2 C"]),
        ("CNO", ["C beside a heteroatom", "hydroxyl O", "other N"]),
        ("CP(C)CCl", ["C beside a heteroatom", "P", "halogen"]),
        ("C[Si](C)(C)C", ["C beside a heteroatom", "other"]),
    ],
)
def test_kinds_of_atoms(smiles: str, expected: list[str]) -> None:
    mol = Chem.MolFromSmiles(smiles)
    assert sorted({atoms.ATOMS[atoms.kind(atom)] for atom in mol.GetAtoms()}) == expected


@pytest.mark.parametrize("ion", ["[M+H]+", "[M-H]-"])
def test_the_fitted_table_is_whole_and_breaking_costs(ion: Ion) -> None:
    table = json.loads(cleavage.TABLE.read_text())[ion]
    assert list(table) == [*cleavage.TERMS, *cleavage.WHOLE]
    assert np.mean([table[name] for name in cleavage.BONDS]) < 0
    assert table["aromatic"] < table["acyl C-N"]
    assert table["odd electrons"] < 0


def test_what_describes_a_fragment() -> None:
    """The acetyl side of an amide kept an acyl C and lost an amide N, over one acyl C-N bond."""
    mol = Chem.MolFromSmiles("CC(=O)NC")
    found = fragments(mol)
    acetyl = int(np.flatnonzero((found.atoms == [True, True, True, False, False]).all(1))[0])
    terms, ends = cleavage.terms(mol, found)
    assert terms.shape == (len(found.mass), len(cleavage.FIXED))
    named = {cleavage.FIXED[i]: terms[acetyl, i] for i in np.flatnonzero(terms[acetyl])}
    assert named == {"acyl C-N": 1, "kept acyl C": 1, "lost amide N": 1}
    assert {atoms.ATOMS[i] for i in np.flatnonzero(ends[acetyl])} == {"acyl C"}
    assert not terms[0].any()  # the molecule itself
    assert not ends[0].any()
    of_bonds = terms[:, : len(cleavage.BONDS)].sum(1)
    assert (of_bonds == found.bonds).all()
    assert np.allclose(ends.sum(1), found.bonds > 0)


def test_summands_keep_their_order() -> None:
    of = cleavage.summands(np.arange(len(cleavage.TERMS) + len(cleavage.WHOLE), dtype=float))
    assert cleavage.TERMS[int(of.moved[1])] == "hydrogen gained"
    assert cleavage.TERMS[int(of.beyond)] == cleavage.BEYOND
    assert cleavage.TERMS[int(of.at[2, 1])] == "hydrogen lost at acyl C"
    assert int(of.whole[0]) == len(cleavage.TERMS)


def test_an_acyl_bond_leaves_an_acylium_ion_and_an_amine_takes_a_hydrogen() -> None:
    """Protonated N-benzylbenzamide: benzoyl cation over protonated benzaldehyde; and benzylamine."""
    mol = Chem.MolFromSmiles("O=C(NCc1ccccc1)c1ccccc1")
    mz, log = cleavage.logs(mol, fragments(mol), "[M+H]+")

    def weight(at: float) -> float:
        return float(log[np.abs(mz - at) < 5e-4].max())

    assert weight(105.0335) > weight(107.0491)  # C7H5O+, C7H7O+
    assert weight(108.0808) > weight(106.0651)  # C7H10N+, C7H8N+


def test_the_unbroken_ion_fades_with_the_energy() -> None:
    low, high = (cleavage.unbroken(energy, 250.0, "[M+H]+") for energy in ("10 eV", "60 eV"))
    assert 0 < high < low
    assert cleavage.unbroken("20 eV", 500.0, "[M+H]+") == pytest.approx(
        cleavage.unbroken("20 % (nominal)", 500.0, "[M+H]+")
    )
    assert cleavage.unbroken("", 0.0, "[M+H]+") > 0
    assert cleavage.condition("0 eV", 250.0) == pytest.approx(cleavage.condition("", 250.0))


def test_ions_of_a_deprotonated_acid() -> None:
    """Benzoate loses carbon dioxide, and the phenyl anion weighs more than a broken ring."""
    mol = Chem.MolFromSmiles("OC(=O)c1ccccc1")
    mz, log = cleavage.logs(mol, fragments(mol), "[M-H]-")
    assert np.abs(mz[np.isfinite(log)] - 121.0295).min() < 2e-4
    phenyl = log[np.abs(mz - 77.0397) < 2e-4].max()
    ring = log[np.abs(mz - 51.0240) < 2e-4].max()  # C4H3-
    assert phenyl > ring + np.log(2)


@pytest.mark.parametrize(("ion", "sign"), [("[M+H]+", 1), ("[M-H]-", -1)])
def test_the_ion_that_did_not_break_is_the_measure(ion: Ion, sign: int) -> None:
    """Its weight is 1, its m/z the precursor's, and it moves one hydrogen beyond the proton at most."""
    mol = Chem.MolFromSmiles("CC(=O)Nc1ccc(O)cc1")
    found = fragments(mol)
    mz, log = cleavage.logs(mol, found, ion)
    away = cleavage.AWAY.index(0)
    assert log[0, away] == 0
    assert mz[0, away] == pytest.approx(151.06333 + sign * 1.007276, abs=1e-4)
    assert np.isneginf(log[0, [0, -1]]).all()
    assert np.isfinite(log[found.hydrogens > 0, away]).all()


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
