"""Encoder of SMILES: a transformer over tokens that also follows the string's grammar.

Every block takes up a token's partners by the grammar, in both directions: an atom and the one before
it in its chain, the two ends of a ring closure. The last blocks also let a token look at all others
(rotary positions: J. Su et al., arXiv:2104.09864). What a molecule is made of counts as much as how it
is connected, so the tokens are made wider before they are pooled, by sum and by attention, and counted.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from acml_core.encoder import Encoder
from acml_plugin_smiles.layout import Layout, lay_out
from acml_plugin_smiles.vocabulary import NUMBER, RING_NUMBERS, TOKENS

TYPICAL_TOKENS = 32.0
"""The sum over a string's tokens is divided by this, to be of the size of the mean."""

EMBEDDING_STD = 0.5
ROTARY_BASE = 1000.0
"""Longest wavelength of the rotary positions [tokens], over 2 pi."""

MOST_ATTENTION_SCORE = 5.0
"""Pooling scores stay within this, so that no exponential overflows."""

FEED_FORWARD = 2
"""Width of the feed-forward layers over that of the tokens."""


class SmilesEncoder(Encoder):
    """``{"tokens": (B, T), "syntax": (B, 2, T)}`` to (B, dim) float32.

    The number of a ring closure carries no meaning once its two ends are known: all numbers share one
    vector, so that renumbering rings changes nothing.
    """

    meaning: Tensor

    def __init__(
        self,
        dim: int,
        width: int,
        layers: int,
        attention_layers: int,
        heads: int,
        pool_width: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.dim = dim
        meaning = torch.arange(len(TOKENS))
        meaning[list(RING_NUMBERS)] = NUMBER["1"]
        self.register_buffer("meaning", meaning, persistent=False)
        self.embed = nn.Embedding(len(TOKENS), width)
        self.embed_near = nn.Embedding(len(TOKENS), width)
        for table in (self.embed, self.embed_near):
            nn.init.normal_(table.weight, std=EMBEDDING_STD)
        self.drop = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(
            Block(width, heads if i >= layers - attention_layers else 0, dropout)
            for i in range(layers)
        )
        self.head_width = width // heads
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Sequential(nn.Linear(width, pool_width), nn.GELU())
        self.score = nn.Linear(width, 1)
        self.count = nn.Linear(len(TOKENS), width)
        self.leave = nn.Linear(2 * pool_width + width, dim)

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        """``(B, dim)`` float32."""
        layout = lay_out(batch["tokens"], batch["syntax"])
        return self.pool(self.states(layout), layout)

    def states(self, layout: Layout) -> Tensor:
        """``(n, width)``: a vector for each token of the batch."""
        meant = self.meaning[layout.tokens]
        h = self.drop(self.embed(meant) + self.embed_near(meant[layout.near]))
        turn = rotations(layout.position, self.head_width)
        for block in self.blocks:
            h = block(h, layout, turn)
        return self.norm(h)

    def pool(self, states: Tensor, layout: Layout) -> Tensor:
        """``(B, dim)`` float32 from the tokens' vectors (n, width), in the batch's order."""
        wide = self.widen(states).float()
        total = layout.sum(wide) / TYPICAL_TOKENS
        score = self.score(states).float()
        weight = (MOST_ATTENTION_SCORE * torch.tanh(score / MOST_ATTENTION_SCORE)).exp()
        attended = layout.sum(wide * weight) / layout.sum(weight)
        place = layout.row * len(TOKENS) + self.meaning[layout.tokens]
        counts = torch.bincount(place, minlength=layout.rows * len(TOKENS))
        counted = self.count(torch.log1p(counts.view(layout.rows, -1).float()))
        pooled = torch.cat([total, attended, counted.float()], dim=1)
        return layout.restore(self.leave(pooled).float())

    def last_layers(self) -> list[nn.Module]:
        """What ``unlock = "last"`` trains: the last block and everything after it."""
        return [*self.blocks[-1:], self.norm, self.widen, self.score, self.count, self.leave]


class Block(nn.Module):
    """Pre-norm residual block: attention, partners by the grammar, feed-forward.

    Args:
        heads: of the attention; 0 for a block without.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.attention = Attention(width, heads) if heads else None
        self.partner_norm = nn.LayerNorm(width)
        self.down = nn.Linear(2 * width, width)
        self.up = nn.Linear(width, width, bias=False)
        self.feed_norm = nn.LayerNorm(width)
        self.feed = nn.Sequential(
            nn.Linear(width, FEED_FORWARD * width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(FEED_FORWARD * width, width),
        )

    def forward(self, h: Tensor, layout: Layout, turn: tuple[Tensor, Tensor]) -> Tensor:
        """(n, width) to (n, width)."""
        if self.attention is not None:
            h = h + self.attention(h, layout, turn)
        x = self.partner_norm(h)
        partners = torch.cat([x[layout.link], x[layout.near]], dim=1)
        # A ring closure carries the atom that it is written at to the ring's other end.
        above = torch.zeros_like(x).index_add_(0, layout.link, x[layout.sender])
        h = h + self.down(partners) + self.up(above)
        return h + self.feed(self.feed_norm(h))


class Attention(nn.Module):
    """Attention of each token to its own string's, with its norm."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.leave = nn.Linear(width, width)

    def forward(self, h: Tensor, layout: Layout, turn: tuple[Tensor, Tensor]) -> Tensor:
        """(n, width) to (n, width)."""
        parts = self.query_key_value(self.norm(h)).view(len(h), 3, self.heads, -1)
        query, key, value = parts.unbind(1)
        query, key = rotate(query, turn), rotate(key, turn)
        together = torch.stack([query, key, value.to(query.dtype)], dim=1)
        out = []
        for first, last, places, inside in layout.groups:
            padded = together[first:last][places]  # (b, t, 3, heads, head width)
            q, k, v = padded.permute(2, 0, 3, 1, 4)
            found = scaled_dot_product_attention(q, k, v, attn_mask=inside[:, None, None])
            out.append(found.transpose(1, 2)[inside])
        return self.leave(torch.cat(out).flatten(1))


def rotations(position: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Cosine and sine of each token's rotation, (n, 1, width / 2) float32."""
    half = width // 2
    rate = ROTARY_BASE ** (-torch.arange(half, device=position.device) / half)
    angle = (position[:, None] * rate)[:, None]
    return angle.cos(), angle.sin()


def rotate(x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    """(n, heads, width) turned pair by pair, in ``x``'s precision."""
    cos, sin = (part.to(x.dtype) for part in turn)
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)
