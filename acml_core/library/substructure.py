"""Which of many molecules have a substructure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rdkit import Chem

from acml_core.errors import BadInput
from acml_core.parallel import cores


def matching(smiles: Sequence[str], pattern: str) -> np.ndarray:
    """``(n,)`` bool; stereo is not compared. RDKit parses and matches on all cores.

    Args:
        smiles: of molecules that RDKit has parsed before.
        pattern: SMARTS.

    Raises:
        BadInput: not SMARTS.
    """
    from rdkit.Chem import rdSubstructLibrary  # late: most searches ask for no substructure

    query = Chem.MolFromSmarts(pattern)
    if query is None:
        raise BadInput(f"{pattern!r} is not SMARTS", remedy="Write it like c1ccccc1 or [CX3]=O.")
    holder = rdSubstructLibrary.CachedSmilesMolHolder()
    for text in smiles:
        holder.AddSmiles(text)
    found = np.zeros(len(smiles), dtype=bool)
    if len(smiles):
        library = rdSubstructLibrary.SubstructLibrary(holder)
        hits = library.GetMatches(
            query, useChirality=False, numThreads=cores(), maxResults=len(smiles)
        )
        found[list(hits)] = True
    return found
