"""The canonicaliser: one molecule, one form, one identity."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from acml_core.errors import BadInput
from acml_core.molecule import KEY_LENGTH, MAX_ATOMS, canonicalise, parse_smiles

MOLECULES = [
    "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",
    "CC(C)Cc1ccc(cc1)[C@H](C)C(=O)O",
    "OC[C@H]1O[C@@H](O)[C@H](O)[C@@H](O)[C@@H]1O",
    r"CC/C=C\C/C=C\CCO",
    "C1CC2CCC1C2",
    "c1ccc2c(c1)[nH]c1ccccc12",
    "[Na+].CC(=O)[O-]",
    "F[P-](F)(F)(F)(F)F.CCCCn1cc[n+](C)c1",
    "CS(=O)(=O)N=[N+]=[N-]",
    "CC1(C)N([O])C(C)(C)CCC1",
    "B(O)(O)c1ccccc1",
    "[2H]C(Cl)(Cl)Cl",
    "Cl[Pt](Cl)(N)N",
    "O=C(N[C@@H](Cc1ccccc1)C(=O)O)[C@@H](N)CC(=O)O",
]


def key(smiles: str) -> str:
    return canonicalise(smiles).key


@settings(deadline=None)
@given(st.sampled_from(MOLECULES), st.integers(0, 2**32 - 1))
def test_the_form_does_not_depend_on_how_the_smiles_is_written(smiles: str, seed: int) -> None:
    mol = Chem.MolFromSmiles(smiles)
    order = list(range(mol.GetNumAtoms()))
    random.Random(seed).shuffle(order)
    written = Chem.MolToSmiles(Chem.RenumberAtoms(mol, order), canonical=False)
    assert canonicalise(written) == canonicalise(smiles)


@pytest.mark.parametrize("smiles", MOLECULES)
def test_the_canonical_form_is_a_fixed_point_and_a_molecule_gives_the_same(smiles: str) -> None:
    molecule = canonicalise(smiles)
    assert canonicalise(molecule.smiles) == molecule
    assert canonicalise(parse_smiles(smiles)) == molecule
    assert len(molecule.key) == KEY_LENGTH
    assert molecule.inchikey.startswith(molecule.key + "-")


def test_caffeine_is_what_databases_say() -> None:
    caffeine = canonicalise("CN1C=NC2=C1C(=O)N(C(=O)N2C)C")
    assert caffeine.inchikey == "RYYVLZVUVIJVGH-UHFFFAOYSA-N"
    assert caffeine.formula == "C8H10N4O2"
    assert caffeine.mass == pytest.approx(194.080376, abs=1e-5)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"),
        ("F/C=C/F", r"F/C=C\F"),
        ("[2H]C(Cl)(Cl)Cl", "ClC(Cl)Cl"),
        ("[13CH3]O", "CO"),
        ("CC(=O)O", "CC(=O)[O-]"),
        ("C[NH3+]", "CN"),
    ],
)
def test_stereoisomers_isotopes_and_protonation_share_an_identity(one: str, other: str) -> None:
    assert key(one) == key(other)
    assert canonicalise(one).smiles != canonicalise(other).smiles


@pytest.mark.parametrize(("one", "other"), [("CCO", "COC"), ("Cc1ccccc1C", "Cc1cccc(C)c1")])
def test_constitutional_isomers_do_not(one: str, other: str) -> None:
    assert key(one) != key(other)
    assert canonicalise(one).formula == canonicalise(other).formula


def test_a_salt_stays_a_salt() -> None:
    salt, base = canonicalise("C[NH3+].[Cl-]"), canonicalise("CN")
    assert "." in salt.smiles
    assert salt.key != base.key
    assert salt.formula == "CH6ClN"
    assert salt.mass > base.mass + 34


@pytest.mark.parametrize(
    ("smiles", "formula"),
    [("[CH3]", "CH3"), ("C[O]", "CH3O"), ("[He]", "He"), ("C", "CH4"), ("[Na+]", "Na+")],
)
def test_radicals_and_single_atoms_are_molecules(smiles: str, formula: str) -> None:
    assert canonicalise(smiles).formula == formula


def test_a_radical_is_another_molecule_than_the_closed_shell_one() -> None:
    assert key("C[O]") != key("CO")


def test_the_largest_molecule_is_accepted_and_a_larger_one_refused() -> None:
    assert canonicalise("C" * MAX_ATOMS).formula == f"C{MAX_ATOMS}H{2 * MAX_ATOMS + 2}"
    with pytest.raises(BadInput, match=f"1100 heavy atoms, more than {MAX_ATOMS}"):
        canonicalise("C" * 1100)
    with pytest.raises(BadInput, match="1100 heavy atoms"):
        canonicalise(Chem.MolFromSmiles("C" * 1100))


def test_a_peptide_of_500_heavy_atoms_is_accepted() -> None:
    peptide = "N" + "[C@@H](C)C(=O)N" * 100 + "CC(=O)O"
    assert parse_smiles(peptide).GetNumAtoms() == 505
    assert len(canonicalise(peptide).key) == KEY_LENGTH


@pytest.mark.parametrize(
    ("smiles", "what"),
    [
        ("", "empty"),
        ("   ", "empty"),
        (None, "empty"),
        (float("nan"), "empty"),
        ("not a smiles", "not a SMILES"),
        ("C1CC", "not a SMILES"),
        ("C(C)(C)(C)(C)C", "not a SMILES"),
        ("*CC", "wildcard"),
        ("[R1]CC", "not a SMILES"),
        ("CC[*:1]", "wildcard"),
    ],
)
def test_what_is_no_molecule_is_refused_with_a_remedy(smiles: str, what: str) -> None:
    with pytest.raises(BadInput, match=what) as caught:
        parse_smiles(smiles)
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


def test_a_mol_without_atoms_or_with_a_wildcard_is_refused_too() -> None:
    with pytest.raises(BadInput, match="no atoms"):
        canonicalise(Chem.MolFromSmiles(""))
    with pytest.raises(BadInput, match="wildcard"):
        canonicalise(Chem.MolFromSmiles("*CC"))
