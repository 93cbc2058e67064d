"""Spectral similarities against their definitions, and which spectra are comparable."""

from __future__ import annotations

import math

import numpy as np
import pytest
from acml_plugin_ms.signal import MsSignal
from acml_plugin_ms.similarity import similarity
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = {"cosine", "entropy"}


def tandem(mz, intensity, mode="POSITIVE", precursor=301.0):
    return MsSignal(
        mz=mz, intensity=intensity, ms_type="MS2", ion_mode=mode, precursor_mz=precursor
    )


def scan(mz, intensity):
    return MsSignal(mz=mz, intensity=intensity, ms_type="MS", instrument_type="EI-B")


def compare(query, *references):
    (found,) = similarity([query], references)
    assert set(found) == NAMES
    assert all(values.shape == (len(references),) for values in found.values())
    return {name: values.tolist() for name, values in found.items()}


def by_definition(a, b):
    """Both similarities of two spectra as {m/z: intensity} with equal keys for equal ions."""
    dot = sum(math.sqrt(a[mz] * b[mz]) for mz in a.keys() & b.keys())
    cosine = dot / math.sqrt(sum(a.values()) * sum(b.values()))

    def entropy(values):
        return -sum(v * math.log(v) for v in values)

    def weighted(spectrum):
        whole = sum(spectrum.values())
        share = {mz: v / whole for mz, v in spectrum.items()}
        s = entropy(share.values())
        if s < 3:
            share = {mz: v ** (0.25 + 0.25 * s) for mz, v in share.items()}
            whole = sum(share.values())
            share = {mz: v / whole for mz, v in share.items()}
        return share

    pa, pb = weighted(a), weighted(b)
    mean = [(pa.get(mz, 0) + pb.get(mz, 0)) / 2 for mz in pa.keys() | pb.keys()]
    distance = 2 * entropy(mean) - entropy(pa.values()) - entropy(pb.values())
    return cosine, 1 - distance / math.log(4)


def test_known_answers():
    """Two equal peaks of which one is shared: half of both."""
    found = compare(
        tandem((100.0, 200.0), (1, 1)),
        tandem((100.0, 200.0), (7, 7)),
        tandem((100.0, 150.0), (1, 1)),
        tandem((110.0, 150.0), (1, 1)),
    )
    assert found["cosine"] == pytest.approx([1, 0.5, 0])
    assert found["entropy"] == pytest.approx([1, 0.5, 0])


def test_roots_of_intensities():
    found = compare(tandem((100.0, 200.0), (9, 16)), tandem((100.0, 200.0), (16, 9)))
    assert found["cosine"] == pytest.approx([24 / 25])  # (3, 4) and (4, 3)


spectra = st.dictionaries(st.integers(20, 60), st.floats(1, 50), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(spectra, spectra, st.booleans())
def test_both_are_what_their_definitions_say(a, b, unit):
    make = scan if unit else tandem
    found = compare(make(tuple(a), tuple(a.values())), make(tuple(b), tuple(b.values())))
    cosine, entropy = by_definition(a, b)
    assert found["cosine"] == pytest.approx([cosine], abs=1e-6)
    assert found["entropy"] == pytest.approx([entropy], abs=1e-6)


def test_tolerance_by_ppm_and_by_unit_mass():
    query = tandem((500.0,), (1,))
    near, far = tandem((500.009,), (1,)), tandem((500.011,), (1,))
    assert compare(query, near, far)["cosine"] == [1, 0]  # 18 and 22 ppm
    assert compare(scan((57.0,), (1,)), scan((57.07,), (1,)), scan((58.0,), (1,)))["cosine"] == [
        1,
        0,
    ]


def test_peaks_of_one_bin_count_together_and_once():
    """A partner is never counted twice, so no similarity exceeds 1."""
    found = compare(scan((57.03, 57.07), (1, 3)), scan((57.0,), (4,)))
    assert found["cosine"] == pytest.approx([1])
    split = tandem((200.000, 200.004, 300.0), (5, 5, 10))
    found = compare(split, split, tandem((200.002, 300.0), (10, 10)))
    assert found["cosine"] == pytest.approx([1, 1])
    assert found["entropy"] == pytest.approx([1, 1])


def test_noise_is_left_out():
    found = compare(tandem((100.0, 150.0), (1000, 9)), tandem((100.0,), (1,)))
    assert found == {"cosine": [1], "entropy": [1]}


def test_kinds_and_polarities_are_not_mixed():
    mz, intensity = (57.0, 85.0), (1, 2)
    found = compare(
        tandem(mz, intensity),
        tandem(mz, intensity, "NEGATIVE"),
        scan(mz, intensity),
        tandem(mz, intensity, ""),
    )
    assert found["cosine"] == pytest.approx([0, 0, 1])
    assert compare(scan(mz, intensity), tandem(mz, intensity), scan(mz, intensity))["entropy"] == (
        pytest.approx([0, 1])
    )


def test_order_and_empty_lists():
    mz = (57.0, 85.0)
    one, other = scan(mz, (1, 2)), scan(mz, (2, 1))
    rows = list(similarity([one, other], [other, one, MsSignal()]))
    assert len(rows) == 2
    for row, best in zip(rows, (1, 0), strict=True):
        assert int(np.argmax(row["cosine"])) == best
        assert row["cosine"][2] == 0
    (nothing,) = similarity([one], [])
    assert all(values.shape == (0,) for values in nothing.values())
