"""Fit the numbers of the force field's spectra to GFN2-xTB: about 2 minutes of one core.

    pip install "acml-plugin-ir[simulate]"
    python scripts/simulate_table.py real_molecules.parquet --method tblite --out lines
    python scripts/fit_force_field.py lines --out src/acml_plugin_ir/data/force_field.json

The molecules are those whose lines ``simulate_table.py`` has computed, none of the test side of the
split; no measured spectrum enters. Two linear problems, each solved by ridge regression in
mass-weighted motion, where a light atom counts for more:

``dipole``
    the numbers of ``bond_dipoles`` from GFN2-xTB's dipole derivatives.
``stretch``
    stiffness added to the stretches of multiple bonds, from the difference of the two Hessians.

Every ``HELD_OUT``-th molecule is left out first, to say how good the numbers are; then all are used.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")  # molecules this small gain nothing from more

import numpy as np
import pyarrow.parquet as pq
from acml_plugin_ir import force_field, xtb
from acml_plugin_ir.bond_dipoles import terms
from acml_plugin_ir.harmonic import BOHR_PER_ANGSTROM, masses_of
from rdkit import RDLogger
from tqdm import tqdm

from acml_core.errors import BadInput
from acml_core.files import write_text
from acml_core.molecule import parse_smiles

HEAVY_ATOMS = 8
"""Of the largest molecules used: GFN2-xTB's cost grows with about the cube."""

COARSE, FINE = 1e-4, 0.1
"""Ridge penalties [(e/sqrt(dalton))^2 per e^2] of numbers by elements, and of all others: these stay
near 0 where few molecules speak for them."""

STIFFNESS = 1e-3
"""Ridge penalty of stiffnesses, of their mean curvature in the fit."""

SHARE = 0.5
"""Share of the difference between the Hessians that is taken over: the two methods err about as much,
and in different bonds, so the mean of both errs less."""

LEAST_MOLECULES = 20
"""A stiffness that fewer molecules speak for is left out."""

ORDERS = ("DOUBLE", "TRIPLE")
"""Bonds whose stretch is corrected: it is a band of its own, which single bonds do not have."""

HELD_OUT = 4
DECIMALS = 5


class Sample(NamedTuple):
    """One molecule: ``columns`` (K, 3M) of dipole derivatives a number each, which should add up to
    ``slopes`` (3M,); ``stretches`` (B, M) whose squares should add up to ``difference`` (M, M)."""

    keys: list[str]
    columns: np.ndarray
    slopes: np.ndarray
    bonds: list[str]
    stretches: np.ndarray
    difference: np.ndarray


def sample(smiles: str) -> Sample | None:
    """What one molecule says; None for one that either method fails for."""
    try:
        found = xtb.response(parse_smiles(smiles))
    except BadInput as error:
        print(error, file=sys.stderr)
        return None
    full, positions = found.full, found.positions
    types = force_field.typed(full)
    if types is None:
        return None
    basis = found.basis / np.sqrt(np.repeat(masses_of(full), 3))[:, None]
    columns: dict[str, np.ndarray] = {}
    for term in terms(full, types, positions):
        tensor = np.zeros((len(positions), 3, 3))
        tensor[list(term.atoms)] = term.blocks
        slopes = (basis.T @ tensor.reshape(-1, 3)).ravel()
        for key in term.keys:
            columns[key] = columns.get(key, 0.0) + slopes
    bonds = list(full.GetBonds())
    full.GetConformer().SetPositions(positions / BOHR_PER_ANGSTROM)
    turned = _rotation(force_field.relaxed(full, types), positions)
    blocks = np.kron(np.eye(len(positions)), turned)
    hessian = blocks @ force_field.hessian(full, types) @ blocks.T
    return Sample(
        keys=list(columns),
        columns=np.array(list(columns.values())),
        slopes=found.slopes.ravel(),
        bonds=[force_field.stretch_key(bond) for bond in bonds],
        stretches=np.array([basis.T @ force_field.stretch(bond, positions) for bond in bonds]),
        difference=xtb.SCALE**2 * found.forces - basis.T @ hessian @ basis,
    )


