"""One chunk of SMILES to molecules and graphs: what a worker process runs. Imports no torch."""

from __future__ import annotations

from acml_core.errors import BadInput
from acml_core.graphs.featurize import MolGraph, featurize
from acml_core.molecule import Molecule, canonicalise, parse_smiles

Made = tuple[Molecule, MolGraph] | str
"""A molecule and its graph, or the reason why there is none."""


def make_chunk(smiles: list[str]) -> list[Made]:
    """``make_one`` of each."""
    return [make_one(text) for text in smiles]


def make_one(text: str) -> Made:
    """Parse, canonicalise and featurise one SMILES."""
    try:
        mol = parse_smiles(text)
        return canonicalise(mol), featurize(mol)
    except BadInput as error:
        return error.what
    except Exception as error:  # RDKit raises many kinds; a row's failure is that row's alone
        return f"{type(error).__name__}: {' '.join(str(error).split())}"
