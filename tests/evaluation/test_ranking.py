"""Ranks against a naive implementation, and the metrics made of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from acml_core.evaluation import metrics
from acml_core.evaluation.calibration import fit
from acml_core.evaluation.ranking import Ranks, Side, rank
from acml_core.library import score


def side(vectors: Any, molecule: Any, formula: Any = None, mass: Any = None) -> Side:
    n = len(molecule)
    return Side(
        torch.as_tensor(vectors, dtype=torch.float32),
        np.asarray(molecule, dtype=np.int64),
        np.zeros(n, dtype=np.int64) if formula is None else np.asarray(formula, dtype=np.int64),
        np.ones(n) if mass is None else np.asarray(mass, dtype=float),
    )


def naive(queries: Side, gallery: Side, filter: str, ppm: float) -> tuple[list[int], list[int]]:
    ranks, candidates = [], []
    product = queries.vectors @ gallery.vectors.T
    for i in range(len(queries)):
        best = max(
            float(product[i, j])
            for j in range(len(gallery))
            if gallery.molecule[j] == queries.molecule[i]
        )
        place = number = 1
        for j in range(len(gallery)):
            if gallery.molecule[j] == queries.molecule[i]:
                continue
            if filter == "formula" and gallery.formula[j] != queries.formula[i]:
                continue
            window = queries.mass[i] * ppm / 1e6
            if filter == "mass" and abs(gallery.mass[j] - queries.mass[i]) > window:
                continue
            number += 1
            place += float(product[i, j]) >= best
        ranks.append(place)
        candidates.append(number)
    return ranks, candidates


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n_queries=st.integers(1, 12),
    n_gallery=st.integers(1, 25),
    filter=st.sampled_from(["none", "mass", "formula"]),
    levels=st.sampled_from([1, 2, 50]),
    block=st.sampled_from([1, 40, 1 << 20]),
)
def test_ranks_equal_the_naive_ones(
    seed: int, n_queries: int, n_gallery: int, filter: Any, levels: int, block: int
) -> None:
    """``levels`` makes ties: coordinates are few integers, so that products are exact."""
    rng = np.random.default_rng(seed)
    molecule = rng.integers(0, max(1, n_gallery // 2), n_gallery)  # several entries a molecule
    formula, mass = molecule % 3, 100 + (molecule % 4) * 5e-4
    gallery = side(rng.integers(0, levels, (n_gallery, 3)), molecule, formula, mass)
    own = rng.integers(0, n_gallery, n_queries)
    queries = side(rng.integers(0, levels, (n_queries, 3)), molecule[own], formula[own], mass[own])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(score, "SCORES_AT_ONCE", block)
        found = rank(queries, gallery, filter=filter, mass_ppm=6.0)
    ranks, candidates = naive(queries, gallery, filter, 6.0)
    assert found.rank.tolist() == ranks
    assert found.candidates.tolist() == candidates


def test_constant_scores_come_last() -> None:
    everything = side(torch.zeros(10, 4), range(10))
    found = rank(everything, everything)
    assert found.rank.tolist() == [10] * 10
    assert found.candidates.tolist() == [10] * 10


@pytest.mark.parametrize("bad", ["query", "true", "rival"])
def test_nan_counts_against_the_model(bad: str) -> None:
    queries, gallery = torch.eye(3)[:1].clone(), torch.eye(3)
    if bad == "query":
        queries[:] = math.nan
    else:
        gallery[0 if bad == "true" else 1] = math.nan
    expected = {"query": 3, "true": 3, "rival": 2}[bad]
    assert rank(side(queries, [0]), side(gallery, range(3))).rank.tolist() == [expected]


def test_a_molecule_does_not_lose_to_itself_by_rounding() -> None:
    """Thousands of molecules with one vector each, queried by those very vectors: all are first."""
    torch.manual_seed(0)
    vectors = torch.nn.functional.normalize(torch.randn(3000, 64), dim=-1)
    everything = side(vectors, range(3000))
    assert (rank(everything, everything).rank == 1).all()


def test_entries_of_the_own_molecule_are_no_rivals() -> None:
    gallery = side([[1.0], [3.0], [2.0], [2.5]], [7, 7, 7, 8])
    found = rank(side([[1.0]], [7]), gallery)
    assert (found.rank.tolist(), found.candidates.tolist()) == ([1], [2])  # the best of its own
    found = rank(side([[-1.0]], [7]), gallery)
    assert found.rank.tolist() == [1]


def test_mass_and_formula_windows() -> None:
    gallery = side(torch.zeros(4, 1), range(4), [0, 0, 1, 1], [200.0, 200.0019, 200.0021, 300.0])
    query = side(torch.zeros(1, 1), [0], [0], [200.0])
    assert rank(query, gallery, filter="mass", mass_ppm=10).candidates.tolist() == [2]
    assert rank(query, gallery, filter="mass", mass_ppm=11).candidates.tolist() == [3]
    assert rank(query, gallery, filter="formula").candidates.tolist() == [2]


def test_a_query_without_its_molecule_is_an_error() -> None:
    with pytest.raises(ValueError, match="not in the gallery"):
        rank(side(torch.zeros(1, 2), [5]), side(torch.zeros(2, 2), [0, 1]))


def test_metrics_of_known_ranks() -> None:
    found = metrics.of_ranks(Ranks(np.array([1, 2, 6, 30]), np.full(4, 40)))
    means = {name: float(values.mean()) for name, values in found.items()}
    assert means == {
        "recall@1": 0.25,
        "recall@5": 0.5,
        "recall@10": 0.75,
        "recall@20": 0.75,
        "mrr": pytest.approx((1 + 1 / 2 + 1 / 6 + 1 / 30) / 4),
    }


@pytest.mark.parametrize("candidates", [1, 3, 30])
def test_chance_is_what_random_order_gives(candidates: int) -> None:
    rng = np.random.default_rng(0)
    draws = Ranks(rng.integers(1, candidates + 1, 200_000), np.full(1, candidates))
    simulated = metrics.of_ranks(draws)
    expected = metrics.of_chance(np.array([candidates]))
    assert simulated.keys() == expected.keys()
    for name, value in expected.items():
        assert value[0] == pytest.approx(simulated[name].mean(), abs=0.005), name


def test_chance_of_several_queries_by_its_own_candidates() -> None:
    found = metrics.of_chance(np.array([2, 10]))
    assert found["recall@1"].tolist() == [0.5, 0.1]
    assert found["mrr"].tolist() == pytest.approx([0.75, sum(1 / k for k in range(1, 11)) / 10])


def test_the_interval_resamples_molecules() -> None:
    """Twenty equal spectra of each of 30 molecules tell no more than one of each."""
    rng = np.random.default_rng(3)
    hit = rng.integers(0, 2, 30).astype(float)
    one = metrics.summarise({"x": hit}, np.arange(30))["x"]
    many = metrics.summarise({"x": np.repeat(hit, 20)}, np.repeat(np.arange(30), 20))["x"]
    independent = metrics.summarise({"x": np.repeat(hit, 20)}, np.arange(600))["x"]
    assert many == {"value": pytest.approx(one["value"]), "ci95": pytest.approx(one["ci95"])}
    width = [entry["ci95"][1] - entry["ci95"][0] for entry in (many, independent)]
    assert width[0] > 3 * width[1]
    assert many["ci95"][0] < many["value"] < many["ci95"][1]


def test_the_interval_covers_the_truth() -> None:
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(100):
        low, high = metrics.summarise({"x": (rng.random(120) < 0.3).astype(float)}, np.arange(120))[
            "x"
        ]["ci95"]
        covered += low <= 0.3 <= high
    assert 88 <= covered <= 100


def test_the_interval_is_seeded() -> None:
    values = {"x": np.random.default_rng(0).random(50)}
    assert metrics.summarise(values, np.arange(50), 1) == metrics.summarise(
        values, np.arange(50), 1
    )


@pytest.mark.parametrize("scale", [3.0, 6.0, 40.0])
def test_calibration_finds_the_scale_that_made_the_data(scale: float) -> None:
    """True molecules drawn from ``softmax(scale * score)`` themselves."""
    torch.manual_seed(0)
    gallery = torch.nn.functional.normalize(torch.randn(60, 8), dim=-1)
    queries = torch.nn.functional.normalize(torch.randn(2500, 8), dim=-1)
    answers = torch.multinomial(torch.softmax(scale * queries @ gallery.T, -1), 1)[:, 0]
    order = torch.randperm(60)
    found = fit(side(queries, answers.numpy()), side(gallery[order], order.numpy()))
    assert found.points[-1].candidates == 60
    assert found.points[-1].scale == pytest.approx(scale, rel=0.17)


@pytest.mark.parametrize("filter", ["mass", "formula"])
def test_the_true_molecule_passes_a_filter_even_in_another_protonation_state(filter: str) -> None:
    gallery = Side(
        torch.tensor([[1.0], [0.5], [0.2]]),
        molecule=np.array([0, 1, 2]),
        formula=np.array([0, 1, 1]),
        mass=np.array([100.0, 101.0, 101.0]),
    )
    query = Side(torch.tensor([[1.0]]), np.array([0]), np.array([1]), np.array([101.0]))
    found = rank(query, gallery, filter=filter)  # type: ignore[arg-type]
    assert found.rank.tolist() == [1]
    assert found.candidates.tolist() == [3]
