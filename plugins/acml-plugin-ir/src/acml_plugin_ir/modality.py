"""The infrared modality: absorption spectra and band lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from acml_core.modality import Modality, OnReject, Part, Settings
from acml_plugin_ir.read import FORMATS, SUFFIXES
from acml_plugin_ir.signal import IrSignal
from acml_plugin_ir.simulate import Method

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rdkit.Chem import Mol

    from acml_core.modality import Encoder

STARTER = Path(__file__).parent / "data" / "starter.parquet"


class IrConfig(Settings):
    """Every number that changes ``prepare``, ``collate`` or ``encoder``."""

    start_cm1: float = Field(552.0, gt=0, description="first point of the grid [cm-1]")
    stop_cm1: float = Field(3840.0, gt=0, description="last point of the grid [cm-1]")
    step_cm1: float = Field(4.0, gt=0, description="step of the grid [cm-1]")
    max_gap_cm1: float = Field(
        40.0, gt=0, description="points further apart than this [cm-1] leave a gap between them"
    )
    least_transmittance: float = Field(
        0.01, gt=0, lt=1, description="smaller transmittances count as this: detectors saturate"
    )
    baseline: Literal["none", "rubberband", "als"] = Field(
        "rubberband", description="baseline: none, lower convex hull, or asymmetric least squares"
    )
    als_smoothness: float = Field(1e6, gt=0, description="als: penalty on curvature (lambda)")
    als_asymmetry: float = Field(
        0.001, gt=0, lt=0.5, description="als: weight of points above the baseline (p)"
    )
    band_width_cm1: float = Field(
        20.0, gt=0, description="full width [cm-1] at half height that a listed band is drawn with"
    )
    broad_width_cm1: float = Field(150.0, gt=0, description="the same of a band marked broad")

    dim: int = Field(512, ge=8, description="length of an embedding")
    width: int = Field(512, ge=8, description="width of the residual blocks")
    layers: int = Field(2, ge=0, description="residual blocks")
    channels: int = Field(16, ge=1, description="channels of the convolutions")
    dropout: float = Field(0.15, ge=0, lt=1, description="dropped share inside each block")
    power: float = Field(
        0.5, gt=0, le=1, description="absorbance is raised to this, so that weak bands count"
    )

    shift_cm1: float = Field(2.0, ge=0, description="training: shift of the axis, sd [cm-1]")
    stretch: float = Field(0.001, ge=0, description="training: relative stretch of the axis, sd")
    blur: float = Field(0.5, ge=0, le=1, description="training: most smoothing over 3 points")
    bend: float = Field(0.15, ge=0, description="training: sd of log exponent of the absorbance")
    noise: float = Field(0.01, ge=0, description="training: most noise, of the highest point")
    slope: float = Field(
        0.02, ge=0, description="training: baseline left over, of the highest point"
    )
    lose_range: float = Field(
        0.3, ge=0, le=1, description="training: share of spectra that lose a range"
    )
    lost_cm1: float = Field(500.0, ge=0, description="training: widest lost range [cm-1]")
    to_bands: float = Field(
        0.06, ge=0, le=1, description="training: share of spectra reduced to a band list"
    )

    redraw: bool = Field(
        True, description="training: draw computed spectra from their lines, anew each time"
    )
    line_stretch: float = Field(
        0.012, ge=0, description="redraw: common relative error of frequencies, sd"
    )
    line_shift_cm1: float = Field(
        50.0, ge=0, description="redraw: each line's own error of frequency, sd [cm-1]"
    )
    line_tilt: float = Field(0.6, ge=0, description="redraw: common error of log intensities, sd")
    line_strength: float = Field(
        1.2, ge=0, description="redraw: each line's own error of log intensity, sd"
    )
    line_extra: int = Field(
        12, ge=0, description="redraw: weak lines added anywhere, as overtones and combinations"
    )
    line_extra_height: float = Field(
        0.04, ge=0, description="redraw: most intensity of an added line, of the strongest"
    )
    line_least_width_cm1: float = Field(
        10.0, gt=0, description="redraw: least full width of a line at half height [cm-1]"
    )
    line_most_width_cm1: float = Field(
        60.0, gt=0, description="redraw: largest full width of a line at half height [cm-1]"
    )
    line_lorentz: float = Field(
        0.3, ge=0, le=1, description="redraw: largest Lorentzian share of a line's shape"
    )

    simulate_with: Method = Field(
        "mmff",
        description="simulation: the MMFF94 force field (milliseconds), or GFN2-xTB by tblite (seconds;"
        " extra [simulate])",
    )

    @model_validator(mode="after")
    def _grid(self) -> IrConfig:
        if self.stop_cm1 - self.start_cm1 < 40 * self.step_cm1:
            raise ValueError("the grid from start_cm1 to stop_cm1 must have 40 steps or more")
        if self.line_least_width_cm1 > self.line_most_width_cm1:
            raise ValueError("line_least_width_cm1 must not be above line_most_width_cm1")
        return self

    @property
    def points(self) -> int:
        """Points of the grid, ``G``."""
        return round((self.stop_cm1 - self.start_cm1) / self.step_cm1) + 1

    def grid(self) -> np.ndarray:
        """The grid [cm-1], (G,) float64, rising."""
        return self.start_cm1 + self.step_cm1 * np.arange(self.points)


class Ir(Modality):
    """Infrared absorption: spectra [cm-1, absorbance or transmittance] and band lists [cm-1]."""

    name = "ir"
    signal = IrSignal
    suffixes = SUFFIXES
    formats = FORMATS
    Config = IrConfig  # type: ignore[assignment]

    def read(
        self,
        source: Path | str,
        *,
        format: str | None = None,
        on_reject: OnReject | None = None,
    ) -> Iterator[IrSignal]:
        """JCAMP-DX, two-column text, SPC, OPUS, tables, and band lists as papers print them."""
        from acml_plugin_ir.read import read

        return read(source, format=format, on_reject=on_reject)

    def prepare(self, signal: IrSignal) -> dict[str, np.ndarray]:
        """See ``acml_plugin_ir.prepare.prepare``: absorbance and measured, each (G,), lines."""
        from acml_plugin_ir.prepare import prepare

        return prepare(signal, self.config)

    def collate(self, items: Sequence[dict[str, np.ndarray]], *, train: bool) -> dict[str, Any]:
        """See ``acml_plugin_ir.prepare.collate``: absorbance (B, G)."""
        from acml_plugin_ir.prepare import collate

        return collate(items, self.config, train=train)

    def encoder(self) -> Encoder:
        """A new, untrained spectrum encoder."""
        from acml_plugin_ir.encoder import SpectrumEncoder

        config = self.config
        return SpectrumEncoder(
            config.points,
            config.dim,
            config.width,
            config.layers,
            config.channels,
            config.dropout,
            config.power,
        )

    def simulate(self, mol: Mol) -> IrSignal:
        """Gas-phase spectrum by the method that ``simulate_with`` names."""
        from acml_plugin_ir.simulate import simulate

        return simulate(mol, self.config.simulate_with)

    def parts(self, signal: IrSignal) -> list[Part]:
        """The bands of a curve or a list."""
        from acml_plugin_ir.parts import parts

        return parts(signal, self.config)

    def without(self, signal: IrSignal, left_out: Sequence[int]) -> IrSignal:
        """The signal less some of them."""
        from acml_plugin_ir.parts import without

        return without(signal, left_out, self.config)

    def draw(self, signal: IrSignal) -> Figure:
        """The curve or the bands, wavenumbers falling from left to right."""
        from acml_plugin_ir.draw import draw

        return draw(signal)

    def starter(self) -> Path:
        """About 300 small molecules with spectra simulated by GFN2-xTB."""
        return STARTER
