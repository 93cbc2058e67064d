"""The tokeniser: every SMILES goes through and comes back, and its grammar is resolved."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from acml_plugin_smiles.tokenise import NotSmiles, detokenise, tokenise
from acml_plugin_smiles.vocabulary import NUMBER, TOKENS
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem, RDConfig

ODD = (
    "[13C@@H2-]", "[Co@OH26](F)(Cl)(Br)(I)(O)N", "C->[Fe]", "[Fe]<-C", "C~C", "C$C", "[se]1cccc1",
    "[Cu++]", "[Cu+2]", "[CH4:7]", "[H][H]", "[2H]O[2H]", "[NH4+].[Cl-]", "C%12CCCC%12", "*C*",
    "[*:1]C", "[Og]", "[te]1cccc1", "[O--]", "C-1CCCC=1", "F/C=C\\F", "[si]1ccccc1", "(C)C",
)  # fmt: skip


@cache
def molecules() -> list[str]:
    """RDKit's NCI list, as its file writes the molecules."""
    path = Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi"
    return [line.split("\t")[0] for line in path.read_text().splitlines()]


@settings(max_examples=200, deadline=None)
@given(
    number=st.integers(0, 4000),
    seed=st.integers(1, 2**31 - 1),
    kekule=st.booleans(),
    bonds=st.booleans(),
    hydrogens=st.booleans(),
)
def test_any_random_smiles_comes_back(
    number: int, seed: int, kekule: bool, bonds: bool, hydrogens: bool
) -> None:
    mol = Chem.MolFromSmiles(molecules()[number])
    if mol is None:
        return
    text = Chem.MolToRandomSmilesVect(
        mol, 1, randomSeed=seed, kekuleSmiles=kekule, allBondsExplicit=bonds,
        allHsExplicit=hydrogens,
    )[0]  # fmt: skip
    tokens, syntax = tokenise(text)
    assert detokenise(tokens) == text
    assert tokens.min() > NUMBER["<mask>"]
    assert syntax.shape == (2, len(tokens))
    assert syntax.min() >= 0
    assert syntax.max() < len(tokens)


@settings(max_examples=100, deadline=None)
@given(number=st.integers(0, 4000), seed=st.integers(1, 2**31 - 1))
def test_links_are_the_molecules_bonds(number: int, seed: int) -> None:
    """Atom to earlier atom, and ring closure to its other end: together, all bonds and no other."""
    mol = Chem.MolFromSmiles(molecules()[number])
    if mol is None:
        return
    text = Chem.MolToRandomSmilesVect(mol, 1, randomSeed=seed)[0]
    tokens, (near, link) = tokenise(text)
    written = Chem.MolFromSmiles(text, sanitize=False)
    atoms = [i for i, t in enumerate(tokens) if _is_atom(t)]
    place = {token: atom for atom, token in enumerate(atoms)}
    assert len(atoms) == written.GetNumAtoms()
    found = set()
    for i, token in enumerate(tokens):
        if i in place and link[i] != i:
            found.add(frozenset((place[i], place[link[i]])))
        elif TOKENS[token].lstrip("%").isdigit():
            found.add(frozenset((place[near[i]], place[link[i]])))
    bonds = {
        frozenset((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())) for bond in written.GetBonds()
    }
    assert found == bonds


@pytest.mark.parametrize("text", ODD)
def test_what_toolkits_seldom_write(text: str) -> None:
    tokens, _ = tokenise(text)
    assert detokenise(tokens) == text


def test_any_element_and_ring_number() -> None:
    for number in range(1, 119):
        symbol = Chem.GetPeriodicTable().GetElementSymbol(number)
        assert detokenise(tokenise(f"[{symbol}]")[0]) == f"[{symbol}]"
        assert detokenise(tokenise(f"[#{number}]")[0]) == f"[{symbol}]"
    tokens, (_, link) = tokenise("C%(123)CCC%(123)")
    assert detokenise(tokens) == "C%()CCC%()"
    assert link[1] == 4
    assert detokenise(tokenise("C%(12)CCC%(12)")[0]) == "C%12CCC%12"


def test_syntax_of_one_string_by_hand() -> None:
    """``CC(=O)[NH-]C1CC1``: where each token belongs."""
    tokens, (near, link) = tokenise("CC(=O)[NH-]C1CC1")
    text = [TOKENS[t] for t in tokens]
    assert text == ["C", "C", "(", "=", "O", ")", "[", "N", "_H", "_-", "]", *"C1CC1"]
    assert near.tolist() == [0, 1, 1, 1, 3, 1, 7, 7, 7, 7, 7, 11, 11, 13, 14, 14]
    assert link.tolist() == [0, 0, 1, 1, 1, 1, 7, 1, 7, 7, 7, 7, 14, 11, 13, 11]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("C1CC", "ring 1 is opened"),
        ("CC(C", r"without a '\)'"),
        ("CC)C", r"without a '\('"),
        ("1CC1", "without an atom"),
        ("CCX", "character 3"),
        ("C[Xx]", "no element is called 'Xx'"),
        ("C[NH", "character 2"),
        ("C[N@@@]", "is not an atom"),
        ("[#200]", "no element has that number"),
        ("", "empty"),
    ],
)
def test_what_is_no_smiles_is_refused(text: str, said: str) -> None:
    with pytest.raises(NotSmiles, match=said):
        tokenise(text)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="CNOcn()[]=#1%2@H+-./\\:*lBr", max_size=20))
def test_any_text_is_tokenised_or_refused(text: str) -> None:
    """No other exception; and what RDKit accepts is tokenised."""
    try:
        tokens, syntax = tokenise(text)
    except NotSmiles:
        mol = Chem.MolFromSmiles(text)
        assert mol is None or mol.GetNumAtoms() == 0, f"{text!r} is SMILES for RDKit"
        return
    assert np.all(syntax < len(tokens))


def _is_atom(token: int) -> bool:
    from acml_plugin_smiles.vocabulary import ATOMS

    return int(token) in ATOMS
