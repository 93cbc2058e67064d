"""One NMR measurement: the peak lists of a sample."""

from __future__ import annotations

from pydantic import FiniteFloat, model_validator

from acml_core.modality import Signal

MULTIPLICITIES_13C = ("S", "D", "T", "Q")
"""Carbon with 0, 1, 2, 3 hydrogens attached: the multiplicity in the coupled 13C spectrum."""


class NmrSignal(Signal):
    """Peak lists of one sample. A nucleus that was not measured has an empty list.

    Attributes:
        shifts_13c: 13C chemical shifts [ppm], one a peak; a peak of several equivalent carbons may
            stand once or be repeated.
        multiplicity_13c: for each 13C shift Q (CH3), T (CH2), D (CH), S (C) or "" (not known).
        shifts_1h: 1H chemical shifts [ppm], one a signal, the centre of a multiplet.
        multiplicity_1h: for each 1H shift its splitting ("s", "d", "dd", "br s", "m") or "".
        integral_1h: for each 1H shift the number of hydrogens, or 0.0 (not known).
        solvent: as the source writes it, or "".
    """

    shifts_13c: tuple[FiniteFloat, ...] = ()
    multiplicity_13c: tuple[str, ...] = ()
    shifts_1h: tuple[FiniteFloat, ...] = ()
    multiplicity_1h: tuple[str, ...] = ()
    integral_1h: tuple[FiniteFloat, ...] = ()
    solvent: str = ""

    @property
    def missing(self) -> bool:
        """True when neither nucleus has a peak (a solvent alone is no measurement)."""
        return not self.shifts_13c and not self.shifts_1h

    @model_validator(mode="after")
    def _same_lengths(self) -> NmrSignal:
        for nucleus, shifts, per_peak in (
            ("13C", self.shifts_13c, (self.multiplicity_13c,)),
            ("1H", self.shifts_1h, (self.multiplicity_1h, self.integral_1h)),
        ):
            for values in per_peak:
                if values and len(values) != len(shifts):
                    raise ValueError(
                        f"{len(shifts)} {nucleus} shifts, but {len(values)} values beside them"
                    )
        return self
