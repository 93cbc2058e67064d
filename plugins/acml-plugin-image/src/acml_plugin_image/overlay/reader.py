"""A small network that reads what stands at an atom, and another for what joins two."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import torch
from rdkit import Chem
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from acml_core.bundled import BundledTower
from acml_plugin_image.overlay.crops import ATOM, BOND
from acml_plugin_image.overlay.layouts import Layout

FOLDER = Path(__file__).parents[1] / "data"

ATOMS = ("C", "N", "O", "S", "F", "Cl", "Br", "I", "P", "N+", "O-", "other")
BONDS = ("none", "single", "double", "triple", "aromatic")
CLASSES = {"atoms": ATOMS, "bonds": BONDS}
"""What the two readers tell apart."""

SIDES = {"atoms": ATOM.side, "bonds": BOND.side}
"""Of the crops that they see [px]."""

CHANNELS = (24, 48, 96)
HIDDEN = 96


class Reader(nn.Module):
    """Crops (n, side, side), 0 to 1, to logits (n, classes)."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        classes, side = len(CLASSES[kind]), SIDES[kind]
        first, second, third = CHANNELS
        last = -(-side // 8)  # side of the last map
        self.layers = nn.Sequential(
            *layer(1, first, 5),
            *layer(first, second, 3),
            *layer(second, second, 3, stride=1),
            *layer(second, third, 3),
            nn.Flatten(),
            nn.Linear(third * last * last, HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, classes),
        )

    def forward(self, crops: Tensor) -> Tensor:
        """Logits."""
        result: Tensor = self.layers(crops[:, None])
        return result


def layer(before: int, after: int, kernel: int, stride: int = 2) -> tuple[nn.Module, ...]:
    """A convolution, normalised."""
    convolution = nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False)
    return convolution, nn.BatchNorm2d(after), nn.ReLU()


def fused(layers: nn.Sequential) -> nn.Sequential:
    """The same function with each normalisation worked into the convolution before it: faster."""
    parts: list[nn.Module] = []
    for part in layers.eval():
        before = parts[-1] if parts else None
        if isinstance(part, nn.BatchNorm2d) and isinstance(before, nn.Conv2d):
            parts[-1] = fuse_conv_bn_eval(before, part)
        else:
            parts.append(part)
    return nn.Sequential(*parts)


def file_of(kind: str) -> Path:
    """The weights of one reader, from ``scripts/train_reader.py``."""
    return FOLDER / f"reader_{kind}.safetensors"


@cache
def bundled(kind: str) -> Reader:
    """A reader that comes with the plugin: of ``atoms`` or ``bonds``."""
    reader = Reader(kind)
    BundledTower(file_of(kind), "acml-plugin-image").load(reader)
    reader.layers = fused(reader.layers)
    return reader.eval().requires_grad_(False)


@torch.no_grad()
def log_shares(kind: str, crops: np.ndarray) -> np.ndarray:
    """(n, classes) log probabilities of what crops (n, side, side) show: ``atoms`` or ``bonds``."""
    logits = bundled(kind)(torch.from_numpy(np.ascontiguousarray(crops)))
    return np.asarray(torch.log_softmax(logits, dim=1))


@cache
def atom_class(element: int, charge: int) -> int:
    """Number in ``ATOMS``."""
    name = Chem.GetPeriodicTable().GetElementSymbol(int(element)) if element else "other"
    sign = "+" if charge > 0 else "-" if charge < 0 else ""
    if name + sign in ATOMS:
        return ATOMS.index(name + sign)
    return ATOMS.index(name) if name in ATOMS else ATOMS.index("other")


def bond_class(order: int, aromatic: bool) -> int:
    """Number in ``BONDS``."""
    return BONDS.index("aromatic") if aromatic else min(max(order, 1), 3)


def atom_classes(layout: Layout) -> np.ndarray:
    """(n,) numbers in ``ATOMS``."""
    pairs = zip(layout.element.tolist(), layout.charge.tolist(), strict=True)
    return np.array([atom_class(*pair) for pair in pairs], dtype=int)


def bond_classes(layout: Layout) -> np.ndarray:
    """(b,) numbers in ``BONDS``."""
    pairs = zip(layout.order.tolist(), layout.aromatic.tolist(), strict=True)
    return np.array([bond_class(*pair) for pair in pairs], dtype=int)
