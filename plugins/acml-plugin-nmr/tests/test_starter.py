"""The bundled table: readable, clean, labelled as simulated."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from acml_plugin_nmr.modality import Nmr
from acml_plugin_nmr.signal import MULTIPLICITIES_13C, NmrSignal

from acml_core.molecule import canonicalise, parse_smiles

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "make_starter.py"
STARTER = Nmr().starter()
MOST_BYTES = 1_000_000


@pytest.fixture(scope="module")
def table():
    return pq.read_table(STARTER)


@pytest.fixture(scope="module")
def rows(table):
    return table.to_pylist()


def left_out() -> dict[str, str]:
    """The constant of the script, read without importing csp5."""
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"))
    (found,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "LEFT_OUT"
    )
    return ast.literal_eval(found)


def test_size(table):
    assert table.num_rows == 2000
    assert STARTER.stat().st_size < MOST_BYTES


def test_metadata_says_simulated(table):
    metadata = table.schema.metadata
    assert metadata[b"acml.source"] == b"simulated"
    assert metadata[b"acml.simulator"].startswith(b"csp5 ")
    assert b"first_5K.smi" in metadata[b"acml.molecules"]
    assert b"BSD-3" in metadata[b"acml.licence"]


def test_every_row_is_a_signal(table, rows):
    assert table.column_names == ["smiles", *NmrSignal.columns()]
    for row in rows:
        signal = NmrSignal(**row)
        assert not signal.missing
        assert signal.solvent == ""
        assert all(-50 < shift < 300 for shift in signal.shifts_13c)
        assert all(-5 < shift < 20 for shift in signal.shifts_1h)


def test_molecules_are_canonical_and_unique(rows):
    molecules = [canonicalise(row["smiles"]) for row in rows]
    assert [molecule.smiles for molecule in molecules] == [row["smiles"] for row in rows]
    keys = {molecule.key for molecule in molecules}
    assert len(keys) == len(rows)


def test_peaks_count_the_atoms_of_the_molecule(rows):
    for row in rows:
        carbons = [
            atom for atom in parse_smiles(row["smiles"]).GetAtoms() if atom.GetSymbol() == "C"
        ]
        expected = Counter(MULTIPLICITIES_13C[atom.GetTotalNumHs()] for atom in carbons)
        assert Counter(row["multiplicity_13c"]) == expected, row["smiles"]
        hydrogens = sum(atom.GetTotalNumHs() for atom in parse_smiles(row["smiles"]).GetAtoms())
        assert sum(row["integral_1h"]) == hydrogens, row["smiles"]


def test_shifts_make_chemical_sense(rows):
    """The medians stand in the order that any collection of real spectra has."""
    by_letter: dict[str, list[float]] = {letter: [] for letter in MULTIPLICITIES_13C}
    for row in rows:
        for shift, letter in zip(row["shifts_13c"], row["multiplicity_13c"], strict=True):
            by_letter[letter].append(shift)
    middle = {letter: sorted(values)[len(values) // 2] for letter, values in by_letter.items()}
    assert 15 < middle["Q"] < middle["T"] < 60 < middle["D"] < middle["S"]
    assert 125 < middle["S"] < 150


@pytest.mark.skipif(not SCRIPT.exists(), reason="the script is in the source tree only")
def test_the_molecules_of_the_literature_lines_are_left_out(rows):
    assert len(left_out()) == 5
    assert not {canonicalise(row["smiles"]).key for row in rows} & set(left_out())
