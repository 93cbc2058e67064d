"""A small modality that keeps the contract, as source text that tests break on purpose.

It reads a list of positions, one a line, and pads in ``collate``.
"""

from __future__ import annotations

TOY = '''
"""Positions of lines [arbitrary units]."""

from pathlib import Path

import numpy as np
import torch
from pydantic import Field

from acml_core import BadInput, Encoder, Modality, Settings, Signal
from acml_core.testing import ModalityTests


class LinesSignal(Signal):
    positions: tuple[float, ...] = ()


class LinesEncoder(Encoder):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim
        self.waves = 16
        self.layer = torch.nn.Linear(2 * self.waves, dim)

    def forward(self, batch):
        phase = batch["position"][..., None] * torch.linspace(0.01, 3.0, self.waves)
        feature = torch.cat([phase.sin(), phase.cos()], -1)
        summed = (feature * batch["mask"][..., None]).sum(1)
        return self.layer(summed)


class Lines(Modality):
    name = "NAME"
    signal = LinesSignal
    suffixes = (".txt",)

    class Config(Settings):
        dim: int = Field(16, ge=1, description="length of an embedding")
        noise: float = Field(0.1, ge=0, description="training: noise of a position")
        wide: bool = False
        label: str = Field('a "quoted" name', description="of nothing")
        levels: tuple[int, ...] = (1, 2)

    def read(self, source, *, format=None, on_reject=None):
        path = Path(source) if isinstance(source, Path) or "\\n" not in source else None
        try:
            text = str(source) if path is None else path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise BadInput("no such file", source=source) from None
        except UnicodeDecodeError:
            raise BadInput("not text", source=source) from None
        if not text.strip():
            raise BadInput("empty", source=source)
        positions = []
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.strip():
                continue
            try:
                positions.append(float(line))
            except ValueError:
                raise BadInput("not a number", source=source, line=number) from None
        yield LinesSignal(positions=tuple(positions), origin=path.name if path else "text")

    def prepare(self, signal):
        return {"position": np.array(signal.positions, dtype=np.float32)}

    def collate(self, items, *, train):
        width = max(len(item["position"]) for item in items)
        position = torch.zeros(len(items), width)
        mask = torch.zeros(len(items), width)
        for row, item in enumerate(items):
            position[row, : len(item["position"])] = torch.from_numpy(item["position"])
            mask[row, : len(item["position"])] = 1.0
        if train:
            position = position + self.config.noise * torch.randn_like(position)
        return {"position": position, "mask": mask}

    def encoder(self):
        return LinesEncoder(self.config.dim)

    def draw(self, signal):
        from matplotlib.figure import Figure

        figure = Figure()
        figure.subplots().stem(signal.positions, [1.0] * len(signal.positions))
        return figure

    def starter(self):
        return Path(__file__).parent / "starter.parquet"


class TestLines(ModalityTests):
    modality = Lines
    example = "1.5\\n22.0\\n3.25\\n47.0\\n5.0\\n6.0\\n71.5e0"
'''


def broken(name: str, *changes: tuple[str, str]) -> str:
    """The toy's source with pieces replaced; every piece must occur in it."""
    text = TOY.replace("NAME", name)
    for old, new in changes:
        assert old in text, f"the toy has no {old!r}"
        text = text.replace(old, new)
    return text
