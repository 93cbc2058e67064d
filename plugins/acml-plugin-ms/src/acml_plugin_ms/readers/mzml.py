"""mzML and mzXML: which of their scans are spectra of one substance, and how they were measured.

A file with fragment spectra usually holds survey scans (MS1) too. Those show everything that left the
column together, not one substance, so they are passed over and counted in one message. A file of MS1
alone (GC-MS) is read whole.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from acml_core.errors import BadInput
from acml_core.modality import OnReject
from acml_core.sources import probe
from acml_plugin_ms.readers.files import refuse_binary
from acml_plugin_ms.readers.record import Found, Record
from acml_plugin_ms.readers.xmlscans import mzml_arrays, mzml_scans, mzxml_arrays, mzxml_scans

log = logging.getLogger("acml")

SOURCES = (
    ("atmospheric pressure chemical", "APCI"), ("photoionization", "APPI"), ("electrospray", "ESI"),
    ("electron ionization", "EI"), ("chemical ionization", "CI"),
    ("matrix-assisted laser", "MALDI"), ("fast atom", "FAB"),
)  # fmt: skip
"""Words of the controlled vocabulary for ion sources, and MassBank's short forms."""

ANALYSERS = (
    ("orbitrap", "FT"), ("fourier transform", "FT"), ("time-of-flight", "TOF"),
    ("quadrupole", "Q"), ("ion trap", "IT"), ("magnetic sector", "B"),
)  # fmt: skip

MS_LEVEL, POSITIVE, NEGATIVE = "MS:1000511", "MS:1000130", "MS:1000129"
PROFILE, CENTROID = "MS:1000128", "MS:1000127"
SELECTED_ION, CHARGE, ENERGY = "MS:1000744", "MS:1000041", "MS:1000045"
"""Accession numbers of the PSI-MS vocabulary."""

ENERGY_UNIT = "eV"


def read_mzml(path: Path, on_reject: OnReject | None) -> Iterator[Found]:
    """One record a spectrum of mzML."""
    yield from _levels(_records(mzml_scans, path, _from_mzml), path, on_reject)


def read_mzxml(path: Path, on_reject: OnReject | None) -> Iterator[Found]:
    """One record a scan of mzXML."""
    yield from _levels(_records(mzxml_scans, path, _from_mzxml), path, on_reject)


def _records(
    scans: Callable[[Path], Iterator[dict[str, Any]]],
    path: Path,
    convert: Callable[[dict[str, Any], int], Record],
) -> Iterator[Found]:
    refuse_binary(probe(path), path)
    number = 0
    try:
        for number, scan in enumerate(scans(path), start=1):
            try:
                yield convert(scan, number)
            except (KeyError, TypeError, ValueError) as error:
                yield BadInput(
                    f"spectrum {number} cannot be decoded ({error})",
                    source=path,
                    remedy="Convert the file again, with zlib or no compression.",
                )
    except ElementTree.ParseError as error:
        yield BadInput(
            f"the XML is damaged after spectrum {number} ({error})",
            source=path,
            line=error.position[0],
            remedy="The file may be truncated: convert or download it again.",
        )


def _levels(found: Iterator[Found], path: Path, on_reject: OnReject | None) -> Iterator[Found]:
    """Leave survey scans out where there are fragment spectra, and say how many."""
    first: list[Found] = []
    for one in found:
        first.append(one)
        if isinstance(one, Record) and one.ms_type != "MS":
            break
    else:
        yield from first
        return
    skipped = 0
    for one in chain(first, found):
        if isinstance(one, Record) and one.ms_type == "MS":
            skipped += 1
            continue
        yield one
    if skipped:
        note = BadInput(
            f"{skipped} MS1 survey scans skipped: they show many substances at once",
            source=path,
            remedy="Export a single scan to search with it.",
        )
        if on_reject is not None:
            on_reject(note)
        else:
            log.warning("%s", note)


def _from_mzml(scan: dict[str, Any], number: int) -> Record:
    terms, arrays = mzml_arrays(scan)
    level = _number(terms.get(MS_LEVEL))
    given: dict[str, Any] = {"ms_type": f"MS{int(level)}" if level and level > 1 else "MS"}
    if POSITIVE in terms or NEGATIVE in terms:
        given["ion_mode"] = "POSITIVE" if POSITIVE in terms else "NEGATIVE"
    if PROFILE in terms or CENTROID in terms:
        given["profile"] = PROFILE in terms
    if SELECTED_ION in terms:
        given["precursor_mz"] = _number(terms[SELECTED_ION])
        given["adduct"] = _protonated(terms.get(CHARGE), given.get("ion_mode", ""))
    energy = _number(terms.get(ENERGY))
    if energy is not None:
        given["collision_energy"] = f"{energy:g} {ENERGY_UNIT}"
    words = " ".join(key[5:] for key in scan["source"] if key.startswith("name:"))
    return Record(
        arrays.get("mz", ()),
        arrays.get("intensity", ()),
        place=scan["id"] or str(number),
        instrument_type=_short(words),
        **given,
    )


def _from_mzxml(scan: dict[str, Any], number: int) -> Record:
    mz, intensity = mzxml_arrays(scan)
    level = int(scan.get("msLevel") or 1)
    given: dict[str, Any] = {"ms_type": f"MS{level}" if level > 1 else "MS"}
    given["ion_mode"] = {"+": "POSITIVE", "-": "NEGATIVE"}.get(str(scan.get("polarity", "")), "")
    if "centroided" in scan:
        given["profile"] = str(scan["centroided"]).lower() not in ("1", "true")
    if scan.get("precursorMz"):
        given["precursor_mz"] = _number(scan["precursorMz"])
        given["adduct"] = _protonated(scan.get("precursorCharge"), given["ion_mode"])
    energy = _number(scan.get("collisionEnergy"))
    if energy is not None:
        given["collision_energy"] = f"{energy:g} {ENERGY_UNIT}"
    named = (scan["instrument"].get(name, "") for name in ("msIonisation", "msMassAnalyzer"))
    return Record(
        mz,
        intensity,
        place=f"scan {scan.get('num', number)}",
        instrument_type="-".join(part for part in named if part),
        **given,
    )


def _number(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None


def _protonated(charge: Any, mode: str) -> str:
    """ "[M+2H]2+" for a multiply charged ion, else "": a charge of one names no adduct."""
    size = abs(int(_number(charge) or 0))
    if size < 2:
        return ""
    sign = "-" if mode == "NEGATIVE" else "+"
    return f"[M{sign}{size}H]{size}{sign}"


def _short(text: str) -> str:
    low = text.lower()
    source = next((short for words, short in SOURCES if words in low), "")
    analyser = next((short for words, short in ANALYSERS if words in low), "")
    return "-".join(part for part in (source, analyser) if part)
