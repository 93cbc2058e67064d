"""The bundled table: readable, clean, labelled as simulated."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest
from acml_plugin_ir.modality import STARTER
from acml_plugin_ir.signal import IrSignal

from acml_core.data import table
from acml_core.molecule import canonicalise

MOST_BYTES = 1_000_000


@pytest.fixture(scope="module")
def starter():
    return table.read(STARTER, IrSignal)


def test_size_and_label(starter):
    assert len(starter.signals) == 300
    assert not starter.rejects
    assert STARTER.stat().st_size < MOST_BYTES
    assert starter.metadata["source"] == "simulated"
    assert starter.metadata["simulator"].startswith("tblite")
    assert "BSD-3" in starter.metadata["licence"]


def test_molecules_are_canonical_and_unique(starter):
    molecules = [canonicalise(one.smiles) for one in starter.signals]
    assert [m.smiles for m in molecules] == [one.smiles for one in starter.signals]
    assert len({m.key for m in molecules}) == len(molecules)


def test_spectra_make_chemical_sense(starter):
    """Nitriles absorb between 2200 and 2400 cm-1 far more than alkanes without triple bonds do."""
    from acml_plugin_ir.modality import Ir

    plugin = Ir()
    grid = plugin.config.grid()
    window = (grid > 2200) & (grid < 2400)
    triple, none = [], []
    for one in starter.signals:
        height = plugin.prepare(one)["absorbance"][window].max()
        (triple if "C#N" in one.smiles else none).append(height)
    assert len(triple) >= 3
    assert sorted(triple)[len(triple) // 2] > 5 * sorted(none)[len(none) // 2]


def test_columns():
    assert pq.read_schema(STARTER).names == ["smiles", "wavenumber", "absorbance", "state"]
