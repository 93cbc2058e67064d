"""The bundled table, and the picture of a spectrum."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest
from acml_plugin_ms.modality import Ms
from acml_plugin_ms.signal import MsSignal

from acml_core.data import table
from acml_core.errors import BadInput
from acml_core.molecule import canonicalise

MOST_BYTES = 1_000_000


def test_starter_is_labelled_as_simulated_and_clean():
    path = Ms().starter()
    assert path.stat().st_size < MOST_BYTES
    assert pq.read_schema(path).metadata[b"acml.source"] == b"simulated"
    found = table.read(path, MsSignal)
    assert not found.rejects
    assert len(found.signals) == 3000
    assert {one.instrument_type for one in found.signals} == {"EI-simulated", "ESI-simulated"}
    smiles = list(dict.fromkeys(one.smiles for one in found.signals))
    assert len(smiles) == 1500
    molecules = [canonicalise(text) for text in smiles[::15]]
    assert [molecule.smiles for molecule in molecules] == smiles[::15]
    for molecule in molecules:
        tandem = next(
            one for one in found.signals if one.smiles == molecule.smiles and one.precursor_mz
        )
        assert tandem.precursor_mz == pytest.approx(molecule.mass + 1.007276, abs=1e-4)


def test_sticks_precursor_and_labels():
    signal = MsSignal(
        mz=(110.0713, 138.0662, 138.2), intensity=(32, 100, 50), precursor_mz=195.0877
    )
    (axes,) = Ms().draw(signal).axes
    assert axes.get_xlabel() == "m/z [Th]"
    assert axes.get_ylabel() == "relative intensity [%]"
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["138.0662", "110.0713"]  # the crowded weaker one has none
    assert axes.get_legend().get_texts()[0].get_text() == "precursor 195.0877"
    assert axes.get_xlim()[1] > 195.0877


def test_unit_mass_is_labelled_without_decimals():
    (axes,) = Ms().draw(MsSignal(mz=(43, 86), intensity=(100, 20))).axes
    assert [text.get_text() for text in axes.texts] == ["43", "86"]


def test_no_peaks_is_a_clear_error():
    with pytest.raises(BadInput, match="no peaks"):
        Ms().draw(MsSignal(precursor_mz=100.0))
