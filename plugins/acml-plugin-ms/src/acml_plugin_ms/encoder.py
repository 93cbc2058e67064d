"""Encoder over a set of mass-spectral peaks: order-free, and linear in the number of peaks.

Two views of the same peaks are added. The *coarse* view looks each peak up in learnt tables by
nominal m/z and by nominal neutral loss, and sums them with the root of the intensity: what a network
over a unit-mass histogram learns in its first layer, and nearly all that an electron-ionisation
spectrum holds. The *fine* view sees m/z, mass defect, and neutral loss at full resolution as sines
and cosines of many wavelengths (multi-scale sinusoids as in Voronov et al., arXiv:2207.02980) in an
MLP for each peak, pooled by sum and by attention: what tells CO from C2H4 in a tandem spectrum. How
the spectrum was measured, and the neutral mass, enter by tables of their own.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from acml_core.encoder import Encoder, ResidualBlock
from acml_core.waves import frequencies, sinusoids
from acml_plugin_ms.conditions import SIZES

MAX_MZ = 1200
"""Heaviest nominal m/z [Th] with an entry of its own; what is heavier counts as this."""

MAX_LOSS = 400
"""Heaviest nominal neutral loss [Da] with an entry of its own."""

TABLE_STD = 0.1
TYPICAL_PEAKS = 6.0
"""Sum of root intensities of a usual spectrum: sums are divided by its root."""

WAVES = 24
"""Wavelengths of each mass; see ``acml_core.waves``, which the graph encoder uses too."""

EXTRAS = 6
"""Plain numbers beside the waves: root and log intensity, mass defects, unit mass, precursor known."""

LOG_FLOOR = 1e-4
"""Relative intensity below which the logarithm stays flat."""


class PeakEncoder(Encoder):
    """What ``prepare.collate`` gives, to (B, dim) float32."""

    def __init__(
        self,
        dim: int,
        width: int,
        peak_width: int,
        layers: int,
        fine_peaks: int,
        heads: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.coarse = CoarseTables(width)
        self.fine = FinePeaks(width, peak_width, fine_peaks, heads) if fine_peaks else None
        tables = [nn.Embedding(size, width) for size in SIZES.values()]
        for table in tables:
            nn.init.normal_(table.weight, std=TABLE_STD)
        self.conditions = nn.ModuleList(tables)
        self.mass = nn.Linear(3 * (2 * WAVES + 1), width)
        self.enter = nn.LayerNorm(width)
        self.blocks = nn.ModuleList(ResidualBlock(width, dropout) for _ in range(layers))
        self.leave = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, dim))
        self.register_buffer("waves", frequencies(WAVES), persistent=False)

    waves: Tensor

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        """``(B, dim)`` float32."""
        h = self.coarse(batch)
        for column, table in enumerate(self.conditions):
            h = h + table(batch["condition"][:, column])
        # precursor, neutral mass, and the guessed molecular ion where there is no precursor
        guessed = batch["masses"][:, 2:] * (1 - batch["known"])
        masses = torch.cat([batch["masses"][:, :2], guessed], dim=1)
        known = (masses > 0).float()
        angles = sinusoids(masses, self.waves) * known[..., None]
        h = h + self.mass(torch.cat([angles.flatten(1), known], dim=1))
        if self.fine is not None:
            h = h + self.fine(batch)
        h = self.enter(h)
        for block in self.blocks:
            h = block(h)
        return self.leave(h).float()

    def last_layers(self) -> list[nn.Module]:
        """What ``unlock = "last"`` trains: the last block and the output layer."""
        return [*self.blocks[-1:], self.leave]


class CoarseTables(nn.Module):
    """Learnt vectors by nominal m/z, by nominal loss, and by nominal mass, summed."""

    def __init__(self, width: int) -> None:
        super().__init__()
        # one table in parts: m/z; loss from a known precursor; loss from a guessed one; neutral
        # mass; guessed molecular ion
        sizes = (MAX_MZ + 1, MAX_LOSS + 2, MAX_LOSS + 2, MAX_MZ + 1, MAX_MZ + 1)
        self.first = [sum(sizes[:i]) for i in range(len(sizes))]
        self.table = nn.Parameter(torch.randn(sum(sizes), width) * TABLE_STD)

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        """``(B, width)``."""
        intensity, masses, known = batch["intensity"], batch["masses"], batch["known"].long()
        rows, places = (intensity > 0).nonzero(as_tuple=True)  # padding costs nothing
        mz, share = batch["mz"][rows, places], intensity[rows, places].sqrt() * TYPICAL_PEAKS**-0.5
        reference, neutral = masses[:, 2], masses[:, 1]
        loss = (reference[rows] - mz).round().long()
        inside = (loss >= 0) & (loss <= MAX_LOSS) & (reference[rows] > 0)
        losses = torch.where(known[rows, 0] > 0, self.first[1], self.first[2])
        index = torch.cat(
            [
                _nominal(mz) + self.first[0],
                loss.clamp(0, MAX_LOSS) + losses,
                _nominal(neutral) + self.first[3],
                _nominal(reference) + self.first[4],
            ]
        )
        weight = torch.cat(
            [share, share * inside, (neutral > 0).float(), 1.0 - known[:, 0].float()]
        )
        every = torch.arange(len(masses), device=mz.device)
        owner = torch.cat([rows, rows, every, every])
        owner, order = owner.sort()
        starts = torch.searchsorted(owner, every)
        return nn.functional.embedding_bag(
            index[order],
            self.table,
            starts,
            per_sample_weights=weight[order].to(self.table.dtype),
            mode="sum",
        )


class FinePeaks(nn.Module):
    """An MLP for each of the strongest peaks at full resolution, pooled by sum and by attention."""

    waves: Tensor

    def __init__(self, width: int, peak_width: int, peaks: int, heads: int) -> None:
        super().__init__()
        self.peaks = peaks
        self.heads = heads
        self.register_buffer("waves", frequencies(WAVES), persistent=False)
        self.embed = nn.Linear(4 * WAVES + EXTRAS, peak_width)
        self.mlp = nn.Sequential(
            nn.GELU(), nn.Linear(peak_width, peak_width), nn.GELU(), nn.LayerNorm(peak_width)
        )
        self.score = nn.Linear(peak_width, heads)
        self.leave = nn.Linear(2 * peak_width, width)

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        """``(B, width)``."""
        mz, intensity = batch["mz"], batch["intensity"]
        if mz.shape[1] > self.peaks:
            intensity, strongest = intensity.topk(self.peaks, dim=1)
            mz = mz.gather(1, strongest)
        rows, places = (intensity > 0).nonzero(as_tuple=True)  # padding costs nothing
        m, i = mz[rows, places], intensity[rows, places]
        loss = (batch["masses"][rows, 2] - m) * (batch["masses"][rows, 2] > 0)
        extras = torch.stack(
            [
                i.sqrt(),
                (i.clamp(min=LOG_FLOOR).log10() + 2.0) / 2.0,
                m - m.round(),
                loss - loss.round(),
                batch["unit"][rows, 0],
                batch["known"][rows, 0],
            ],
            dim=1,
        )
        features = torch.cat([sinusoids(m, self.waves), sinusoids(loss, self.waves), extras], 1)
        h = self.mlp(self.embed(features))
        size = len(mz)
        # a softmax over each spectrum's peaks, the intensity as its prior
        score = self.score(h).float().clamp(-10, 10).exp() * i.sqrt()[:, None]
        total = score.new_zeros(size, self.heads).index_add(0, rows, score)
        share = score / total[rows].clamp(min=1e-12)
        part = h.float().view(len(h), self.heads, -1) * share[..., None]
        attended = part.new_zeros(size, h.shape[1]).index_add(0, rows, part.flatten(1))
        weighted = h.float() * (i.sqrt() * TYPICAL_PEAKS**-0.5)[:, None]
        summed = weighted.new_zeros(size, h.shape[1]).index_add(0, rows, weighted)
        return self.leave(torch.cat([attended, summed], dim=1))


def _nominal(mass: Tensor) -> Tensor:
    return mass.round().long().clamp(0, MAX_MZ)
