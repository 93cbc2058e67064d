"""A padded batch of strings as flat tokens: no layer but attention ever computes on padding.

Strings differ in length tenfold. Tokens of all of them stand one after another, the longest string
first, so that attention can take strings of like length together.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from acml_plugin_smiles.vocabulary import PAD, RING_NUMBERS

TOGETHER = 16
"""Strings of like length that attention takes at once; with more, padding costs more than it saves."""

TOGETHER_GPU = 256
"""The same beside a GPU, where starting a computation costs more than padding."""


@dataclass
class Layout:
    """Where the ``n`` tokens of ``B`` strings are; rows are in order of falling length.

    Attributes:
        tokens: (n,) int64, their numbers.
        near, link: (n,) int64, flat places of their partners (see ``tokenise``).
        sender: (n,) int64, whose vector goes to the token's ``link``: for a ring closure that of the
            atom that it is written at, for any other token its own.
        position: (n,) int64, place in the string.
        row: (n,) int64, number of the string, in falling length.
        order: (B,) int64, the batch's row of each of them.
        groups: flat start and stop, (b, t) int64 places within it, and (b, t) bool, True where filled.
    """

    tokens: Tensor
    near: Tensor
    link: Tensor
    sender: Tensor
    position: Tensor
    row: Tensor
    order: Tensor
    groups: list[tuple[int, int, Tensor, Tensor]]

    @property
    def rows(self) -> int:
        """``B``."""
        return len(self.order)

    def sum(self, values: Tensor) -> Tensor:
        """(n, d) to (B, d): the sum over each string's tokens, in float32."""
        out = values.new_zeros(self.rows, values.shape[1], dtype=torch.float32)
        return out.index_add_(0, self.row, values.float())

    def restore(self, values: Tensor) -> Tensor:
        """(B, d) in falling length to (B, d) in the batch's order."""
        return torch.empty_like(values).index_copy_(0, self.order, values)


def lay_out(tokens: Tensor, syntax: Tensor) -> Layout:
    """Tokens (B, T) int64 and syntax (B, 2, T) int64 to flat ones.

    A string without any token counts as one of padding, which no other string has.
    """
    filled = tokens != PAD
    filled[:, 0] = True
    lengths = filled.sum(1)
    order = torch.argsort(lengths, descending=True, stable=True)
    filled, lengths = filled[order], lengths[order]
    start = lengths.cumsum(0) - lengths
    row, position = filled.nonzero(as_tuple=True)
    near, link = (syntax[order][:, which][filled] + start[row] for which in range(2))
    groups = []
    sizes = lengths.tolist()
    first = 0
    together = TOGETHER if tokens.device.type == "cpu" else TOGETHER_GPU
    for top in range(0, len(sizes), together):
        some = slice(top, top + together)
        width, total = sizes[top], sum(sizes[some])
        columns = torch.arange(width, device=tokens.device)
        inside = columns < lengths[some, None]
        places = torch.where(inside, start[some, None] - first + columns, 0)
        groups.append((first, first + total, places, inside))
        first += total
    numbers = tokens[order][filled]
    ring = (numbers >= RING_NUMBERS[0]) & (numbers <= RING_NUMBERS[-1])
    sender = torch.where(ring, near, torch.arange(len(numbers), device=tokens.device))
    return Layout(numbers, near, link, sender, position, row, order, groups)
