"""Encoder of a curve: convolutions that halve its length, then a linear layer."""

from __future__ import annotations

from torch import Tensor, nn

from acml_core import Encoder

KERNEL = 7
HALVINGS = 4
GROUPS = 4


class CurveEncoder(Encoder):
    """``{"curve": (B, points)}`` to ``(B, dim)`` float32.

    The convolutions see shapes wherever they are; the linear layer over what is left of the grid
    sees where they are.
    """

    def __init__(self, points: int, width: int, dim: int) -> None:
        super().__init__()
        self.dim = dim
        layers: list[nn.Module] = []
        for number in range(HALVINGS):
            into = 1 if number == 0 else width
            layers += [
                nn.Conv1d(into, width, KERNEL, stride=2, padding=KERNEL // 2),
                nn.GroupNorm(GROUPS, width),
                nn.GELU(),
            ]
        self.convolutions = nn.Sequential(*layers)
        left = points
        for _ in range(HALVINGS):
            left = (left + 1) // 2
        self.leave = nn.Linear(width * left, dim)

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        """``(B, dim)`` float32."""
        return self.leave(self.convolutions(batch["curve"][:, None]).flatten(1))
