"""Morgan fingerprints of molecules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rdkit.Chem import rdFingerprintGenerator

from acml_core.molecule import parse_smiles

RADIUS = 2
"""Bonds about each atom that a Morgan fingerprint looks at."""


def fingerprints(smiles: Sequence[str], bits: int) -> np.ndarray:
    """Packed Morgan fingerprints (Rogers and Hahn 2010, doi 10.1021/ci100050t), as bits.

    Args:
        smiles: canonical SMILES, one molecule or more.
        bits: length of a fingerprint.

    Returns:
        ``(n, ceil(bits / 8))`` uint8; ``numpy.unpackbits(..., axis=1)[:, :bits]`` unpacks them.
    """
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=bits)
    return np.stack(
        [np.packbits(generator.GetFingerprintAsNumPy(parse_smiles(one))) for one in smiles]
    )
