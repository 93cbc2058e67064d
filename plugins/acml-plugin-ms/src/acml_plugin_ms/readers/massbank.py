"""MassBank record text, format 2: "TAG$SUBTAG: value" lines and a PK$PEAK block, ended by "//".

The format: MassBank Record Format 2.6, massbank.github.io/MassBank-documentation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from acml_core.errors import BadInput
from acml_plugin_ms.readers.record import Found, Record

_FIELDS = {
    "CH$SMILES": "smiles",
    "MS$FOCUSED_ION: PRECURSOR_M/Z": "precursor_mz",
    "MS$FOCUSED_ION: PRECURSOR_TYPE": "adduct",
    "MS$FOCUSED_ION: ION_TYPE": "adduct",
    "AC$MASS_SPECTROMETRY: COLLISION_ENERGY": "collision_energy",
    "AC$MASS_SPECTROMETRY: ION_MODE": "ion_mode",
    "AC$MASS_SPECTROMETRY: MS_TYPE": "ms_type",
    "AC$INSTRUMENT_TYPE": "instrument_type",
}


def read_massbank(lines: Iterable[tuple[int, str]], source: str | Path) -> Iterator[Found]:
    """One record an ACCESSION; a file usually holds one."""
    given: dict[str, str] = {}
    mz: list[float] = []
    intensity: list[float] = []
    accession, start, stated, in_peaks, began = "", 0, None, False, False
    bad: BadInput | None = None

    def finish(complete: bool) -> Found:
        if bad is not None:
            return bad
        if not complete or stated is None or len(mz) < stated:
            return BadInput(
                "the record is truncated"
                + ("" if stated is None else f": {stated} peaks stated, {len(mz)} found"),
                source=source,
                line=start,
                remedy="A record ends with '//': download it again.",
            )
        return Record(mz, intensity, place=accession, line=start, **given)  # type: ignore[arg-type]

    for number, line in lines:
        if line.startswith("//"):
            if began:
                yield finish(complete=True)
            given, mz, intensity, bad = {}, [], [], None
            accession, stated, in_peaks, began = "", None, False, False
            continue
        if in_peaks and line.startswith("  "):
            parts = line.split()
            try:
                mz.append(float(parts[0]))
                intensity.append(float(parts[1]))
            except (ValueError, IndexError):
                bad = bad or BadInput(
                    f"{line.strip()[:40]!r} is no peak",
                    source=source,
                    line=number,
                    remedy="A peak is m/z, intensity and relative intensity.",
                )
            continue
        tag, colon, value = line.partition(":")
        if not colon:
            continue
        if tag == "ACCESSION":
            if began:
                yield finish(complete=False)
                given, mz, intensity, bad, stated = {}, [], [], None, None
            accession, start, began = value.strip(), number, True
        in_peaks = tag == "PK$PEAK"
        if tag == "PK$NUM_PEAK":
            stated = int(value) if value.strip().isdigit() else None
        if tag in ("AC$MASS_SPECTROMETRY", "MS$FOCUSED_ION"):
            subtag, _, value = value.strip().partition(" ")
            tag = f"{tag}: {subtag}"
        if tag in _FIELDS and value.strip() not in ("", "N/A"):
            given.setdefault(_FIELDS[tag], value.strip())
    if began:
        yield finish(complete=False)
