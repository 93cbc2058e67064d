"""A tiny derived modality for tests: a picture of eight bytes, drawn in another shade each time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import Field
from rdkit.Chem import Mol, MolToSmiles

from acml_core.encoder import Encoder
from acml_core.errors import BadInput
from acml_core.modality import Modality, OnReject, Settings, Signal
from tests.toy import WIDTH, ToyEncoder, measure


class PictureSignal(Signal):
    """``picture``: eight bytes, without unit."""

    picture: bytes = b""


class Picture(Modality):
    """Eight descriptors of a molecule as bytes."""

    name = "picture"
    signal = PictureSignal
    derived = True

    class Config(Settings):
        dim: int = Field(16, ge=2)
        shades: int = Field(3, ge=1, description="brightest shade added")
        drawings: int = Field(2, ge=1)

    @property
    def drawings(self) -> int:
        return self.config.drawings

    def read(
        self, source: Path | str, *, format: str | None = None, on_reject: OnReject | None = None
    ) -> Iterator[PictureSignal]:
        yield PictureSignal(picture=Path(source).read_bytes(), origin=str(source))

    def prepare(self, signal: PictureSignal) -> dict[str, np.ndarray]:
        """``values`` (8,) float32."""
        return {"values": np.frombuffer(signal.picture, dtype=np.uint8)[:WIDTH].astype(np.float32)}

    def collate(self, items: Sequence[dict[str, np.ndarray]], *, train: bool) -> dict[str, Any]:
        return {"values": torch.from_numpy(np.stack([item["values"] for item in items]) / 50)}

    def encoder(self) -> Encoder:
        return ToyEncoder(self.config.dim)

    def simulate(self, mol: Mol) -> PictureSignal:
        if mol.GetNumAtoms() > 50:
            raise BadInput("too large to draw")
        shade = int(torch.randint(self.config.shades, ()))
        values = np.array(measure(MolToSmiles(mol)).values) * 10 + 40 + shade
        return PictureSignal(picture=np.clip(values, 0, 255).astype(np.uint8).tobytes())
