"""OPUS files (Bruker), through brukeropus."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from acml_core.errors import BadInput
from acml_plugin_ir.readers.units import AxisUnit, curve, ordinate
from acml_plugin_ir.signal import IrSignal

MAGIC = b"\n\n\xfe\xfe"
CURVES = (
    ("a", "absorbance"),
    ("t", "transmittance"),
    ("km", "Kubelka-Munk"),
    ("logr", "log(1/R)"),
    ("atr", "absorbance"),
)
"""Curves of an OPUS file that can be used, the best first: brukeropus' key and what it is."""


def read_opus(path: Path) -> Iterator[IrSignal]:
    """The absorption spectrum of an OPUS file: absorbance, else transmittance, Kubelka-Munk, ...

    Raises:
        BadInput: truncated, or without an absorption spectrum.
    """
    from brukeropus import read_opus as parse

    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints what it cannot parse
            opus = parse(str(path))
        keys = list(opus.data_keys)
        found = next(((getattr(opus, k), label) for k, label in CURVES if k in keys), None)
        state = str(getattr(opus, "sfm", None) or "")
    except Exception as error:  # it parses with struct, and raises whatever comes
        raise BadInput(
            f"the OPUS file cannot be decoded ({type(error).__name__}: {str(error)[:80]})",
            source=path,
            remedy="It is truncated or damaged: copy it from the spectrometer again.",
        ) from None
    if found is None:
        raise BadInput(
            f"the OPUS file holds no absorption spectrum (it has: {', '.join(keys) or 'nothing'})",
            source=path,
            remedy="Save absorbance or transmittance with it; copy a damaged file again.",
        )
    data, label = found
    unit: AxisUnit = "um" if str(getattr(data.params, "dxu", "WN")) == "MI" else "cm-1"
    yield curve(
        np.asarray(data.x),
        np.asarray(data.y),
        x_unit=unit,
        y_kind=ordinate(label, source=path),
        source=path,
        state=state,
        origin=path.name,
    )
