"""The second opinion: predicted shares of peaks, its bounds, and what it says of ions and energies."""

from __future__ import annotations

import numpy as np
import pytest
from acml_plugin_ms.rerank import UNIT_TOLERANCE_DA, Peaks, peaks, predicted, rerank
from acml_plugin_ms.signal import MsSignal
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

PARACETAMOL = "CC(=O)Nc1ccc(O)cc1"


def seen(*mz: float) -> Peaks:
    return Peaks(np.array(mz), np.full(len(mz), 1 / max(len(mz), 1)), np.full(len(mz), 0.001))


def paracetamol(**changed: object) -> MsSignal:
    """Its [M+H]+ at m/z 152.0706 and the loss of ketene, m/z 110.0600."""
    fields = {
        "mz": (110.06, 152.0706),
        "intensity": (1000.0, 300.0),
        "precursor_mz": 152.0706,
        "adduct": "[M+H]+",
        "ion_mode": "POSITIVE",
        "ms_type": "MS2",
        "instrument_type": "LC-ESI-QTOF",
        "collision_energy": "20 eV",
    }
    return MsSignal(**{**fields, **changed})


def test_all_that_is_predicted_and_nothing_else_scores_one() -> None:
    assert predicted(np.array([100.0]), np.array([0.3]), seen(100.0)) == pytest.approx(1.0)
    assert predicted(np.array([100.0]), np.array([0.3]), seen(200.0)) == 0.0
    assert predicted(np.array([]), np.array([]), seen(200.0)) == 0.0
    assert predicted(np.array([100.0]), np.array([0.3]), seen()) == 0.0


def test_an_expected_ion_that_is_missing_costs() -> None:
    place = np.array([100.0, 120.0])
    meek = predicted(place, np.array([0.5, 0.1]), seen(100.0))
    bold = predicted(place, np.array([0.5, 0.5]), seen(100.0))
    assert 0 < bold < meek < 1


def test_ions_at_one_mz_are_added_and_their_scale_is_no_matter() -> None:
    one = predicted(np.array([100.0, 120.0]), np.array([0.4, 0.2]), seen(100.0, 120.0))
    two = predicted(np.array([100.0, 100.0, 120.0]), np.array([2.0, 2.0, 2.0]), seen(100.0, 120.0))
    assert one == pytest.approx(two)


def test_light_ions_are_expected_of_spectra_that_have_light_peaks() -> None:
    place, weight = np.array([30.0, 40.0, 100.0]), np.array([1.0, 1.0, 1.0])
    assert predicted(place, weight, seen(100.0)) == pytest.approx(1.0)
    # from the lightest peak on: two ions of equal weight, one of them not seen or both
    assert predicted(place, weight, seen(40.0, 100.0)) == pytest.approx(
        1 - np.log(0.501 / 1.001) / np.log(0.001 / 1.001)
    )


def test_many_fragments_explain_by_chance_and_gain_nothing() -> None:
    """A dense row of unlikely ions explains every peak, and is worth less than one ion in place."""
    rng = np.random.default_rng(0)
    dense = np.sort(rng.uniform(50, 200, 20_000))
    some = seen(*rng.uniform(60, 190, 5))
    sparse = np.sort(np.append(some.mz[:2], 77.0))
    assert predicted(dense, np.ones(len(dense)), some) < predicted(sparse, np.ones(3), some)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(20, 400), st.floats(1e-6, 1e6)), max_size=80),
    st.sampled_from(["POSITIVE", "NEGATIVE"]),
    st.sampled_from(["", "[M+H]+", "[M-H]-", "[M+Na]+", "[M+HCOO]-"]),
    st.sampled_from(["", "10 eV", "0", "45 % (nominal)", "1e9 V"]),
)
def test_scores_are_bounded_and_repeat(
    sticks: list[tuple[float, float]], mode: str, adduct: str, energy: str
) -> None:
    signal = paracetamol(
        mz=tuple(mz for mz, _ in sticks),
        intensity=tuple(height for _, height in sticks),
        precursor_mz=0.0,
        ion_mode=mode,
        adduct=adduct,
        collision_energy=energy,
    )
    mols = [Chem.MolFromSmiles(s) for s in (PARACETAMOL, "C", "[Na+].[Cl-]", "C" * 70, "")]
    scores = rerank(signal, mols, 10)
    assert ((scores[:-1] >= 0) & (scores[:-1] <= 1)).all()
    assert scores[-1] == -1
    assert (rerank(signal, mols, 10) == scores).all()


