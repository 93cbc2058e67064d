"""The modality: its settings, and its parts put together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from acml_core import Encoder, Modality, Settings
from acml_core.modality import OnReject
from acml_plugin_NAME.read import SUFFIXES, read
from acml_plugin_NAME.signal import TitleSignal


class TitleConfig(Settings):
    """Every number that changes ``prepare``, ``collate`` or ``encoder``."""

    low: float = Field(200.0, description="where the common grid begins, in the unit of x")
    high: float = Field(800.0, description="where the common grid ends, in the unit of x")
    points: int = Field(256, ge=16, description="points of the common grid")
    width: int = Field(32, ge=4, multiple_of=4, description="channels of the convolutions")
    dim: int = Field(128, ge=8, description="length of an embedding")
    noise: float = Field(0.01, ge=0, description="training: noise, as a share of the maximum")
    baseline: float = Field(0.02, ge=0, description="training: base line, as a share of it")


class Title(Modality):
    """Title spectra as curves."""

    name = "NAME"
    signal = TitleSignal
    suffixes = SUFFIXES
    formats = ("csv",)
    Config = TitleConfig

    def read(
        self, source: Path | str, *, format: str | None = None, on_reject: OnReject | None = None
    ) -> Iterator[TitleSignal]:
        """Two columns of text; see ``acml_plugin_NAME.read.read``."""
        return read(source, on_reject=on_reject)

    def prepare(self, signal: TitleSignal) -> dict[str, np.ndarray]:
        """``curve`` (points,) float32; see ``acml_plugin_NAME.prepare.prepare``."""
        from acml_plugin_NAME.prepare import prepare

        return prepare(signal, self.config)

    def collate(self, items: Sequence[dict[str, np.ndarray]], *, train: bool) -> dict[str, Any]:
        """``curve`` (B, points) float32; see ``acml_plugin_NAME.collate.collate``."""
        from acml_plugin_NAME.collate import collate

        return collate(items, self.config, train=train)

    def encoder(self) -> Encoder:
        """A new, untrained encoder."""
        from acml_plugin_NAME.encoder import CurveEncoder

        return CurveEncoder(self.config.points, self.config.width, self.config.dim)
