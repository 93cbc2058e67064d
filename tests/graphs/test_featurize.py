"""Features against values worked out by hand, and their independence of the atoms' numbering."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from rdkit import Chem

from acml_core.graphs import featurize as scheme
from acml_core.graphs.featurize import ATOM_FEATURES, BOND_FEATURES, MolGraph, featurize

ATOM = {feature.name: i for i, feature in enumerate(ATOM_FEATURES)}
BOND = {feature.name: i for i, feature in enumerate(BOND_FEATURES)}
SP, SP2, SP3 = 0, 1, 2
NEUTRAL, PLUS, MINUS = 2, 3, 1
SINGLE, DOUBLE, TRIPLE, AROMATIC, OTHER = range(5)


def of(smiles: str) -> MolGraph:
    return featurize(Chem.MolFromSmiles(smiles))


def atom(graph: MolGraph, name: str) -> list[int]:
    return graph.atoms[:, ATOM[name]].tolist()


def bond(graph: MolGraph, name: str) -> list[int]:
    return graph.bond_features[:, BOND[name]].tolist()


def test_ethanol_in_full() -> None:
    graph = of("CCO")
    assert graph.atoms.dtype == np.uint8
    assert graph.bonds.dtype == np.int32
    assert graph.bond_features.dtype == np.uint8
    # element, degree, charge, hydrogens, hybridisation, aromatic, ring, rings, chirality, radical
    assert graph.atoms.tolist() == [
        [6, 1, NEUTRAL, 3, SP3, 0, 0, 0, 0, 0],
        [6, 2, NEUTRAL, 2, SP3, 0, 0, 0, 0, 0],
        [8, 1, NEUTRAL, 1, SP3, 0, 0, 0, 0, 0],
    ]
    assert graph.bonds.tolist() == [[0, 1], [1, 2]]
    assert graph.bond_features.tolist() == [[SINGLE, 0, 0, 0, 0]] * 2


def test_benzene() -> None:
    graph = of("c1ccccc1")
    assert graph.atoms.tolist() == [[6, 2, NEUTRAL, 1, SP2, 1, 4, 1, 0, 0]] * 6
    assert graph.bond_features.tolist() == [[AROMATIC, 1, 1, 0, 0]] * 6


def test_pyridinium() -> None:
    graph = of("c1cc[nH+]cc1")
    assert atom(graph, "charge") == [NEUTRAL] * 3 + [PLUS] + [NEUTRAL] * 2
    assert atom(graph, "hydrogens") == [1] * 6
    assert atom(graph, "element")[3] == 7


def test_single_atom_has_no_bond() -> None:
    graph = of("C")
    assert graph.atoms.tolist() == [[6, 0, NEUTRAL, 4, SP3, 0, 0, 0, 0, 0]]
    assert graph.bonds.shape == (0, 2)
    assert graph.bond_features.shape == (0, len(BOND_FEATURES))


def test_salt() -> None:
    graph = of("[Na+].[Cl-]")
    assert atom(graph, "element") == [11, 17]
    assert atom(graph, "charge") == [PLUS, MINUS]
    assert len(graph.bonds) == 0


def test_radical_and_triple_bond() -> None:
    assert atom(of("C[CH2]"), "radical") == [0, 1]
    assert atom(of("[CH2]"), "radical") == [2]
    graph = of("CC#N")
    assert bond(graph, "type") == [SINGLE, TRIPLE]
    assert atom(graph, "hybridisation") == [SP3, SP, SP]


def test_values_beyond_the_scale_are_other() -> None:
    assert atom(of("[Fe+3]"), "charge") == [5]
    assert atom(of("FS(F)(F)(F)(F)F"), "degree")[1] == 6
    assert bond(of("N->[Pt]"), "type") == [OTHER]


def test_rings() -> None:
    spiro = of("C1CC12CCC2")  # a three-ring and a four-ring share one atom
    assert atom(spiro, "ring") == [1, 1, 1, 2, 2, 2]
    assert atom(spiro, "ring_count") == [1, 1, 2, 1, 1, 1]
    assert set(atom(of("C1CCCCCCCCC1"), "ring")) == {6}
    phenalene = of("c1cc2cccc3c2c(c1)CC=C3")
    assert max(atom(phenalene, "ring_count")) == 3
    assert bond(of("C1CC1C"), "ring") == [1, 1, 0, 1]


def test_double_bond_geometry() -> None:
    trans, cis, unknown = of("C/C=C/C"), of(r"C/C=C\C"), of("CC=CC")
    assert bond(trans, "stereo") == [0, 3, 0]
    assert bond(cis, "stereo") == [0, 2, 0]
    assert bond(unknown, "stereo") == [0, 0, 0]
    assert bond(trans, "direction") == [1, 0, 1]
    assert sorted(bond(cis, "direction")) == [0, 1, 2]
    assert bond(unknown, "direction") == [0, 0, 0]
    assert bond(of("C/C=C/C"), "direction") == bond(of(r"C\C=C\C"), "direction")


def test_chirality_is_cip() -> None:
    l_alanine, d_alanine = of("C[C@H](N)C(=O)O"), of("C[C@@H](N)C(=O)O")
    assert atom(l_alanine, "chirality") == [0, 2, 0, 0, 0, 0]  # S
    assert atom(d_alanine, "chirality") == [0, 1, 0, 0, 0, 0]  # R
    # L-alanine written from the other end has the other tag and the same handedness
    assert sorted(atom(of("OC(=O)[C@@H](N)C"), "chirality")) == [0, 0, 0, 0, 0, 2]


def test_ring_centres_without_a_cip_label_tell_cis_from_trans() -> None:
    cis, trans = of("C[C@H]1CC[C@@H](C)CC1"), of("C[C@H]1CC[C@H](C)CC1")
    assert sorted(atom(cis, "chirality")) != sorted(atom(trans, "chirality"))


def test_isotopes_are_no_feature() -> None:
    assert of("[13CH3]CO").atoms.tolist() == of("CCO").atoms.tolist()


@pytest.mark.parametrize(
    "smiles",
    [
        "CC(=O)Oc1ccccc1C(=O)O",
        "C[C@H](N)C(=O)O",
        "F/C=C/C=C/Cl",
        r"CC/C=C\C[C@@H](O)/C=C/C",
        "C[C@H]1CC[C@@H](C)CC1",
        "C[C@]12CC[C@H]3[C@@H](CCc4cc(O)ccc43)[C@@H]1CC[C@@H]2O",
        "[Na+].[O-]C(=O)/C=C/c1ccccc1",
        "N->[Pt](Cl)(Cl)<-N",
    ],
)
def test_numbering_does_not_matter(smiles: str) -> None:
    mol = Chem.MolFromSmiles(smiles)
    expected = description(featurize(mol))
    shuffle = random.Random(0)
    for _ in range(20):
        order = list(range(mol.GetNumAtoms()))
        shuffle.shuffle(order)
        assert description(featurize(Chem.RenumberAtoms(mol, order))) == expected


def description(graph: MolGraph) -> tuple[Counter, Counter]:
    """Atoms, and bonds with the atoms they join, as multisets."""
    atoms = [tuple(row) for row in graph.atoms.tolist()]
    bonds = [
        (frozenset(Counter((atoms[i], atoms[j])).items()), tuple(features))
        for (i, j), features in zip(graph.bonds, graph.bond_features.tolist(), strict=True)
    ]
    return Counter(atoms), Counter(bonds)


@pytest.mark.parametrize(
    "smiles", ["[Og]", "[Ti+4]", "[CH]", "[U+6]", "FS(F)(F)(F)(F)F", "C12C3C4C1C5C2C3C45"]
)
def test_values_fit_their_size(smiles: str) -> None:
    graph = of(smiles)
    assert (graph.atoms < [feature.size for feature in ATOM_FEATURES]).all()
    assert (graph.bond_features < [feature.size for feature in BOND_FEATURES]).all()


def test_fingerprint_follows_the_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    before = scheme.fingerprint()
    assert before == scheme.fingerprint()
    monkeypatch.setattr(scheme, "FEATURES_VERSION", scheme.FEATURES_VERSION + 1)
    assert scheme.fingerprint() != before
