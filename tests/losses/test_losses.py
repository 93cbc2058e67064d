"""The losses against the equations, written out again with loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from acml_core.losses import AcmlLoss, AsymmetricLoss, InfoNceLoss, SiglipLoss

IDS = torch.tensor([0, 1, 2, 1, 3, 1])
LOSSES = (AcmlLoss, InfoNceLoss, SiglipLoss)


def pair(rows: int = 6, dim: int = 5, seed: int = 0) -> tuple[Tensor, Tensor]:
    made = torch.Generator().manual_seed(seed)
    draw = (torch.randn(rows, dim, generator=made, dtype=torch.float64) for _ in range(2))
    a, b = draw
    return a.requires_grad_(), b.requires_grad_()


def make(cls: type[AsymmetricLoss], **settings: float) -> AsymmetricLoss:
    return cls(cls.Config(**settings)).double()


def rivals(ids: Tensor, row: int) -> list[int]:
    """The row itself, and every row of another molecule."""
    return [j for j in range(len(ids)) if j == row or ids[j] != ids[row]]


def softmax(values: list[float]) -> list[float]:
    top = max(values)
    powers = [math.exp(value - top) for value in values]
    return [power / sum(powers) for power in powers]


def paper(g: np.ndarray, m: np.ndarray, ids: Tensor, t: float = 1.0) -> tuple[float, float]:
    """arXiv 2311.06456: both directions, by loops; a duplicate is in no row's sum."""
    n = len(g)
    target = np.zeros((n, n))
    for i in range(n):
        row = rivals(ids, i)
        likeness = [(g[i] @ g[j] + m[i] @ m[j]) / 2 * t for j in row]
        target[i, row] = softmax(likeness)
    forward = backward = 0.0
    for i in range(n):
        row = rivals(ids, i)
        p = softmax([g[i] @ m[j] / t for j in row])
        q = softmax([m[i] @ g[j] / t for j in row])
        forward -= sum(target[i, j] * math.log(p[k]) for k, j in enumerate(row))
        backward -= sum(target[j, i] * math.log(q[k]) for k, j in enumerate(row))
    return forward / n, backward / n


@pytest.mark.parametrize("ids", [torch.arange(6), IDS], ids=["distinct", "duplicates"])
@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_acml_is_the_papers(ids: Tensor, temperature: float) -> None:
    g, m = pair()
    found = make(AcmlLoss, temperature=temperature)(g, m, ids)
    forward, backward = paper(g.detach().numpy(), m.detach().numpy(), ids, temperature)
    assert found["loss"].item() == pytest.approx((forward + backward) / 2, rel=1e-9)
    assert found["graph_to_modality"].item() == pytest.approx(forward, rel=1e-9)
    assert found["modality_to_graph"].item() == pytest.approx(backward, rel=1e-9)
    assert AcmlLoss.Config().temperature == 1.0  # the paper's


def test_acml_compares_vectors_of_any_length() -> None:
    g, m = pair()
    loss = make(AcmlLoss)
    assert not AcmlLoss.unit_norm
    assert loss(g, m, IDS)["loss"].item() != pytest.approx(loss(2 * g, m, IDS)["loss"].item())


@pytest.mark.parametrize("cls", LOSSES)
@pytest.mark.parametrize("ids", [torch.arange(6), IDS], ids=["distinct", "duplicates"])
def test_gradients_are_those_of_finite_differences(cls: type[AsymmetricLoss], ids: Tensor) -> None:
    """Finite differences know nothing of detach: targets that were detached would not pass."""
    loss = make(cls)
    assert torch.autograd.gradcheck(lambda g, m: loss(g, m, ids)["loss"], pair())


def test_the_gradient_flows_through_the_papers_targets() -> None:
    g, m = pair()
    (found,) = torch.autograd.grad(make(AcmlLoss)(g, m, torch.arange(6))["loss"], g)
    targets = ((g @ g.T + m @ m.T) / 2).softmax(-1).detach()
    logits = g @ m.T
    forward = -(targets * logits.log_softmax(-1)).sum(-1).mean()
    backward = -(targets.T * logits.T.log_softmax(-1)).sum(-1).mean()
    (detached,) = torch.autograd.grad((forward + backward) / 2, g)
    assert not torch.allclose(found, detached, rtol=0.01)


def infonce(g: np.ndarray, m: np.ndarray, ids: Tensor, temperature: float) -> tuple[float, float]:
    g = g / np.linalg.norm(g, axis=1, keepdims=True)
    m = m / np.linalg.norm(m, axis=1, keepdims=True)
    sums = [0.0, 0.0]
    for i in range(len(g)):
        row = rivals(ids, i)
        for side, (a, b) in enumerate(((g, m), (m, g))):
            p = softmax([a[i] @ b[j] / temperature for j in row])
            sums[side] -= math.log(p[row.index(i)])
    return sums[0] / len(g), sums[1] / len(g)


@pytest.mark.parametrize("weights", [(0.5, 0.5), (1.0, 0.0), (0.0, 1.0), (0.2, 0.7)])
def test_infonce_weighs_its_directions(weights: tuple[float, float]) -> None:
    g, m = pair()
    loss = make(
        InfoNceLoss, temperature=0.3, graph_to_modality=weights[0], modality_to_graph=weights[1]
    )
    forward, backward = infonce(g.detach().numpy(), m.detach().numpy(), IDS, 0.3)
    found = loss(g, m, IDS)
    assert forward != pytest.approx(backward)
    assert found["loss"].item() == pytest.approx(weights[0] * forward + weights[1] * backward)
    assert found["temperature"].item() == pytest.approx(0.3)


