"""Hard negatives: neighbours stand together, and nobody is lost."""

from __future__ import annotations

import numpy as np
import torch

from acml_core.training.neighbours import Neighbours


def _clusters(n: int, size: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(n, 32, generator=generator)
    noise = torch.randn(n * size, 32, generator=generator)
    return centres.repeat_interleave(size, 0) + 0.05 * noise


def test_every_molecule_comes_once() -> None:
    neighbours = Neighbours(1000, group=8, from_epoch=0)
    molecules = np.arange(0, 1000, 3)
    neighbours.remember(np.arange(1000), torch.randn(1000, 16))
    order = neighbours.order(molecules, 0, np.random.default_rng(0))
    assert sorted(order) == molecules.tolist()


def test_neighbours_are_more_often_in_one_batch_than_by_chance() -> None:
    size, n = 8, 128
    neighbours = Neighbours(size * n, group=8, from_epoch=0)
    neighbours.remember(np.arange(size * n), _clusters(n, size))

    def together(order: np.ndarray) -> float:
        batch = np.empty(size * n, dtype=int)
        batch[order] = np.arange(size * n) // 64
        same = batch.reshape(n, size)
        return float((same == same[:, :1])[:, 1:].mean())

    rng = np.random.default_rng(0)
    assert together(rng.permutation(size * n)) < 0.15
    assert together(neighbours.order(np.arange(size * n), 0, rng)) > 0.6


def test_order_is_random_before_its_epoch_and_without_a_group() -> None:
    for neighbours, epoch in ((Neighbours(64, 8, 2), 1), (Neighbours(64, 0, 1), 5)):
        neighbours.remember(np.arange(64), torch.randn(64, 4))
        order = neighbours.order(np.arange(64), epoch, np.random.default_rng(3))
        assert order.tolist() == np.random.default_rng(3).permutation(64).tolist()


def test_equal_embeddings_split_too() -> None:
    neighbours = Neighbours(100, group=4, from_epoch=0)
    neighbours.remember(np.arange(100), torch.ones(100, 4))
    order = neighbours.order(np.arange(100), 0, np.random.default_rng(0))
    assert sorted(order) == list(range(100))


def test_isomers_stand_together_and_nobody_is_lost() -> None:
    formula = np.random.default_rng(1).integers(300, size=1000)  # 3.3 molecules a formula
    neighbours = Neighbours(1000, group=4, from_epoch=0, formula=formula)
    molecules = np.arange(0, 1000, 2)
    neighbours.remember(np.arange(1000), torch.randn(1000, 16))
    order = neighbours.order(molecules, 0, np.random.default_rng(0))
    assert sorted(order) == molecules.tolist()
    counts = np.bincount(formula[molecules])
    several = np.isin(formula[order], np.flatnonzero(counts > 1))
    beside = formula[order][1:] == formula[order][:-1]
    touches = np.r_[beside, False] | np.r_[False, beside]
    assert touches[several].mean() > 0.95  # a group of five is split in two and three
    assert not touches[~several].any()