def _rotation(moved: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """Rotation (3, 3) that lays one geometry on the other (Kabsch, Acta Cryst. A 1976, 32, 922)."""
    left, _, right = np.linalg.svd((moved - moved.mean(0)).T @ (fixed - fixed.mean(0)))
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    return (left * signs @ right).T


def dipole(samples: list[Sample]) -> dict[str, float]:
    """Numbers of ``bond_dipoles``, sorted by key."""
    keys = sorted({key for one in samples for key in one.keys})
    place = {key: number for number, key in enumerate(keys)}
    left, right = np.zeros((len(keys), len(keys))), np.zeros(len(keys))
    for one in samples:
        at = [place[key] for key in one.keys]
        left[np.ix_(at, at)] += one.columns @ one.columns.T
        right[at] += one.columns @ one.slopes
    coarse = [key.split()[0] in ("rest", "flux") and not key[-1].isdigit() for key in keys]
    penalty = np.where(coarse, COARSE, FINE)
    return dict(zip(keys, np.linalg.solve(left + np.diag(penalty), right).tolist(), strict=True))


def stretch(samples: list[Sample]) -> dict[str, float]:
    """Stiffnesses of all bonds are fitted together; those of ``ORDERS`` are kept."""
    count = Counter(key for one in samples for key in set(one.bonds))
    keys = sorted(count)
    place = {key: number for number, key in enumerate(keys)}
    left, right = np.zeros((len(keys), len(keys))), np.zeros(len(keys))
    for one in samples:
        at = np.array([place[key] for key in one.bonds])
        np.add.at(left, (at[:, None], at), (one.stretches @ one.stretches.T) ** 2)
        pull = np.einsum("bm,mn,bn->b", one.stretches, one.difference, one.stretches)
        np.add.at(right, at, pull)
    penalty = STIFFNESS * np.diag(left).mean() * np.eye(len(keys))
    found = dict(zip(keys, SHARE * np.linalg.solve(left + penalty, right), strict=True))
    return {
        key: float(value)
        for key, value in found.items()
        if key.split()[0] in ORDERS and count[key] >= LEAST_MOLECULES
    }


def explained(samples: list[Sample], numbers: dict[str, float]) -> float:
    """Share of the variance of the dipole derivatives that the numbers explain."""
    rest = total = 0.0
    for one in samples:
        left = one.slopes - np.array([numbers.get(key, 0.0) for key in one.keys]) @ one.columns
        rest, total = rest + float(left @ left), total + float(one.slopes @ one.slopes)
    return 1 - rest / total


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("lines", type=Path, help="folder that simulate_table.py has filled")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]

    smiles = [
        row["smiles"]
        for file in sorted(options.lines.glob("lines-*.parquet"))
        for row in pq.read_table(file, columns=["smiles", "heavy_atoms"]).to_pylist()
        if row["heavy_atoms"] <= HEAVY_ATOMS
    ]
    if not smiles:
        sys.exit(f"no lines in {options.lines}")
    samples = [found for text in tqdm(smiles) if (found := sample(text)) is not None]
    used = [one for number, one in enumerate(samples) if number % HELD_OUT]
    held = samples[::HELD_OUT]
    numbers = dipole(used)
    print(f"{len(samples)} molecules; R2 of dipole derivatives of {len(used)} used:", end=" ")
    print(
        f"{explained(used, numbers):.3f}, of {len(held)} held out: {explained(held, numbers):.3f}"
    )
    made = {"stretch": stretch(samples), "dipole": dipole(samples)}
    rounded = {
        name: {key: value for key, one in table.items() if (value := round(one, DECIMALS))}
        for name, table in made.items()
    }
    write_text(options.out, json.dumps(rounded, indent=1) + "\n")
    print(f"{len(rounded['dipole'])} numbers of dipoles, stretches: {rounded['stretch']}")


if __name__ == "__main__":
    main()
