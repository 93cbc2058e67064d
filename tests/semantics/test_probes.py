"""Probes, their scores and intervals: against scikit-learn and against cases that are known."""

from __future__ import annotations

import numpy as np
import pytest

from acml_core.semantics.embeddings import Embedding
from acml_core.semantics.neighbours import compare
from acml_core.semantics.probes import balanced, fit, logistic, predict, ridge, usable
from acml_core.semantics.resample import RESAMPLES, auc, draws, interval, r2
from acml_core.semantics.targets import Targets
from acml_core.semantics.taught import scores, taught

linear = pytest.importorskip("sklearn.linear_model", reason="needs the extra 'property'")
metrics = pytest.importorskip("sklearn.metrics")

N, DIM = 400, 12
TRAIN, VALIDATION, TEST = np.split(np.arange(N), [250, 300])


@pytest.fixture(scope="module")
def features() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(N, DIM)).astype(np.float32)


@pytest.fixture(scope="module")
def targets(features: np.ndarray) -> Targets:
    """A group and a value that the features tell, and one of each that they do not."""
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(N, 2))
    values = np.stack(
        [features[:, 0] > 0.3, noise[:, 0] > 0, 3 * features[:, 1] + 5, noise[:, 1]], axis=1
    )
    kind = ["presence", "presence", "value", "value"]
    return Targets(["a", "b", "c", "d"], ["group", "group", "x", "x"], kind, values.astype(float))


def test_scores_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 60)
    score = np.round(rng.normal(size=60) + truth, 1)  # with ties
    weight = draws(60, seed=3)[:20]
    for row, found in zip(weight, auc(truth, score, weight), strict=True):
        assert found == pytest.approx(metrics.roc_auc_score(truth, score, sample_weight=row))
    value = rng.normal(size=60)
    for row, found in zip(weight, r2(value, score, weight), strict=True):
        assert found == pytest.approx(metrics.r2_score(value, score, sample_weight=row), abs=1e-5)
    assert np.isnan(auc(np.ones(3), np.arange(3.0), np.ones((1, 3))))[0]


def test_the_logistic_probe_is_scikit_learns(features: np.ndarray, targets: Targets) -> None:
    y = targets.values[TRAIN][:, :2]
    ((weight, bias),) = logistic(features[TRAIN], y, (0.03,))
    for column in range(2):
        probe = linear.LogisticRegression(C=0.03, class_weight="balanced", tol=1e-8)
        probe.fit(features[TRAIN], y[:, column])
        assert np.allclose(weight[:, column], probe.coef_[0], atol=2e-3)
        assert bias[column] == pytest.approx(probe.intercept_[0], abs=2e-3)


def test_the_ridge_probe_is_scikit_learns(features: np.ndarray, targets: Targets) -> None:
    y = targets.values[TRAIN][:, 2:]
    y[::3, 1] = np.nan
    weak, strong = ridge(features[TRAIN], y, (1.0, 100.0))
    for strength, found in ((1.0, weak), (100.0, strong)):
        for column in range(2):
            rows = np.isfinite(y[:, column])
            probe = linear.Ridge(alpha=strength).fit(features[TRAIN][rows], y[rows, column])
            assert np.allclose(found.weight[:, column], probe.coef_, atol=1e-4)
            assert found.bias[column] == pytest.approx(probe.intercept_, abs=1e-4)


def test_what_was_not_measured_does_not_count(features: np.ndarray, targets: Targets) -> None:
    y = targets.values[:, :2].copy()
    y[:200:2, 0] = np.nan  # the second target keeps all its rows
    y_validation = targets.values[VALIDATION][:, :2]
    x = features[TRAIN]
    both = fit("presence", x, y[TRAIN], features[VALIDATION], y_validation)
    rows = np.isfinite(y[TRAIN, 0])
    alone = fit("presence", x[rows], y[TRAIN][rows, :1], features[VALIDATION], y_validation[:, :1])
    scores, expected = both.scores(features[TEST])[:, 0], alone.scores(features[TEST])[:, 0]
    assert np.corrcoef(scores, expected)[0, 1] > 0.999
    assert balanced(np.array([[1.0, 0], [0, 0], [0, np.nan], [0, 0]]))[:, 0].tolist() == [2, 2 / 3]
    nothing = fit("value", x, np.full((len(x), 1), np.nan), x, np.full((len(x), 1), np.nan))
    assert not nothing.scores(x).any()


