"""A tiny modality for tests: eight numbers a molecule. Used as a class; no entry point finds it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import Field
from rdkit import Chem
from rdkit.Chem import Descriptors
from torch import Tensor, nn

from acml_core.encoder import Encoder
from acml_core.modality import Modality, OnReject, Settings, Signal

WIDTH = 8


class ToySignal(Signal):
    """``values`` without unit, at most ``WIDTH`` of them."""

    values: tuple[float, ...] = ()


class ToyEncoder(Encoder):
    """Two layers with what eval mode changes between them: batch norm and dropout.

    ``batches`` holds the size of each batch that came through, and ``modes`` whether the dropout was
    on; ``calls`` counts over all instances.
    """

    calls = 0

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim
        self.enter = nn.Linear(WIDTH, dim)
        self.norm = nn.BatchNorm1d(dim)
        self.drop = nn.Dropout(0.5)
        self.leave = nn.Linear(dim, dim)
        self.batches: list[int] = []
        self.modes: list[bool] = []

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        ToyEncoder.calls += 1
        self.batches.append(len(batch["values"]))
        self.modes.append(self.drop.training)
        return self.leave(self.drop(self.norm(self.enter(batch["values"])).relu()))


class Toy(Modality):
    """Eight descriptors of a molecule."""

    name = "toy"
    signal = ToySignal

    class Config(Settings):
        dim: int = Field(16, ge=2)
        noise: float = Field(0.0, ge=0)

    def read(
        self, source: Path | str, *, format: str | None = None, on_reject: OnReject | None = None
    ) -> Iterator[ToySignal]:
        yield ToySignal(values=tuple(float(text) for text in str(source).split()), origin="text")

    def prepare(self, signal: ToySignal) -> dict[str, np.ndarray]:
        """``values`` (n,) float32."""
        return {"values": np.array(signal.values, dtype=np.float32)}

    def collate(self, items: Sequence[dict[str, np.ndarray]], *, train: bool) -> dict[str, Any]:
        rows = np.zeros((len(items), WIDTH), dtype=np.float32)
        for row, item in zip(rows, items, strict=True):
            row[: len(item["values"])] = item["values"]
        values = torch.from_numpy(rows)
        return {
            "values": values + self.config.noise * torch.randn_like(values) if train else values
        }

    def encoder(self) -> Encoder:
        return ToyEncoder(self.config.dim)


def measure(smiles: str) -> ToySignal:
    """The toy measurement of a molecule."""
    mol = Chem.MolFromSmiles(smiles)
    values = (
        mol.GetNumAtoms() / 10,
        Descriptors.MolLogP(mol),
        Descriptors.TPSA(mol) / 30,
        mol.GetRingInfo().NumRings(),
        Descriptors.NumRotatableBonds(mol) / 3,
        sum(atom.GetSymbol() == "N" for atom in mol.GetAtoms()),
        sum(atom.GetSymbol() == "O" for atom in mol.GetAtoms()),
        Descriptors.MolMR(mol) / 30,
    )
    return ToySignal(smiles=smiles, values=tuple(map(float, values)))
