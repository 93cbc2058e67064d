"""What is put on the encoder for its pretraining, and the losses."""

from __future__ import annotations

import numpy as np
import targets
import torch
from torch import Tensor, nn
from torch.nn import functional

CONTRAST_DIM = 256
BITS_SCALE, ENVIRONMENTS_SCALE, LOCAL_SCALE = 50.0, 10.0, 30.0
"""Losses that are summed over a fingerprint are divided by these, which brings them near 1."""

LOCAL_BIAS = -6.0
"""Log odds of an environment at a place of the map."""

CONTRAST_WEIGHT = 0.5
MAX_LOGIT_SCALE = 50.0
LEAST_SD = 0.02
"""Counts that hardly vary are divided by this."""


class Heads(nn.Module):
    """Linear predictions from an embedding, and a space shared with the molecule's fingerprints.

    Args:
        dim: length of the encoder's embeddings.
        channels: of the encoder's last maps.
        bits: (N, BITS) of some training molecules, for the biases.
        counts: (N, COUNTS) of the same, for mean and standard deviation.
    """

    mean: Tensor
    sd: Tensor

    def __init__(self, dim: int, channels: int, bits: np.ndarray, counts: np.ndarray) -> None:
        super().__init__()
        self.local = nn.Conv2d(channels, targets.LOCAL, 1)
        nn.init.normal_(self.local.weight, std=0.01)
        nn.init.constant_(self.local.bias, LOCAL_BIAS)
        self.bits = nn.Linear(dim, targets.BITS)
        share = torch.from_numpy(bits).float().mean(dim=0).clamp(1e-4, 0.99)
        self.bits.bias.data = torch.logit(share)
        nn.init.normal_(self.bits.weight, std=0.01)
        self.environments = nn.Linear(dim, targets.ENVIRONMENTS)
        self.counts = nn.Linear(dim, targets.COUNTS)
        self.picture = nn.Linear(dim, CONTRAST_DIM)
        self.parts = nn.EmbeddingBag(targets.BITS + targets.ENVIRONMENTS, 512, mode="sum")
        nn.init.normal_(self.parts.weight, std=0.1)
        self.molecule = nn.Sequential(
            nn.LayerNorm(512), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, CONTRAST_DIM)
        )
        self.log_scale = nn.Parameter(torch.tensor(2.5))
        self.register_buffer("mean", torch.from_numpy(counts.mean(axis=0)))
        self.register_buffer("sd", torch.from_numpy(counts.std(axis=0)).clamp(min=LEAST_SD))

    def molecules(self, bits: Tensor, environments: Tensor) -> Tensor:
        """Fingerprints (N, BITS) and (N, ENVIRONMENTS) to unit vectors (N, CONTRAST_DIM)."""
        both = torch.cat([bits, torch.log1p(environments)], dim=1)
        row, part = both.nonzero(as_tuple=True)  # a molecule has about 100 of the 4,096
        offsets = torch.searchsorted(row, torch.arange(len(both)))
        summed = self.parts(part, offsets, per_sample_weights=both[row, part])
        return functional.normalize(self.molecule(summed), dim=1)

    def pictures(self, h: Tensor) -> Tensor:
        """Embeddings (B, dim) to unit vectors (B, CONTRAST_DIM)."""
        return functional.normalize(self.picture(h), dim=1)


def losses(
    heads: Heads, h: Tensor, bits: Tensor, environments: Tensor, counts: Tensor
) -> dict[str, Tensor]:
    """Terms whose sum is the loss.

    Args:
        h: (B, dim) embeddings of the drawings.
        bits, environments: (N, ...) targets as in ``targets``, float32. The first B rows are those
            of the drawings; the others are of molecules to tell the drawings from.
        counts: (B, COUNTS) float32.
    """
    size = len(h)
    by_bit = functional.binary_cross_entropy_with_logits(
        heads.bits(h), bits[:size], reduction="sum"
    )
    near = functional.smooth_l1_loss(
        heads.environments(h), torch.log1p(environments[:size]), reduction="sum"
    )
    number = functional.smooth_l1_loss(
        heads.counts(h), ((counts - heads.mean) / heads.sd).clamp(-8, 8)
    )
    return {
        "bits": by_bit / (BITS_SCALE * size),
        "environments": near / (ENVIRONMENTS_SCALE * size),
        "counts": number,
        "contrast": CONTRAST_WEIGHT * contrast(heads, h, bits, environments),
    }


def local(heads: Heads, maps: Tensor, places: Tensor, by_atom: Tensor, motion: Tensor) -> Tensor:
    """Cross-entropy of which atoms' environments are at which place of the last maps.

    Args:
        maps: (B, C, G, G).
        places: (B, A, 2), x and y of the atoms before the motion, -1 to 1.
        by_atom: (B, A, 2) int64 from ``targets.by_atom``; -1 where there is no atom.
        motion: (B, 2, 3) from ``augment.motions``.
    """
    grid = maps.shape[-1]
    back = torch.linalg.inv(motion[:, :, :2])
    moved = (places - motion[:, None, :, 2]) @ back.transpose(1, 2)
    cell = ((moved + 1) * (grid / 2)).floor().long()
    inside = ((cell >= 0) & (cell < grid)).all(dim=2) & (by_atom[..., 0] >= 0)
    row, atom = inside.nonzero(as_tuple=True)
    x, y = cell[row, atom].unbind(1)
    wanted = torch.zeros(len(maps), targets.LOCAL, grid, grid)
    for kind in range(by_atom.shape[2]):
        wanted[row, by_atom[row, atom, kind], y, x] = 1.0
    found = heads.local(maps)
    loss = functional.binary_cross_entropy_with_logits(found, wanted, reduction="sum")
    return loss / (LOCAL_SCALE * len(maps))


def contrast(heads: Heads, h: Tensor, bits: Tensor, environments: Tensor) -> Tensor:
    """Mean cross-entropy of drawing to molecule (among all N) and of molecule to drawing."""
    size = len(h)
    scale = heads.log_scale.exp().clamp(max=MAX_LOGIT_SCALE)
    logits = scale * heads.pictures(h) @ heads.molecules(bits, environments).T
    # Two drawings of one molecule, or of two with the same fingerprint, are no negatives.
    key = bits.double() @ torch.linspace(1, 2, bits.shape[1], dtype=torch.float64).sqrt()
    same = (key[:size, None] - key[None]).abs() < 1e-9
    same[:, :size].fill_diagonal_(False)
    logits = logits.masked_fill(same, -1e4)
    own = torch.arange(size)
    there = functional.cross_entropy(logits, own)
    return (there + functional.cross_entropy(logits[:, :size].T, own)) / 2
