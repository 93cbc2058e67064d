"""MassBank's table as the fits of this plugin read it: one kind of ion, by molecule and by formula."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from acml_plugin_ms.ions import Ion
from acml_plugin_ms.signal import MsSignal

KINDS: dict[Ion, dict[str, str]] = {
    "EI": {"ion_mode": "POSITIVE", "ms_type": "MS", "instrument_type": "EI-B"},
    "[M+H]+": {
        "ion_mode": "POSITIVE",
        "ms_type": "MS2",
        "instrument_type": "LC-ESI",
        "adduct": "[M+H]+",
    },
    "[M-H]-": {
        "ion_mode": "NEGATIVE",
        "ms_type": "MS2",
        "instrument_type": "LC-ESI",
        "adduct": "[M-H]-",
    },
}
"""What is said of each kind of spectrum."""

SPECTRA = 4
"""Spectra a molecule, of different energies where there are any."""


class Measured(NamedTuple):
    """Spectra of one kind of ion.

    Attributes:
        ion: the kind.
        table: MassBank's rows.
        columns: those that are looked at often, as lists.
        smiles: of each InChIKey-14.
        rows: of each InChIKey-14.
        formula: of each InChIKey-14.
        group: InChIKey-14s of each formula, sorted.
    """

    ion: Ion
    table: pa.Table
    columns: dict[str, list[Any]]
    smiles: dict[str, str]
    rows: dict[str, list[int]]
    formula: dict[str, str]
    group: dict[str, list[str]]

    def signals(self, key: str, rows: Sequence[int]) -> list[MsSignal]:
        """At most ``SPECTRA`` of a molecule's rows, as spectra."""
        energy = self.columns["collision_energy"]
        return [
            MsSignal(
                mz=self.table["mz"][row].as_py(),
                intensity=self.table["intensity"][row].as_py(),
                precursor_mz=self.columns["precursor_mz"][row] or 0.0,
                collision_energy=energy[row] or "",
                **KINDS[self.ion],
            )
            for row in chosen(rows, energy, key, SPECTRA)
        ]


def read(path: Path, ion: Ion) -> Measured:
    """All rows of one kind."""
    table = pq.read_table(path)
    kind = pc.fill_null(table["instrument_type"], "")
    if ion == "EI":
        table = table.filter(pc.or_(pc.starts_with(kind, "EI"), pc.starts_with(kind, "GC-EI")))
    else:
        table = table.filter((pc.field("ms_type") == "MS2") & (pc.field("adduct") == ion))
    names = ("inchikey14", "smiles", "formula", "collision_energy", "precursor_mz", "license")
    columns = {name: table[name].to_pylist() for name in names}
    smiles: dict[str, str] = {}
    rows: dict[str, list[int]] = defaultdict(list)
    formula: dict[str, str] = {}
    for row, key in enumerate(columns["inchikey14"]):
        smiles.setdefault(key, columns["smiles"][row])
        formula.setdefault(key, columns["formula"][row])
        rows[key].append(row)
    group: dict[str, list[str]] = defaultdict(list)
    for key in sorted(smiles):
        group[formula[key]].append(key)
    return Measured(ion, table, columns, smiles, rows, formula, group)


def chosen(rows: Sequence[int], energy: Sequence[Any], key: str, most: int) -> list[int]:
    """At most so many rows, each of another collision energy, drawn by the key alone."""
    rows = list(rows)
    random.Random(key).shuffle(rows)
    by_energy = {energy[row]: row for row in reversed(rows)}
    return list(by_energy.values())[::-1][:most]
