"""Targets of known molecules."""

from __future__ import annotations

import pytest
from rdkit import Chem

from acml_core.semantics.targets import ENVIRONMENTS, GROUPS, compute

HAS = {
    "CCOC(C)=O": {"ester"},
    "CC(C)=O": {"ketone"},
    "CC(=O)O": {"carboxylic acid"},
    "CC=O": {"aldehyde"},
    "CC(=O)NC": {"amide"},
    "CC#N": {"nitrile"},
    "C[N+](=O)[O-]": {"nitro"},
    "CCN": {"primary amine"},
    "CCNCC": {"secondary amine"},
    "CCO": {"primary alcohol"},
    "CC(C)O": {"secondary alcohol", "isopropyl"},
    "CC(C)(C)O": {"tertiary alcohol", "tert-butyl"},
    "COCC": {"dialkyl ether", "methoxy"},
    "C=CC": {"alkene", "terminal alkene"},
    "CC#CC": {"alkyne"},
    "CSC": {"thioether"},
    "c1ccncc1": {"pyridine"},
    "c1ccoc1": {"furan"},
    "Oc1ccccc1": {"phenol", "phenyl"},
    "O=C1CCCO1": {"lactone"},
    "O=C1CCCN1": {"amide", "lactam"},
    "CCCC": set(),
}


@pytest.mark.parametrize("smiles", HAS)
def test_functional_groups(smiles: str) -> None:
    targets = compute([smiles])
    found = {
        name
        for name, kind, value in zip(targets.names, targets.kind, targets.values[0], strict=True)
        if kind == "presence" and value
    }
    assert found == HAS[smiles]


def test_counts_and_properties() -> None:
    targets = compute(["CCOC(C)=O", "Cc1ccccc1"])
    ester, toluene = (dict(zip(targets.names, row, strict=True)) for row in targets.values)
    assert (ester["CH3"], ester["CH2"], ester["carbonyl C"], ester["C on O, sp3"]) == (2, 1, 1, 1)
    assert (toluene["aromatic CH"], toluene["aromatic C without H"], toluene["CH3"]) == (5, 1, 1)
    assert (toluene["rings"], toluene["rings of 6"], toluene["rings of 5"]) == (1, 1, 0)
    assert ester["TPSA"] == pytest.approx(26.3)
    assert ester["exact mass"] == pytest.approx(88.0524, abs=1e-3)
    assert (ester["H-bond donors"], ester["H-bond acceptors"]) == (0, 2)


def test_every_pattern_is_read() -> None:
    for text in (*GROUPS.values(), *ENVIRONMENTS.values()):
        assert Chem.MolFromSmarts(text) is not None, text
