"""Probabilities where the truth is known: answers are drawn from the model that is to be found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from acml_core import artefact
from acml_core.data.dataset import load
from acml_core.data.split import SplitConfig
from acml_core.data.table import read, write
from acml_core.evaluation import recalibrate
from acml_core.evaluation.calibration import fit
from acml_core.evaluation.confidence import auc, bins, calibration_error, chance_error, confidence
from acml_core.evaluation.ranking import Side
from acml_core.probability import Best, Calibration, Point, log_odds_present, sigmoid

SCALE = 12.0


def unit(n: int, dim: int) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.randn(n, dim), dim=-1)


def side(vectors: torch.Tensor, molecule: np.ndarray, formula: np.ndarray) -> Side:
    return Side(vectors, molecule, formula[molecule], np.zeros(len(molecule)))


@pytest.fixture(scope="module")
def drawn() -> tuple[Side, Side, Side]:
    """A gallery of 400 molecules in 80 formulas, and queries for fitting and for testing."""
    torch.manual_seed(1)
    gallery = unit(400, 16)
    formula = np.arange(400) % 80
    both = []
    for _ in range(2):
        queries = unit(1500, 16)
        p = torch.softmax(SCALE * queries @ gallery.T, -1)
        both.append(side(queries, torch.multinomial(p, 1)[:, 0].numpy(), formula))
    return both[0], both[1], side(gallery, np.arange(400), formula)


@pytest.mark.parametrize("filter", ["none", "formula"])
def test_fitted_probabilities_mean_what_they_say(
    drawn: tuple[Side, Side, Side], filter: str
) -> None:
    fitted, tested, gallery = drawn
    calibration = fit(fitted, gallery)
    found = confidence(tested, gallery, [calibration] * len(tested), filter)  # type: ignore[arg-type]
    assert found is not None
    assert found["queries"] == 1500
    assert found["ece"] < 0.05
    assert found["coverage"] == pytest.approx(0.9, abs=0.04)


def test_a_wrong_scale_shows(drawn: tuple[Side, Side, Side]) -> None:
    _, tested, gallery = drawn
    wrong = Calibration.constant(4 * SCALE)
    found = confidence(tested, gallery, [wrong] * len(tested), "none")
    assert found is not None
    assert found["ece"] > 0.2


def test_measurements_that_tell_less_have_a_calibration_of_their_own() -> None:
    """Two kinds of query on one gallery: one scale cannot be right for both, two can."""
    torch.manual_seed(2)
    gallery = unit(300, 16)
    formula = np.zeros(300, dtype=np.int64)
    candidates = side(gallery, np.arange(300), formula)

    def asked(scale: float) -> Side:
        queries = unit(1200, 16)
        p = torch.softmax(scale * queries @ gallery.T, -1)
        return side(queries, torch.multinomial(p, 1)[:, 0].numpy(), formula)

    def joined(a: Side, b: Side) -> Side:
        return side(
            torch.cat([a.vectors, b.vectors]), np.concatenate([a.molecule, b.molecule]), formula
        )

    dull, telling = 4.0, 40.0
    kinds = {"a": fit(asked(dull), candidates), "a,b": fit(asked(telling), candidates)}
    both = fit(joined(asked(dull), asked(telling)), candidates)
    calibration = both.model_copy(update={"kinds": kinds})
    tested = asked(dull)
    of_kind = confidence(tested, candidates, [calibration.of(("a",))] * 1200, "none")
    of_all = confidence(tested, candidates, [both] * 1200, "none")
    assert of_kind is not None
    assert of_all is not None
    assert of_kind["ece"] < 0.05 < of_all["ece"]


def test_the_kind_with_most_fields_in_common() -> None:
    def made(scale: float) -> Calibration:
        return Calibration.constant(scale)

    kinds = {"c": made(1.0), "c,d": made(2.0), "h": made(3.0)}
    general = made(9.0).model_copy(update={"kinds": kinds})
    assert general.of(("c",)).at(10).scale == pytest.approx(1.0)
    assert general.of(("c", "d", "solvent")).at(10).scale == pytest.approx(2.0)
    assert general.of(("h",)).at(10).scale == pytest.approx(3.0)
    assert general.of(("x", "y")) is general
    assert made(1.0).of(("c",)).at(10).scale == pytest.approx(1.0)
    again = Calibration.model_validate_json(general.model_dump_json())
    assert again == general


def test_fewer_candidates_have_a_scale_of_their_own(drawn: tuple[Side, Side, Side]) -> None:
    """Decoys drawn at random: the scale that made the data is right for any number of them."""
    fitted, _, gallery = drawn
    calibration = fit(fitted, gallery)
    assert [point.candidates for point in calibration.points] == [100, 400]
    for n in (100, 200, 400):
        assert calibration.at(n).scale == pytest.approx(SCALE, rel=0.35)
    assert calibration.isomers is not None
    assert calibration.isomers.scale == pytest.approx(SCALE, rel=0.25)


def test_between_and_beyond_points() -> None:
    made = Calibration(
        points=(
            Point(candidates=100, scale=10.0, set_mass=0.8, present=(0.0, 1.0, 0.0)),
            Point(candidates=10_000, scale=40.0, set_mass=0.6, present=(2.0, 3.0, 0.0)),
        )
    )
    middle = made.at(1000)
    assert middle.scale == pytest.approx(20.0)
    assert middle.set_mass == pytest.approx(0.7)
    assert middle.present == pytest.approx((1.0, 2.0, 0.0))
    assert made.at(1_000_000).scale == pytest.approx(40.0)  # more candidates only enter the sum
    assert made.at(1_000_000).set_mass == 0.6
    assert made.at(1).scale == pytest.approx(2.5)
    assert made.at(50, filtered=True).scale == made.at(50).scale  # nothing fitted for isomers
    assert Calibration.constant(3.0).at(77).scale == pytest.approx(3.0)


def test_a_molecule_that_is_not_there_is_noticed() -> None:
    """Queries near their molecule, far from all others: absence shows in the best score."""
    torch.manual_seed(0)
    gallery = unit(300, 64)
    own = np.arange(300)
    queries = torch.nn.functional.normalize(gallery + 0.05 * torch.randn(300, 64), dim=-1)
    formula = np.zeros(300, dtype=np.int64)
    calibration = fit(side(queries, own, formula), side(gallery, own, formula))
    every = [calibration] * len(own)
    found = confidence(side(queries, own, formula), side(gallery, own, formula), every, "none")
    assert found is not None
    assert found["detection_auc"] > 0.99
    point = calibration.at(300)
    there = log_odds_present(point, Best.of(np.array([point.scale]), np.array([0.0])))
    gone = log_odds_present(point, Best.of(np.array([0.3 * point.scale]), np.array([0.0])))
    assert there is not None
    assert gone is not None
    assert sigmoid(float(there[0])) > 0.5 > sigmoid(float(gone[0]))


def test_true_probabilities_of_few_molecules_show_an_error_too() -> None:
    rng = np.random.default_rng(0)
    top = rng.random(3000)
    alone, together = np.arange(3000), np.arange(3000) // 30
    found = chance_error(top, alone)
    really = [calibration_error(bins(top, rng.random(3000) < top)) for _ in range(50)]
    assert abs(found - np.mean(really)) < 0.002
    assert chance_error(top, together) > 1.5 * found, "100 molecules are no 3,000"
    assert chance_error(top / 2 + 0.5, alone) < found, "the surer, the less chance"
    assert chance_error(np.ones(50), np.arange(50)) == 0


def test_area_under_the_curve() -> None:
    assert auc(np.array([3.0, 4.0]), np.array([1.0, 2.0])) == 1.0
    assert auc(np.array([1.0, 4.0]), np.array([1.0, 4.0])) == 0.5
    assert auc(np.array([1.0]), np.array([2.0, 0.0])) == 0.5


def test_a_field_that_no_encoder_sees_makes_no_kind(
    trained: Path, small_table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of NMR lists the solvent is noted only; and a bare list is a kind although none was measured."""
    loaded = artefact.load(trained)
    plugin = loaded.model.modalities["nmr"]
    signals = read(small_table, plugin.signal).signals
    in_two = [
        one.model_copy(update={"solvent": ("CDCl3", "DMSO-d6")[i % 2]})
        for i, one in enumerate(signals)
    ]
    write(tmp_path / "t.parquet", in_two)
    dataset = load([tmp_path / "t.parquet"], [plugin], SplitConfig(), progress=False)
    monkeypatch.setattr(recalibrate, "MIN_KIND_QUERIES", 5)
    made = recalibrate.calibrate(loaded.model, "nmr", dataset)
    assert set(made.kinds) >= {"shifts_13c", "shifts_1h"}
    assert not any("solvent" in key for key in made.kinds)
    assert made.of(("shifts_13c", "solvent")) is made.kinds["shifts_13c"]
