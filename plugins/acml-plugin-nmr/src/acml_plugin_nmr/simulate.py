"""13C and 1H peak lists of molecules, from the shift network that the plugin brings."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from rdkit import Chem

from acml_core.errors import BadInput
from acml_plugin_nmr.shifts.predict import Shifts, predict
from acml_plugin_nmr.shifts.sets import Sites, bearers, carbons
from acml_plugin_nmr.signal import MULTIPLICITIES_13C, NmrSignal

DECIMALS = (2, 3)
"""Of shifts [ppm], 13C and 1H."""

ORIGIN = "acml shift network 1"


def simulate_many(
    mols: Sequence[Chem.Mol], scatter: float = 0.0, seed: int = 0
) -> list[NmrSignal | BadInput]:
    """The peak lists that molecules would give; an error in the list for one without carbon.

    Args:
        mols: sanitised, without explicit hydrogens.
        scatter: shifts are moved at random by this multiple of the error that the network expects
            of each (Laplace): 0 for the expected shifts, 1 for lists that scatter as measured ones
            do. Atoms that are alike move together.
        seed: of the scatter; the same molecule and seed give the same list.

    Returns:
        shifts [ppm] from high to low. 13C: one a carbon, equivalent carbons at the same shift, with
        multiplicities. 1H: one a set of equivalent heavy atoms that bear hydrogen, ``integral_1h``
        the number of hydrogens; no splittings. OH, NH and SH are kept. Atoms are equivalent here if
        the molecular graph without configurations says so: diastereotopic hydrogens share a shift.
    """
    return [
        _signal(mol, shifts, scatter, seed) for mol, shifts in zip(mols, predict(mols), strict=True)
    ]


def _signal(mol: Chem.Mol, shifts: Shifts, scatter: float, seed: int) -> NmrSignal | BadInput:
    smiles = Chem.MolToSmiles(mol)
    sites = (carbons(mol), bearers(mol))
    if not len(sites[0]):
        return BadInput(
            f"no NMR spectrum is simulated for {smiles[:80]!r}: it has no carbon",
            remedy="Give an organic molecule.",
        )
    digest = hashlib.sha256(f"{seed} {smiles}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    values = [_values(sites[i], shifts, i, scatter, rng) for i in (0, 1)]
    carbon = sorted(
        (
            (round(float(shift), DECIMALS[0]), MULTIPLICITIES_13C[min(int(kind), 3)])
            for shift, kind in zip(values[0], sites[0].kind, strict=True)
        ),
        reverse=True,
    )
    hydrogen = sorted(
        (
            (
                round(float(values[1][here].mean()), DECIMALS[1]),
                float(sites[1].kind[here].sum()),
            )
            for rank in np.unique(sites[1].rank)
            if (here := sites[1].rank == rank).any()
        ),
        reverse=True,
    )
    return NmrSignal(
        smiles=smiles,
        origin=ORIGIN,
        shifts_13c=tuple(shift for shift, _ in carbon),
        multiplicity_13c=tuple(letter for _, letter in carbon),
        shifts_1h=tuple(shift for shift, _ in hydrogen),
        integral_1h=tuple(count for _, count in hydrogen),
    )


def _values(
    sites: Sites, shifts: Shifts, column: int, scatter: float, rng: np.random.Generator
) -> np.ndarray:
    """``(n,)`` shift of each site [ppm]; equal within a symmetry set."""
    centre = shifts.centre[sites.atom, column].astype(np.float64)
    scale = shifts.scale[sites.atom, column]
    out = np.empty(len(sites))
    for rank in np.unique(sites.rank):
        here = sites.rank == rank
        moved = scatter * scale[here].mean() * rng.laplace() if scatter else 0.0
        out[here] = centre[here].mean() + moved
    return out