def test_the_score_of_a_candidate_does_not_depend_on_the_others() -> None:
    mols = [Chem.MolFromSmiles(s) for s in (PARACETAMOL, "COC(=O)c1ccccc1N", "CCOc1ccccn1")]
    together = rerank(paracetamol(), mols, 10)
    assert together == pytest.approx([rerank(paracetamol(), [mol], 10)[0] for mol in mols])


def test_a_wrong_precursor_costs_half() -> None:
    """And more than it does is not taken off: below every candidate is only what has no fragments."""
    right = rerank(paracetamol(), [Chem.MolFromSmiles(PARACETAMOL)], 10)
    wrong = rerank(paracetamol(precursor_mz=153.0546), [Chem.MolFromSmiles(PARACETAMOL)], 10)
    assert right - wrong == pytest.approx(0.5, abs=0.02)
    assert wrong > -1


def test_the_unbroken_ion_of_an_adduct_is_its_own() -> None:
    """Sodiated paracetamol, m/z 174.0525, is explained where the adduct is stated."""
    mol = [Chem.MolFromSmiles(PARACETAMOL)]
    only = {"mz": (174.0525,), "intensity": (1.0,), "precursor_mz": 174.0525}
    stated = rerank(paracetamol(**only, adduct="[M+Na]+"), mol, 10)
    other = rerank(paracetamol(**only, adduct="[M+K]+"), mol, 10)
    assert stated > 0.5 > other


def test_a_low_energy_makes_a_candidate_that_stays_whole_likelier() -> None:
    mol = [Chem.MolFromSmiles(PARACETAMOL)]
    only = {"mz": (152.0706,), "intensity": (1.0,)}
    low, high = (
        rerank(paracetamol(**only, collision_energy=energy), mol, 10)
        for energy in ("5 eV", "80 eV")
    )
    assert low > high


def test_at_most_sixty_peaks_count() -> None:
    many = paracetamol(
        mz=tuple(50.0137 + i for i in range(100)), intensity=tuple(float(i + 1) for i in range(100))
    )
    kept = peaks(many, 10)
    assert len(kept.mz) == 60
    assert kept.share.sum() == pytest.approx(1)
    assert kept.mz.min() > 89


def test_whole_numbers_match_within_half_a_unit() -> None:
    """Exact masses of ions lie some hundredths beside them; one exact mass among them is exact."""
    whole = peaks(paracetamol(mz=(43.0, 109.0, 151.0), intensity=(1.0, 2.0, 3.0)), 10)
    assert (whole.width == UNIT_TOLERANCE_DA).all()
    exact = peaks(paracetamol(mz=(43.0, 109.0284, 151.0), intensity=(1.0, 2.0, 3.0)), 10)
    assert (exact.width < 0.01).all()


def test_an_ei_spectrum_finds_its_molecule_among_isomers() -> None:
    """Acetophenone loses methyl and gives the benzoyl cation; its isomers rather do not."""
    signal = MsSignal(
        mz=(43.0, 51.0, 77.0, 105.0, 120.0),
        intensity=(150.0, 250.0, 800.0, 1000.0, 300.0),
        ms_type="MS",
        instrument_type="EI-B",
    )
    names = ("CC(=O)c1ccccc1", "O=CCc1ccccc1", "c1ccc2c(c1)CCO2")
    scores = rerank(signal, [Chem.MolFromSmiles(one) for one in names], 10)
    assert int(np.argmax(scores)) == 0
    assert (scores > 0.3).all()
