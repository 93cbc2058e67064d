"""A few molecules that are awkward in different ways."""

from __future__ import annotations

import pytest
from rdkit import Chem

from acml_core.graphs.featurize import featurize
from acml_core.graphs.packed import PackedGraphs
from acml_core.molecule import canonicalise

SMILES = (
    "CCO",
    "C",  # no bond
    "c1ccccc1",
    "[Na+].[Cl-]",  # two atoms, no bond
    "C/C=C/C",
    "C[C@H](N)C(=O)O",
    "[He]",
    "CC(=O)Oc1ccccc1C(=O)O",
    "C1CC2CCC1C2",
)


@pytest.fixture(scope="session")
def graphs() -> list:
    """``MolGraph`` of each of ``SMILES``."""
    return [featurize(Chem.MolFromSmiles(smiles)) for smiles in SMILES]


@pytest.fixture(scope="session")
def packed(graphs: list) -> PackedGraphs:
    """``SMILES`` packed, in order."""
    return PackedGraphs.from_molecules(
        [(canonicalise(smiles), graph) for smiles, graph in zip(SMILES, graphs, strict=True)]
    )
