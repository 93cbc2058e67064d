"""One measurement: a curve."""

from __future__ import annotations

from pydantic import model_validator

from acml_core import Signal

COLUMNS = ("x", "y")
"""The fields that a file's two columns fill, in order."""


class TitleSignal(Signal):
    """One curve. The fields are the columns of tables.

    Attributes:
        x: positions of the points, in any order (state the unit).
        y: value at each position (state the unit).
    """

    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _same_lengths(self) -> TitleSignal:
        positions, values = (getattr(self, name) for name in COLUMNS)
        if len(positions) != len(values):
            raise ValueError(f"{len(positions)} positions, but {len(values)} values")
        return self
