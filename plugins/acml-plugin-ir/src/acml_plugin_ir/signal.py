"""One infrared measurement: a spectrum, or a list of its bands; or the lines of a computed one."""

from __future__ import annotations

import math

from pydantic import field_validator, model_validator

from acml_core.modality import Signal

STRENGTHS = ("vs", "s", "m", "w", "vw")
"""Band strengths as papers print them: very strong, strong, medium, weak, very weak."""

SHAPES = ("br", "sh")
"""Words beside a strength: broad band, shoulder."""

MOST_AXES = 64
_AXES: dict[tuple[float, ...], tuple[float, ...]] = {}
"""Axes seen so far: the rows of a table mostly have the same, and share it in memory."""


class IrSignal(Signal):
    """An infrared spectrum, or a band list. What was not measured is empty.

    Attributes:
        wavenumber: points of the axis [cm-1], rising or falling, evenly spaced or not.
        absorbance: decadic absorbance at each point (any scale factor: only its shape is used). NaN,
            and runs of exact zeros at either end, mean "not measured".
        transmittance: the same as a fraction, 1 = all light passes. NaN means "not measured". Give
            one of the two; where both are given, absorbance is used.
        bands: positions of bands [cm-1], where no curve is known.
        strengths: for each band its strength and shape as printed ("s", "m", "br s", "w, sh"), or "".
        lines: positions [cm-1] of the vibrations of a computed spectrum. Beside a curve they serve
            training alone, which draws them anew each time.
        intensities: of each line [km/mol].
        state: of the sample, as the source writes it ("gas", "KBr", "neat", "ATR"), or "".
    """

    wavenumber: tuple[float, ...] = ()
    absorbance: tuple[float, ...] = ()
    transmittance: tuple[float, ...] = ()
    bands: tuple[float, ...] = ()
    strengths: tuple[str, ...] = ()
    lines: tuple[float, ...] = ()
    intensities: tuple[float, ...] = ()
    state: str = ""

    @property
    def missing(self) -> bool:
        """True without any band, line or measured point (a state alone is no measurement)."""
        values = self.absorbance or self.transmittance
        return (
            not self.bands and not self.lines and not any(math.isfinite(value) for value in values)
        )

    @field_validator("wavenumber")
    @classmethod
    def _shared(cls, axis: tuple[float, ...]) -> tuple[float, ...]:
        if axis not in _AXES and len(_AXES) >= MOST_AXES:
            return axis
        return _AXES.setdefault(axis, axis)

    @field_validator("bands")
    @classmethod
    def _finite(cls, bands: tuple[float, ...]) -> tuple[float, ...]:
        for band in bands:
            if not math.isfinite(band):
                raise ValueError(f"{band} is no infrared band")
        return bands

    @model_validator(mode="after")
    def _same_lengths(self) -> IrSignal:
        points = len(self.wavenumber)
        for name, values in (
            ("absorbance", self.absorbance),
            ("transmittance", self.transmittance),
        ):
            if values and len(values) != points:
                raise ValueError(f"{points} wavenumbers, but {len(values)} values of {name}")
        if points and not self.absorbance and not self.transmittance:
            raise ValueError("wavenumbers without absorbance or transmittance")
        if points and not all(map(math.isfinite, self.wavenumber)):
            raise ValueError("a wavenumber is not a finite number")
        if len(self.lines) != len(self.intensities):
            raise ValueError(f"{len(self.lines)} lines, but {len(self.intensities)} intensities")
        if not all(map(math.isfinite, (*self.lines, *self.intensities))):
            raise ValueError("a line or its intensity is not a finite number")
        if self.strengths and len(self.strengths) != len(self.bands):
            raise ValueError(f"{len(self.bands)} bands, but {len(self.strengths)} strengths")
        return self
