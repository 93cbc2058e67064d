"""Prepared arrays, batches and embeddings."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from acml_plugin_ms.modality import Ms, MsConfig
from acml_plugin_ms.signal import MsSignal

from acml_core.config import parse
from acml_core.errors import ConfigError

TANDEM = MsSignal(
    mz=(110.0713, 138.0662, 195.0877),
    intensity=(32, 100, 41),
    precursor_mz=195.0877,
    adduct="[M+H]+",
    ion_mode="POSITIVE",
    ms_type="MS2",
    instrument_type="LC-ESI-QTOF",
)
EI = MsSignal(mz=(41, 43, 58, 71, 86, 87), intensity=(110, 999, 86, 118, 205, 12), ms_type="MS")


@pytest.fixture
def ms() -> Ms:
    return Ms(MsConfig(dim=24, width=48, peak_width=16))


def test_prepare_states_masses(ms):
    item = ms.prepare(TANDEM)
    assert item["masses"] == pytest.approx([195.0877, 194.0804, 195.0877], abs=1e-3)
    assert item["intensity"].max() == 1
    assert (item["unit"][0], item["known"][0]) == (0, 1)
    item = ms.prepare(EI)  # the molecular ion is guessed, its isotope peak passed over
    assert item["masses"].tolist() == [0, 0, 86]
    assert (item["unit"][0], item["known"][0]) == (1, 0)


def test_only_the_strongest_peaks_are_kept():
    item = Ms(MsConfig(top_peaks=2)).prepare(EI)
    assert item["mz"].tolist() == [43, 86]


def test_structure_and_origin_are_not_looked_at(ms):
    one = ms.prepare(EI)
    other = ms.prepare(EI.model_copy(update={"smiles": "CCO", "origin": "x"}))
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_order_of_peaks_and_padding_do_not_matter(ms):
    encoder = ms.encoder().eval()
    both = ms.collate([ms.prepare(TANDEM), ms.prepare(EI)], train=False)
    alone = ms.collate([ms.prepare(TANDEM)], train=False)
    torch.testing.assert_close(encoder(both)[:1], encoder(alone), rtol=1e-4, atol=1e-5)
    turned = dict(alone)
    for name in ("mz", "intensity"):
        turned[name] = alone[name].flip(1)
    torch.testing.assert_close(encoder(turned), encoder(alone), rtol=1e-4, atol=1e-5)


def test_a_milli_dalton_matters_at_full_resolution(ms):
    """CO and C2H4 differ by 36 mDa: the same nominal mass, another embedding."""
    encoder = ms.encoder().eval()
    other = TANDEM.model_copy(update={"mz": (110.0713, 138.1026, 195.0877)})
    a, b = encoder(ms.collate([ms.prepare(TANDEM), ms.prepare(other)], train=False))
    assert (a - b).abs().max() > 1e-3
    coarse = Ms(MsConfig(dim=24, width=48, fine_peaks=0))
    encoder = coarse.encoder().eval()
    a, b = encoder(coarse.collate([coarse.prepare(TANDEM), coarse.prepare(other)], train=False))
    torch.testing.assert_close(a, b)


def test_augmentation_keeps_the_base_peak_and_whole_numbers():
    ms = Ms(MsConfig(lose_peak=1.0, forget_condition=1.0, forget_precursor=1.0))
    torch.manual_seed(0)
    batch = ms.collate([ms.prepare(TANDEM), ms.prepare(EI)], train=True)
    assert (batch["intensity"] > 0).sum(1).tolist() == [1, 1]
    assert batch["intensity"].max(1).values.tolist() == [1, 1]
    assert batch["mz"][1].tolist() == [41, 43, 58, 71, 86, 87]
    assert batch["mz"][0, :3].tolist() != list(TANDEM.mz)
    assert batch["condition"].sum() == 0
    assert batch["masses"][:, :2].sum() == 0


def test_heads_must_divide_the_width():
    with pytest.raises(ConfigError, match="multiple"):
        parse(MsConfig, {"peak_width": 30, "heads": 4})
