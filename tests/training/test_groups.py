"""What the optimiser shrinks, and how fast each part learns."""

from __future__ import annotations

from torch import nn

from acml_core.training.groups import groups


def test_matrices_decay_and_the_rest_does_not() -> None:
    body = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 2))
    head = nn.Linear(2, 1, bias=False)
    for parameter in body[2].parameters():
        parameter.requires_grad_(False)
    found = groups([(body.parameters(), {"lr": 0.1}), (head.parameters(), {"lr": 0.2})], 0.01)
    assert [(one["lr"], one["weight_decay"]) for one in found] == [
        (0.1, 0.01),
        (0.1, 0.0),
        (0.2, 0.01),
    ]
    assert [one["params"] for one in found] == [
        [body[0].weight],
        [body[0].bias, body[1].weight, body[1].bias],
        [head.weight],
    ]
    assert not groups([(body[2].parameters(), {})], 0.01), "locked"
