"""The second opinion's weights, where it is known what it knows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from acml_core.evaluation import reranking
from acml_core.evaluation.calibration import Crowd, fit
from acml_core.evaluation.ranking import Filter, Side, ranks
from acml_core.evaluation.reranking import fit_rerank, reranked
from acml_core.library.vectors import Vectors
from acml_core.modality import Signal
from acml_core.probability import Calibration, Rerank

GROUPS, EACH, DIM = 60, 5, 24


class Carbon(Signal):
    """A measurement of nothing but the number of its molecule."""

    number: int = 0


class Knowing:
    """Knows carbon chains by their length, with some noise."""

    name = "knowing"
    reranked = 50

    def __init__(self, noise: float) -> None:
        self.noise = noise
        self.rng = np.random.default_rng(0)

    def rerank(self, signal: Carbon, mols: list[Any]) -> np.ndarray:
        """(n,): 1 for the right length, less for others."""
        length = np.array([mol.GetNumAtoms() for mol in mols])
        return (length == signal.number % EACH + 1) + self.rng.normal(0, self.noise, len(mols))


def unit(vectors: torch.Tensor) -> torch.Tensor:
    """Of unit norm."""
    return torch.nn.functional.normalize(vectors, dim=1)


@pytest.fixture(scope="module")
def sides() -> tuple[Side, Side, list[str]]:
    """Formulas that vectors tell apart, and five molecules of each that they hardly do."""
    torch.manual_seed(0)
    centre = torch.randn(GROUPS, 1, DIM)
    vectors = centre + 0.05 * torch.randn(GROUPS, EACH, DIM)
    flat = unit(vectors.reshape(-1, DIM))
    number = np.arange(GROUPS * EACH)
    formula = number // EACH
    gallery = Side(flat, number, formula, formula.astype(float))
    asked = unit(flat + 0.1 * torch.randn_like(flat))
    queries = Side(asked, number, formula, formula.astype(float))
    return queries, gallery, ["C" * (i % EACH + 1) for i in range(GROUPS * EACH)]


def test_among_isomers_the_second_opinion_counts_for_more(
    sides: tuple[Side, Side, list[str]],
) -> None:
    queries, gallery, smiles = sides
    signals = [Carbon(number=int(i)) for i in queries.molecule]
    calibration = fit(queries, gallery)
    plugin: Any = Knowing(noise=0.2)
    everything, isomers = (
        fit_rerank(plugin, signals, queries, gallery, smiles, calibration, isomers=alone)
        for alone in (False, True)
    )
    assert everything is not None
    assert isomers is not None
    assert everything.weight > 0
    assert isomers.weight / isomers.scale > everything.weight / everything.scale
    calibration = calibration.model_copy(update={"rerank": everything, "rerank_isomers": isomers})
    first = ranks(queries, gallery, ("none", "formula"))
    found = reranked(
        plugin, signals, queries, gallery, smiles, ("none", "formula"), calibration, first,
        candidates=20,
    )  # fmt: skip
    for name in ("none", "formula"):
        before, after = first[name], found[name]
        assert (after.ranks.rank == 1).mean() > (before.rank == 1).mean() + 0.2
        assert ((after.ranks.rank == 1) == after.right).all()
        assert abs(after.top.mean() - after.right.mean()) < 0.06
        assert (after.top <= 1).all()


def test_the_likeliest_are_asked_first(sides: tuple[Side, Side, list[str]]) -> None:
    """A second opinion may stop at one of the first: they come by their scores, within each filter."""
    queries, gallery, smiles = sides
    queries = queries.take(np.arange(10))
    signals = [Carbon(number=int(i)) for i in queries.molecule]
    names = [f"[{i + 1}CH4]" for i in range(len(smiles))]  # so that each is known again
    asked: list[list[int]] = []

    class Listening(Knowing):
        reranked = 7

        def rerank(self, signal: Carbon, mols: list[Any]) -> np.ndarray:
            asked.append([mol.GetAtomWithIdx(0).GetIsotope() - 1 for mol in mols])
            return super().rerank(signal, mols)

    plugin: Any = Listening(noise=0.2)
    calibration = fit(queries, gallery)
    weights = Rerank(candidates=7, scale=10.0, weight=1.0)
    calibration = calibration.model_copy(update={"rerank": weights, "rerank_isomers": weights})
    filters: tuple[Filter, ...] = ("none", "formula")
    first = ranks(queries, gallery, filters)
    reranked(plugin, signals, queries, gallery, names, filters, calibration, first, candidates=7)
    order = (-queries.vectors @ gallery.vectors.T).argsort(dim=1).tolist()
    isomers = [[i for i in row if i // EACH == q // EACH] for q, row in enumerate(order)]
    expected = [some for row, own in zip(order, isomers, strict=True) for some in (row[:7], own)]
    assert asked == expected


def test_it_is_shown_how_far_the_asking_is(
    sides: tuple[Side, Side, list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    queries, gallery, smiles = sides
    signals = [Carbon(number=int(i)) for i in queries.molecule]
    calibration = fit(queries, gallery)
    plugin: Any = Knowing(noise=0.2)
    monkeypatch.setattr(reranking, "SHOWN_AFTER", 0.0)
    found = fit_rerank(plugin, signals, queries, gallery, smiles, calibration)
    assert "second opinion, fitted:   0%|" in capsys.readouterr().err
    calibration = calibration.model_copy(update={"rerank": found})
    first = ranks(queries, gallery, ("none",))
    reranked(
        plugin, signals, queries, gallery, smiles, ("none",), calibration, first, candidates=5,
        name="test",
    )  # fmt: skip
    shown = capsys.readouterr()
    assert "second opinion, test:   0%|" in shown.err
    assert f"/{len(queries)} " in shown.err
    assert not shown.out, "results alone go there"


def test_a_larger_library_has_numbers_of_its_own(sides: tuple[Side, Side, list[str]]) -> None:
    """Most of its molecules are nothing like the measured ones: a softmax over all is too modest."""
    near, known, smiles = sides
    signals = [Carbon(number=int(i)) for i in near.molecule]
    torch.manual_seed(1)
    # with one more number that is the same in all of them, and next to nothing else in the others
    queries, gallery = (
        replace(one, vectors=unit(torch.cat([one.vectors, torch.ones(len(one), 1)], dim=1)))
        for one in (near, known)
    )
    unlike = unit(torch.cat([0.1 * torch.randn(20_000, DIM), torch.ones(20_000, 1)], dim=1))
    held = np.flatnonzero(np.arange(len(gallery)) % 7 > 0)  # most are in it, the rest are added
    column = np.full(len(gallery), -1)
    column[held] = np.arange(len(held))
    vectors = torch.cat([gallery.vectors[torch.from_numpy(held)], unlike]).half()
    texts = np.array([smiles[i] for i in held] + ["C" * (EACH + 2)] * len(unlike))
    larger = Crowd(Vectors([vectors]), column, lambda index: list(texts[index]))
    plugin: Any = Knowing(noise=0.5)
    calibration = fit(queries, gallery, larger=larger)
    assert [point.candidates for point in calibration.points] == [100, len(gallery), len(larger)]
    found = fit_rerank(plugin, signals, queries, gallery, smiles, calibration, larger=larger)
    assert found is not None
    assert found.among == len(gallery)
    assert found.sure_among(10) == found.sure_among(len(gallery)) == found.sure
    assert found.sure_among(len(larger)) == found.others[-1][1:] == found.sure_among(10**9)
    # every molecule as a candidate, once with what was fitted in the larger library and once without
    extra = Side(
        torch.cat([gallery.vectors, unlike]),
        np.arange(len(gallery) + len(unlike)),
        np.concatenate([gallery.formula, np.full(len(unlike), -1)]),
        np.zeros(len(gallery) + len(unlike)),
    )
    every = [*smiles, *texts[len(held) :]]
    first = ranks(queries, extra, ("none",))
    error = {}
    for name, one, rerank in (
        ("with", calibration, found),
        ("without", fit(queries, gallery), found.model_copy(update={"others": ()})),
    ):
        kept = one.model_copy(update={"rerank": rerank})
        after = reranked(
            plugin, signals, queries, extra, every, ("none",), kept, first, candidates=20
        )["none"]
        error[name] = abs(after.top.mean() - after.right.mean())
    assert 2 * error["with"] < error["without"], error


def test_so_has_a_small_gallery(
    sides: tuple[Side, Side, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    queries, gallery, smiles = sides
    signals = [Carbon(number=int(i)) for i in queries.molecule]
    monkeypatch.setattr(reranking, "FEWER", 60)
    plugin: Any = Knowing(noise=0.5)
    calibration = fit(queries, gallery)
    found = fit_rerank(plugin, signals, queries, gallery, smiles, calibration)
    assert found is not None
    ((fewer, *sure),) = found.others
    assert fewer == 60
    assert found.sure_among(60) == tuple(sure) != found.sure
    few = np.arange(60)
    part = gallery.take(few)
    calibration = calibration.model_copy(update={"rerank": found})
    after = reranked(
        plugin, signals[:60], queries.take(few), part, smiles[:60], ("none",), calibration,
        ranks(queries.take(few), part, ("none",)), candidates=20,
    )["none"]  # fmt: skip
    assert abs(after.top.mean() - after.right.mean()) < 0.1


def test_a_second_opinion_that_knows_nothing_is_not_heard(
    sides: tuple[Side, Side, list[str]],
) -> None:
    queries, gallery, smiles = sides
    signals = [Carbon(number=int(i)) for i in queries.molecule]

    class Guessing(Knowing):
        def rerank(self, signal: Carbon, mols: list[Any]) -> np.ndarray:
            return np.random.default_rng(signal.number).normal(0, 1, len(mols))

    plugin: Any = Guessing(0.0)
    found = fit_rerank(plugin, signals, queries, gallery, smiles, fit(queries, gallery))
    assert found is not None
    assert found.weight < 0.3


def test_a_kind_without_its_own_weights_has_the_general_ones() -> None:
    general, narrow, own = (Rerank(candidates=9, scale=1.0, weight=w) for w in (1.0, 2.0, 3.0))
    bare = Calibration.constant(1.0)
    known = bare.model_copy(
        update={
            "rerank": general,
            "rerank_isomers": narrow,
            "kinds": {"a": bare.model_copy(update={"rerank": own}), "b": bare},
        }
    )
    assert known.opinion(["a"]) == own
    assert known.opinion(["b"]) == general
    assert known.opinion(["a"], filtered=True) == narrow
    assert bare.opinion(["a"]) is None
    only = bare.model_copy(update={"rerank": general})
    assert only.opinion([], filtered=True) == general
