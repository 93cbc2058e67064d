"""Encoder of pictures: a compact residual network of plain 3 x 3 and 1 x 1 convolutions.

Four steps of stride 2 bring (S, S) to (S / 16, S / 16). Each stage has residual bottlenecks (He et
al., arXiv:1512.03385) with batch normalisation, which folds into the convolutions when the encoder
is locked. The last map is pooled as mean and as maximum: the mean counts (atoms, rings), the maximum
says whether something is there at all.

Outside training it can look several times, at the picture made smaller within its frame, and average
the embeddings: what falls between the places of the last map at one scale does not at another. A
mirrored picture shows the same molecule but for its stereochemistry, which InChIKey-14 does not know.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from acml_core.encoder import Encoder

STRIDE = 16
"""Pixels of the picture along each side of one place of the last map."""


class PictureEncoder(Encoder):
    """``{"image": (B, S, S) uint8 or float32 in 0 to 255}`` to (B, dim) float32.

    Args:
        dim: length of an embedding.
        channels: of the maps at strides 2, 4, 8 and 16.
        middle: channels inside the bottlenecks at strides 4, 8 and 16.
        blocks: bottlenecks at strides 4, 8 and 16.
        looks: scales at which a picture is seen outside training.
        mirrored: whether it is seen mirrored too, at each.
    """

    def __init__(
        self,
        dim: int,
        channels: Sequence[int],
        middle: Sequence[int],
        blocks: Sequence[int],
        looks: Sequence[float] = (1.0,),
        mirrored: bool = False,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.looks = tuple(looks)
        self.mirrored = mirrored
        layers: list[nn.Module] = [convolution(1, channels[0], 3, 2), nn.ReLU(inplace=True)]
        before = channels[0]
        for width, inner, count in zip(channels[1:], middle, blocks, strict=True):
            layers += [convolution(before, width, 3, 2), nn.ReLU(inplace=True)]
            layers += [Bottleneck(width, inner) for _ in range(count)]
            before = width
        self.maps = nn.Sequential(*layers)
        self.maps.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.leave = nn.Sequential(
            nn.Linear(2 * before, dim), nn.BatchNorm1d(dim), nn.ReLU(), nn.Linear(dim, dim)
        )

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        """``(B, dim)`` float32; outside training the mean over ``looks``, and mirrored ones."""
        image = batch["image"]
        if self.training:
            return self.pool(self.look(image))
        views = [smaller(image, scale) for scale in self.looks]
        if self.mirrored:
            views += [view.flip(-1) for view in views]
        return torch.stack([self.pool(self.look(view)) for view in views]).mean(dim=0)

    def look(self, image: Tensor) -> Tensor:
        """Pictures (B, S, S) to the last maps (B, C, S / 16, S / 16)."""
        scaled = image.unsqueeze(1).float() / 255
        return self.maps(scaled.contiguous(memory_format=torch.channels_last))

    def pool(self, maps: Tensor) -> Tensor:
        """The last maps to embeddings, (B, dim) float32."""
        pooled = torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)
        return self.leave(pooled).float()

    def last_layers(self) -> list[nn.Module]:
        """What ``unlock = "last"`` trains: the last bottleneck and the layers after the pooling."""
        return [self.maps[-1], self.leave]


def smaller(image: Tensor, scale: float) -> Tensor:
    """Pictures (B, S, S) at ``scale``, 0 to 1, in the middle of an empty frame (B, S, S), float32.

    At scale 1 as they are.
    """
    side = image.shape[-1]
    inner = max(1, round(side * scale))
    if inner == side:
        return image
    inside = functional.interpolate(
        image.unsqueeze(1).float(), size=(inner, inner), mode="bilinear", antialias=True
    ).squeeze(1)
    before, after = (side - inner) // 2, side - inner - (side - inner) // 2
    return functional.pad(inside, (before, after, before, after))


class Bottleneck(nn.Module):
    """1 x 1 to ``inner`` channels, 3 x 3, 1 x 1 back, added to what came in."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        last = nn.BatchNorm2d(width)
        nn.init.zeros_(last.weight)  # begins as the identity
        self.layers = nn.Sequential(
            convolution(width, inner, 1),
            nn.ReLU(inplace=True),
            convolution(inner, inner, 3),
            nn.ReLU(inplace=True),
            nn.Sequential(nn.Conv2d(inner, width, 1, bias=False), last),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, H, W) to the same shape."""
        return torch.relu(x + self.layers(x))


def convolution(before: int, after: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Convolution without bias, then batch normalisation."""
    return nn.Sequential(
        nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(after)
    )
