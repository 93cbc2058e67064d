"""One mass spectrum: centroided peaks, and what is known of how it was measured."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from pydantic import model_validator

from acml_core.modality import Signal


class MsSignal(Signal):
    """A centroided mass spectrum. What is not known has its default.

    Attributes:
        mz: mass-to-charge ratios of the peaks [Th, that is Da per elementary charge], rising.
        intensity: of each peak, in any linear unit; only ratios matter.
        precursor_mz: m/z of the ion that was fragmented [Th]; 0.0 = not known, or none (EI).
        adduct: of the precursor, e.g. "[M+H]+"; "" = not known.
        collision_energy: as the source writes it, e.g. "35 eV", "30 % (nominal)"; "" = not known.
        ion_mode: "POSITIVE", "NEGATIVE" or "".
        ms_type: "MS", "MS2", "MS3", ... or "".
        instrument_type: in MassBank's terms, e.g. "EI-B", "LC-ESI-QTOF"; "" = not known.
    """

    mz: tuple[float, ...] = ()
    intensity: tuple[float, ...] = ()
    precursor_mz: float = 0.0
    adduct: str = ""
    collision_energy: str = ""
    ion_mode: str = ""
    ms_type: str = ""
    instrument_type: str = ""

    @property
    def missing(self) -> bool:
        """True when there is no peak (a precursor alone is no spectrum)."""
        return not self.mz

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, data: Any) -> Any:
        """Sorts the peaks, leaves out those of no intensity, and takes null and NaN as not known.

        Raises:
            ValueError: the lists differ in length, or a value is negative or not finite.
        """
        if not isinstance(data, dict):
            return data
        data = dict(data)
        precursor = data.get("precursor_mz")
        if precursor is None or precursor == "" or _is_nan(precursor):
            data.pop("precursor_mz", None)
        for name in ("adduct", "collision_energy", "ion_mode", "ms_type", "instrument_type"):
            if data.get(name, "") is None or _is_nan(data.get(name, "")):
                data.pop(name)
            elif name in data:
                data[name] = str(data[name])
        mz, intensity = data.get("mz"), data.get("intensity")
        if mz is None and intensity is None:
            return data
        mz, intensity = _floats(mz), _floats(intensity)
        if len(mz) != len(intensity):
            raise ValueError(f"{len(mz)} m/z values, but {len(intensity)} intensities")
        if not (np.isfinite(mz).all() and mz.min(initial=1.0) > 0):
            raise ValueError("an m/z is not a positive finite number")
        if not (np.isfinite(intensity).all() and intensity.min(initial=0.0) >= 0):
            raise ValueError("an intensity is negative or not finite")
        if not intensity.all():
            mz, intensity = mz[intensity > 0], intensity[intensity > 0]
        if (mz[1:] < mz[:-1]).any():
            order = np.argsort(mz, kind="stable")
            mz, intensity = mz[order], intensity[order]
        data["mz"], data["intensity"] = tuple(mz.tolist()), tuple(intensity.tolist())
        return data

    @model_validator(mode="after")
    def _precursor(self) -> MsSignal:
        if not (self.precursor_mz >= 0 and math.isfinite(self.precursor_mz)):
            raise ValueError("precursor_mz is negative or not finite")
        return self


def _floats(values: Any) -> np.ndarray:
    return np.asarray(() if values is None else values, dtype=np.float64).reshape(-1)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
