"""Peak lists to arrays and batches."""

from __future__ import annotations

import numpy as np
import torch
from acml_plugin_nmr.modality import Nmr, NmrConfig
from acml_plugin_nmr.prepare import OTHER_1H, augment, prepare
from acml_plugin_nmr.signal import NmrSignal
from hypothesis import given
from hypothesis import strategies as st

QUIET = {
    "noise_ppm": 0.0,
    "offset_ppm": 0.0,
    "lose_peak": 0.0,
    "forget_multiplicity": 0.0,
    "forget_peak_multiplicity": 0.0,
    "forget_count": 0.0,
    "forget_1h": 0.0,
    "forget_13c": 0.0,
}
SHIFTS = st.lists(st.floats(0, 220, allow_nan=False), min_size=1, max_size=30)


def test_equal_shifts_become_one_peak_with_a_count() -> None:
    items = prepare(NmrSignal(shifts_13c=(128.4, 55.3, 128.4), multiplicity_13c=("D", "Q", "D")))
    assert items["shift"].tolist() == [np.float32(55.3), np.float32(128.4)]
    assert items["count"].tolist() == [1.0, 2.0]
    assert items["kind"].tolist() == [4, 2]


def test_equal_shifts_of_different_multiplicity_stay_apart() -> None:
    items = prepare(NmrSignal(shifts_13c=(30.0, 30.0), multiplicity_13c=("T", "Q")))
    assert sorted(items["kind"].tolist()) == [3, 4]
    assert items["count"].tolist() == [1.0, 1.0]


def test_hydrogen_signals_carry_their_integral_and_splitting() -> None:
    signal = NmrSignal(
        shifts_1h=(7.2, 3.8, 1.2, 5.0),
        multiplicity_1h=("m", "br s", "t", ""),
        integral_1h=(5, 3, 0, 1),
    )
    items = prepare(signal)
    by_shift = {
        round(float(s), 1): (k, c)
        for s, k, c in zip(
            items["shift"], items["kind"].tolist(), items["count"].tolist(), strict=True
        )
    }
    assert by_shift == {7.2: (OTHER_1H, 5.0), 3.8: (1, 3.0), 1.2: (3, 1.0), 5.0: (0, 1.0)}
    assert set(items["nucleus"].tolist()) == {1}


@given(SHIFTS, st.randoms())
def test_the_order_of_a_list_does_not_matter(shifts: list[float], random: object) -> None:
    other = list(shifts)
    random.shuffle(other)  # type: ignore[attr-defined]
    one, two = prepare(NmrSignal(shifts_13c=shifts)), prepare(NmrSignal(shifts_13c=other))
    assert all(np.array_equal(one[name], two[name]) for name in one)


@given(SHIFTS)
def test_counts_add_up_to_the_list(shifts: list[float]) -> None:
    items = prepare(NmrSignal(shifts_13c=shifts))
    assert items["count"].sum() == len(shifts)


def test_padding_is_marked_and_changes_no_embedding() -> None:
    nmr = Nmr(NmrConfig(dim=16, width=32))
    torch.manual_seed(0)
    encoder = nmr.encoder().eval()
    short = nmr.prepare(NmrSignal(shifts_13c=(20.1, 170.2)))
    long = nmr.prepare(NmrSignal(shifts_13c=tuple(range(10, 60))))
    alone = nmr.collate([short], train=False)
    padded = nmr.collate([short, long], train=False)
    assert padded["count"][0].tolist()[2:] == [0.0] * 48
    torch.testing.assert_close(encoder(alone)[0], encoder(padded)[0])


def test_without_noise_augmentation_changes_nothing() -> None:
    nmr = Nmr(NmrConfig(**QUIET))
    items = [nmr.prepare(NmrSignal(shifts_13c=(20.1, 170.2), shifts_1h=(1.2, 7.1)))]
    plain, augmented = nmr.collate(items, train=False), nmr.collate(items, train=True)
    assert all(torch.equal(plain[name], augmented[name]) for name in plain)


def test_multiplicities_are_forgotten_for_whole_lists() -> None:
    nmr = Nmr(NmrConfig(**{**QUIET, "forget_multiplicity": 0.5}))
    item = nmr.prepare(NmrSignal(shifts_13c=(20, 40, 60), multiplicity_13c=("Q", "T", "D")))
    torch.manual_seed(0)
    known = (nmr.collate([item] * 400, train=True)["kind"] > 0).sum(1)
    assert set(known.tolist()) == {0, 3}
    assert 140 < int((known == 0).sum()) < 260


def test_single_peaks_forget_their_multiplicity_too() -> None:
    nmr = Nmr(NmrConfig(**{**QUIET, "forget_peak_multiplicity": 0.5}))
    item = nmr.prepare(NmrSignal(shifts_13c=(20, 40, 60), multiplicity_13c=("Q", "T", "D")))
    torch.manual_seed(0)
    known = (nmr.collate([item] * 400, train=True)["kind"] > 0).sum(1)
    assert set(known.tolist()) == {0, 1, 2, 3}


def test_one_of_two_nuclei_is_forgotten_but_never_the_only_one() -> None:
    nmr = Nmr(NmrConfig(**{**QUIET, "forget_1h": 0.4, "forget_13c": 0.4}))
    both = nmr.prepare(NmrSignal(shifts_13c=(20.0, 40.0), shifts_1h=(1.0,)))
    hydrogen = nmr.prepare(NmrSignal(shifts_1h=(1.0, 2.0)))
    torch.manual_seed(0)
    batch = nmr.collate([both] * 300 + [hydrogen] * 100, train=True)
    left = (batch["count"] > 0).sum(1)
    assert set(left[:300].tolist()) == {1, 2, 3}
    assert set(left[300:].tolist()) == {2}


def test_a_list_never_loses_all_its_peaks() -> None:
    nmr = Nmr(NmrConfig(**{**QUIET, "lose_peak": 1.0}))
    batch = nmr.collate([nmr.prepare(NmrSignal(shifts_13c=(20.0, 30.0)))], train=False)
    assert bool((augment(batch, nmr.config)["count"] > 0).any())


def test_a_moved_peak_moves_the_embedding_a_little_and_a_far_one_a_lot() -> None:
    nmr = Nmr(NmrConfig(dim=16, width=32))
    torch.manual_seed(0)
    encoder = nmr.encoder().eval()

    def embed(*shifts: float) -> torch.Tensor:
        items = [nmr.prepare(NmrSignal(shifts_13c=shifts))]
        return encoder(nmr.collate(items, train=False))[0]

    here = embed(20.0, 55.0, 128.0)
    near = (embed(20.0, 55.05, 128.0) - here).norm()
    far = (embed(20.0, 155.0, 128.0) - here).norm()
    assert near < 0.3 * far