def test_probes_find_what_is_there_and_no_more(features: np.ndarray, targets: Targets) -> None:
    chosen = usable(targets, TRAIN, TEST)
    assert chosen == [0, 1, 2, 3]
    predicted = predict(features, targets, chosen, TRAIN, VALIDATION, TEST)
    one = np.ones((1, len(TEST)))
    truth = targets.values[TEST]
    assert auc(truth[:, 0], predicted[:, 0], one)[0] > 0.95
    assert 0.3 < auc(truth[:, 1], predicted[:, 1], one)[0] < 0.7
    assert r2(truth[:, 2], predicted[:, 2], one)[0] > 0.98
    assert r2(truth[:, 3], predicted[:, 3], one)[0] < 0.2


def test_rare_groups_are_skipped(targets: Targets) -> None:
    rare = targets.values.copy()
    rare[:, 0] = 0
    rare[:5, 0] = 1
    rare[:, 3] = 7
    assert usable(Targets(targets.names, targets.family, targets.kind, rare), TRAIN, TEST) == [1, 2]


def test_what_was_taught_comes_first(features: np.ndarray, targets: Targets) -> None:
    rng = np.random.default_rng(5)
    blind = rng.normal(size=features.shape).astype(np.float32)
    rows = [
        Embedding("m", "trained", features),
        Embedding("m, untrained", "untrained", blind, ("m",)),
        Embedding("ECFP4", "fingerprint", blind),
    ]
    chosen = [0, 1, 2, 3]
    predictions = {
        row.name: predict(row.features, targets, chosen, TRAIN, VALIDATION, TEST) for row in rows
    }
    found = scores(predictions, targets, chosen, TEST)
    (entries,) = taught(found, targets, chosen, rows).values()
    assert {entry["probe"] for entry in entries[:2]} == {"a", "c"}
    rises = [entry["rise"]["value"] for entry in entries]
    assert rises == sorted(rises, reverse=True)
    assert entries[0]["rise"]["ci95"][0] > 0.5
    low, high = next(entry for entry in entries if entry["probe"] == "b")["rise"]["ci95"]
    assert low < 0.2
    assert high > -0.2
    for entry in entries:
        low, high = entry["trained"]["ci95"]
        assert low <= entry["trained"]["value"] <= high


def test_intervals_hold_the_mean() -> None:
    values = np.random.default_rng(2).normal(3, 1, 200)
    weight = draws(200)
    assert weight.shape == (RESAMPLES + 1, 200)
    found = interval(weight @ values / 200)
    assert found["value"] == pytest.approx(values.mean(), abs=1e-3)
    low, high = found["ci95"]
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 200**0.5, rel=0.1)


def test_neighbours_by_fingerprints_are_those_by_tanimoto() -> None:
    rng = np.random.default_rng(0)
    bits = np.repeat(rng.integers(0, 2, (10, 64)), 6, axis=0)  # ten families of six
    bits = np.where(rng.random(bits.shape) < 0.03, 1 - bits, bits).astype(np.float32)
    rows = [
        Embedding("same", "trained", bits),
        Embedding("blind", "untrained", rng.normal(size=(60, 8)).astype(np.float32)),
        Embedding("ECFP4", "fingerprint", bits),
    ]
    report = {one["row"]: one for one in compare(rows, np.arange(30), 5)}
    assert report["same"]["overlap"]["value"] > 0.95
    assert report["blind"]["overlap"]["value"] < 0.3
    assert report["random"]["overlap"]["value"] == pytest.approx(5 / 59, abs=1e-3)
    assert report["nearest by Tanimoto"]["overlap"]["value"] == 1
    best = report["nearest by Tanimoto"]["tanimoto"]["value"]
    assert best >= report["same"]["tanimoto"]["value"] > report["random"]["tanimoto"]["value"]


def test_one_giant_does_not_spoil_a_probe(features: np.ndarray, targets: Targets) -> None:
    giant = features.copy()
    giant[TEST[0]] *= 1000
    values = Targets(targets.names[2:3], ["x"], ["value"], targets.values[:, 2:3])
    predicted = predict(giant, values, [0], TRAIN, VALIDATION, TEST)
    assert np.abs(predicted).max() < 100
    assert r2(values.values[TEST[1:], 0], predicted[1:, 0], np.ones((1, len(TEST) - 1)))[0] > 0.98
