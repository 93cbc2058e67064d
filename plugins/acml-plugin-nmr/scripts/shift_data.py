"""Training rows of the shift network: measured lists paired with atoms, by number or in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from acml_plugin_nmr.shifts.sets import Paired, pair_1h, pair_13c
from rdkit import Chem

from acml_core.data.split import SplitConfig, assign
from acml_core.errors import BadInput
from acml_core.graphs.featurize import featurize
from acml_core.graphs.packed import PackedGraphs
from acml_core.molecule import canonicalise, parse_smiles

NUCLEI = ("13c", "1h")


@dataclass
class Rows:
    """Molecules with their pairs, flat.

    Attributes:
        graphs: N packed molecules, atoms numbered as the pairs say.
        split: (N,) int8 index into train, validation, test, by InChIKey-14.
        exact: (N,) bool, True where the source names the atoms.
        pairs: by nucleus, for each molecule its pairs or None.
    """

    graphs: PackedGraphs
    split: np.ndarray
    exact: np.ndarray
    pairs: dict[str, list[Paired | None]]


@dataclass
class Targets:
    """The pairs of one batch, flat: what ``loss`` needs.

    Attributes:
        atom: (n,) int64 atom numbers in the batch.
        atom_group, shift_group: (n,) int64; groups are put in order apart.
        shift: (n,) float32 [ppm].
    """

    atom: torch.Tensor
    atom_group: torch.Tensor
    shift: torch.Tensor
    shift_group: torch.Tensor


def load(folder: Path) -> Rows:
    """NMRShiftDB2's lists and the assigned subset."""
    made = _Made()
    for row in pq.read_table(folder / "nmr8k_assigned.parquet").to_pylist():
        made.assigned(row)
    for row in pq.read_table(folder / "nmrshiftdb2.parquet").to_pylist():
        made.listed(row)
    graphs = PackedGraphs.from_molecules(made.molecules)
    return Rows(graphs, assign(list(graphs.keys), SplitConfig()), np.array(made.exact), made.pairs)


@dataclass
class _Made:
    molecules: list = field(default_factory=list)
    exact: list[bool] = field(default_factory=list)
    pairs: dict[str, list[Paired | None]] = field(default_factory=lambda: {n: [] for n in NUCLEI})

    def listed(self, row: dict) -> None:
        mol = self._mol(row["smiles"])
        if mol is None:
            return
        carbon = row["shifts_13c"] or []
        self._add(
            mol,
            pair_13c(mol, carbon, row["multiplicity_13c"] or []) if carbon else None,
            pair_1h(mol, row["shifts_1h"]) if row["shifts_1h"] else None,
            exact=False,
        )

    def assigned(self, row: dict) -> None:
        mol = self._mol(row["mapped_smiles"])
        if mol is None:
            return
        index = {a.GetAtomMapNum(): a.GetIdx() for a in mol.GetAtoms()}
        for atom in mol.GetAtoms():
            atom.SetAtomMapNum(0)
        found = []
        for nucleus in NUCLEI:
            numbers, shifts = row[f"atoms_{nucleus}"], row[f"shifts_{nucleus}"]
            found.append(_exact([index[n] for n in numbers], shifts) if shifts else None)
        self._add(mol, found[0], found[1], exact=True)

    def _mol(self, smiles: str) -> Chem.Mol | None:
        try:
            return parse_smiles(smiles)
        except BadInput:
            return None

    def _add(
        self, mol: Chem.Mol, carbon: Paired | None, hydrogen: Paired | None, *, exact: bool
    ) -> None:
        if carbon is None and hydrogen is None:
            return
        self.molecules.append((canonicalise(mol), featurize(mol)))
        self.exact.append(exact)
        self.pairs["13c"].append(carbon)
        self.pairs["1h"].append(hydrogen)


def _exact(atoms: list[int], shifts: list[float]) -> Paired:
    """Named atoms: several shifts of one atom (CH2) become their mean, and each is its own group."""
    atom, where = np.unique(np.array(atoms), return_inverse=True)
    mean = np.bincount(where, weights=shifts) / np.bincount(where)
    group = np.arange(len(atom))
    return Paired(atom, group, mean, group)


def targets(rows: Rows, nucleus: str, index: np.ndarray) -> Targets | None:
    """The pairs of a batch of molecules; None where there are none."""
    start = rows.graphs.atom_offsets.numpy()
    first = np.concatenate([[0], np.cumsum(start[index + 1] - start[index])])[:-1]
    found = [
        (pair, first[place], place)
        for place, i in enumerate(index)
        if (pair := rows.pairs[nucleus][i]) is not None and len(pair.atom)
    ]
    if not found:
        return None
    wide = 1024  # more groups than one molecule can have
    return Targets(
        *(
            torch.from_numpy(np.concatenate(parts))
            for parts in (
                [pair.atom + offset for pair, offset, _ in found],
                [pair.atom_kind + wide * place for pair, _, place in found],
                [pair.shift.astype(np.float32) for pair, _, _ in found],
                [pair.shift_kind + wide * place for pair, _, place in found],
            )
        )
    )


def in_order(values: torch.Tensor, group: torch.Tensor) -> torch.Tensor:
    """Positions that put ``values`` in order within their groups, groups ascending."""
    order = torch.argsort(values.detach(), stable=True)
    return order[torch.argsort(group[order], stable=True)]


def batches(index: np.ndarray, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Molecule numbers in random batches."""
    order = rng.permutation(index)
    for start in range(0, len(order), size):
        yield order[start : start + size]