def test_infonces_temperature_learns_and_stays_above_its_limit() -> None:
    g, m = pair()
    loss = make(InfoNceLoss)
    loss(g, m, IDS)["loss"].backward()
    assert loss.log_scale.grad.abs() > 0
    with torch.no_grad():
        loss.log_scale.fill_(50.0)
    assert loss(g, m, IDS)["temperature"].item() == pytest.approx(0.01)


def test_siglip_is_a_sum_over_pairs() -> None:
    g, m = pair()
    a = (g / g.norm(dim=1, keepdim=True)).detach().numpy()
    b = (m / m.norm(dim=1, keepdim=True)).detach().numpy()
    total = 0.0
    for i in range(len(a)):
        for j in rivals(IDS, i):
            sign = 1 if i == j else -1
            total += math.log1p(math.exp(-sign * (a[i] @ b[j] / 0.1 - 10)))
    assert make(SiglipLoss)(g, m, IDS)["loss"].item() == pytest.approx(total / len(a))


@pytest.mark.parametrize("cls", LOSSES)
def test_a_duplicate_is_no_negative(cls: type[AsymmetricLoss]) -> None:
    """Rows 0 and 1 are one molecule: what one scores with the other must pull at nothing."""
    g, m = pair(rows=2)
    ids = torch.tensor([4, 4])
    grad = torch.autograd.grad(make(cls)(g, m, ids)["loss"], (g, m))
    if cls is SiglipLoss:  # a row still attracts its own measurement
        own = make(cls)
        parts = [own(g[i : i + 1], m[i : i + 1], ids[:1])["loss"] / 2 for i in range(2)]
        expected = torch.autograd.grad(parts[0] + parts[1], (g, m))
        assert all(torch.allclose(a, b) for a, b in zip(grad, expected, strict=True))
    else:  # nothing is left to contrast
        assert make(cls)(g, m, ids)["loss"].item() == pytest.approx(0, abs=1e-12)
        assert all(float(part.abs().max()) < 1e-12 for part in grad)


def test_a_duplicates_vector_does_not_change_the_other_rows_infonce() -> None:
    """Graph 1 alone enters row 1 of this direction, so its gradient is that row's."""
    ids = torch.tensor([0, 1, 1])
    loss = make(InfoNceLoss, graph_to_modality=1.0, modality_to_graph=0.0)

    def pull_on_graph_one(measurement: Tensor, ids: Tensor) -> Tensor:
        g, m = pair(rows=3)
        m = torch.stack([m[0], m[1], measurement])
        return torch.autograd.grad(loss(g, m, ids)["loss"], g)[0][1]

    here, there = torch.eye(5, dtype=torch.float64)[:2]
    assert torch.equal(pull_on_graph_one(here, ids), pull_on_graph_one(there, ids))
    other = torch.tensor([0, 1, 2])  # another molecule's vector does change it
    assert not torch.allclose(pull_on_graph_one(here, other), pull_on_graph_one(there, other))


def test_a_duplicates_vector_does_not_change_the_other_rows_siglip() -> None:
    """The sum over pairs comes apart: moving row 2 changes the same as if row 1 were not there."""
    ids = torch.tensor([0, 1, 1])
    loss = make(SiglipLoss)
    g, m = (part.detach() for part in pair(rows=3))
    moved = m.clone()
    moved[2] = -moved[2]
    change = loss(g, moved, ids)["loss"] * 3 - loss(g, m, ids)["loss"] * 3
    keep = [0, 2]
    alone = [loss(g[keep], part[keep], ids[keep])["loss"] * 2 for part in (moved, m)]
    assert change.item() == pytest.approx((alone[0] - alone[1]).item())


@pytest.mark.parametrize("cls", LOSSES)
def test_the_order_of_the_rows_does_not_matter(cls: type[AsymmetricLoss]) -> None:
    g, m = pair()
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    loss = make(cls)
    (grad,) = torch.autograd.grad(loss(g, m, IDS)["loss"], g)
    shuffled = loss(g[order], m[order], IDS[order])["loss"]
    assert shuffled.item() == pytest.approx(loss(g, m, IDS)["loss"].item())
    (grad_shuffled,) = torch.autograd.grad(shuffled, g)
    assert torch.allclose(grad, grad_shuffled)


@pytest.mark.parametrize("cls", LOSSES)
@pytest.mark.parametrize("scale", [1e-3, 30.0])
def test_everything_stays_finite(cls: type[AsymmetricLoss], scale: float) -> None:
    torch.manual_seed(0)
    g = (torch.randn(32, 16) * scale).requires_grad_()
    m = (torch.randn(32, 16) * scale).requires_grad_()
    loss = cls(cls.Config())
    found = loss(g, m, torch.randint(0, 20, (32,)))
    found["loss"].backward()
    assert all(torch.isfinite(value).all() for value in found.values())
    assert torch.isfinite(g.grad).all()
    assert torch.isfinite(m.grad).all()
    assert all(not found[name].requires_grad for name in found if name != "loss")


@pytest.mark.parametrize("cls", LOSSES)
def test_aligned_towers_cost_less(cls: type[AsymmetricLoss]) -> None:
    g, m = pair()
    loss = make(cls)
    aligned = 3 * torch.eye(6, dtype=torch.float64)
    assert loss(aligned, aligned, IDS)["loss"] < loss(g, m, IDS)["loss"]
