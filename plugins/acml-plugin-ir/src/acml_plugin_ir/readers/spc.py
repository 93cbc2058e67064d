"""SPC files (Galactic Industries, now Thermo): the binary exchange format of many spectrometers.

Layout after "A Brief Guide to SPC File Format and Using GSPCIO" (Galactic Industries, 1997): a header
of 512 bytes, an optional axis, then for each subfile 32 bytes and its ordinates, as float32 or as
whole numbers with a common binary exponent.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from acml_core.errors import BadInput
from acml_core.modality import OnReject
from acml_plugin_ir.readers.units import axis_unit, curve, guess_axis, guess_ordinate, ordinate
from acml_plugin_ir.signal import IrSignal

NEW = 0x4B
OTHER_VERSIONS = {0x4C: "big-endian", 0x4D: "old (before 1996)"}
"""Second byte of an SPC file; the first is a set of flags."""

HEADER, SUBHEADER = 512, 32
SHORT, OWN_AXES, AXIS = 0x01, 0x40, 0x80
"""Flags: ordinates of 16 bits; an axis for each subfile; an axis that is not even."""

FLOATS = -128
"""The exponent that marks float32 ordinates."""

AXES = {0: "", 1: "cm-1", 2: "micrometres", 3: "nanometres"}
OTHER_AXES = {
    9: "It is a mass axis.",
    10: "It is in ppm.",
    13: "It is a Raman shift, and the IR plugin reads absorption.",
}
ORDINATES = {
    0: "", 2: "absorbance", 3: "Kubelka-Munk", 10: "log(1/R)", 11: "% transmittance",
    128: "transmittance", 129: "reflectance", 130: "single beam", 131: "emission",
}  # fmt: skip


def read_spc(path: Path, *, on_reject: OnReject | None = None) -> Iterator[IrSignal]:
    """One signal a subfile.

    Raises:
        BadInput: no SPC file, an old or big-endian one, truncated, or no infrared absorption.
    """
    data = path.read_bytes()
    version = data[1] if len(data) > 1 else 0
    if version != NEW:
        known = OTHER_VERSIONS.get(version)
        raise BadInput(
            f"an SPC file of the {known} kind" if known else "no SPC file",
            source=path,
            remedy="Export it as JCAMP-DX or CSV." if known else "Check the file.",
        )
    try:
        flags, _, _, exponent, points, first, last, count, x_code, y_code = struct.unpack_from(
            "<BBBbIddIBB", data
        )
        if x_code not in AXES:
            raise BadInput(
                f"the axis of the SPC file (code {x_code}) is no wavenumber or wavelength",
                source=path,
                remedy=OTHER_AXES.get(x_code, "Give an infrared spectrum."),
            )
        curves = list(_subfiles(data, flags, exponent, points, first, last, max(count, 1)))
    except (struct.error, ValueError) as error:
        raise BadInput(
            f"the SPC file is truncated or damaged ({error})",
            source=path,
            remedy="Copy it from the spectrometer again.",
        ) from None
    errors: list[BadInput] = []
    for number, (x, y) in enumerate(curves, start=1):
        label = ORDINATES.get(y_code, f"SPC code {y_code}")
        try:
            signal = curve(
                x,
                y,
                x_unit=axis_unit(AXES[x_code]) or guess_axis(x),
                y_kind=ordinate(label, source=path) if label else guess_ordinate(y),
                source=path,
                origin=f"{path.name}:{number}",
            )
        except BadInput as error:
            errors.append(error)
            if on_reject is not None and len(curves) > 1:
                on_reject(error)
            continue
        yield signal
    if len(errors) == len(curves):
        raise errors[0]


def _subfiles(
    data: bytes, flags: int, exponent: int, points: int, first: float, last: float, count: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Axis and ordinates of each subfile."""
    at = HEADER
    x = np.linspace(first, last, points) if not flags & AXIS else np.zeros(0)
    if flags & AXIS and not flags & OWN_AXES:
        x = _array(data, at, "<f4", points)
        at += 4 * points
    for _ in range(count):
        _, own_exponent, _, _, _, _, own_points = struct.unpack_from("<BbHfffI", data, at)
        at += SUBHEADER
        if flags & OWN_AXES:
            points = own_points
            x = _array(data, at, "<f4", points)
            at += 4 * points
        power = own_exponent if count > 1 or flags & OWN_AXES else exponent
        if FLOATS in (power, exponent):
            y = _array(data, at, "<f4", points)
            at += 4 * points
        else:
            size = 2 if flags & SHORT else 4
            whole = _array(data, at, f"<i{size}", points)
            y = whole * 2.0 ** (power - 8 * size)
            at += size * points
        yield x, y


def _array(data: bytes, at: int, dtype: str, points: int) -> np.ndarray:
    size = np.dtype(dtype).itemsize * points
    if points < 1 or at + size > len(data):
        raise ValueError(f"{points} points at byte {at}, and the file has {len(data)} bytes")
    return np.frombuffer(data, dtype, points, at).astype(np.float64)
