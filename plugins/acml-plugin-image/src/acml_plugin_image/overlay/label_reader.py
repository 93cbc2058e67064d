"""A network that reads labels, of all elements and abbreviations, with charge and hydrogens.

``reader`` tells the commonest elements apart, at every place and turned anyhow; this one looks at
more of the picture around a place, as "Sm3+", "NH2" or "CO2Et" need, and at upright letters.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from acml_core.bundled import BundledTower
from acml_plugin_image.overlay.crops import LABEL
from acml_plugin_image.overlay.labels import CHARGES, HYDROGENS, symbols
from acml_plugin_image.overlay.reader import FOLDER, fused, layer

CHANNELS = (16, 48, 96, 160)
HIDDEN = 192


class LabelReader(nn.Module):
    """Crops (n, height, width), 0 to 1, to logits of symbols, charges and hydrogens."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third, fourth = CHANNELS
        places = -(-LABEL.side // 16) * -(-LABEL.height // 16)
        self.sizes = (len(symbols()), len(CHARGES), HYDROGENS)
        self.layers = nn.Sequential(
            *layer(1, first, 5),
            *layer(first, second, 3),
            *layer(second, second, 3, stride=1),
            *layer(second, third, 3),
            *layer(third, third, 3, stride=1),
            *layer(third, fourth, 3),
            nn.Flatten(),
            nn.Linear(fourth * places, HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, sum(self.sizes)),
        )

    def forward(self, crops: Tensor) -> tuple[Tensor, ...]:
        """Logits (n, symbols), (n, charges), (n, hydrogens)."""
        return tuple(self.layers(crops[:, None]).split(self.sizes, dim=1))


FILE = FOLDER / "reader_labels.safetensors"
"""The weights, from ``scripts/train_labels.py``."""


@cache
def bundled() -> LabelReader:
    """The reader that comes with the plugin."""
    reader = LabelReader()
    BundledTower(FILE, "acml-plugin-image").load(reader)
    reader.layers = fused(reader.layers)
    return reader.eval().requires_grad_(False)


@torch.no_grad()
def read(crops: np.ndarray) -> np.ndarray:
    """(n, symbols + charges + hydrogens) log probabilities of what crops (n, height, width) say."""
    seen = bundled()(torch.from_numpy(np.ascontiguousarray(crops)))
    return np.concatenate([torch.log_softmax(part, dim=1).numpy() for part in seen], axis=1)
