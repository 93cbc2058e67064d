"""mzML and mzXML, through pyteomics.

A file with fragment spectra usually holds survey scans (MS1) too. Those show everything that left the
column together, not one substance, so they are passed over and counted in one message. A file of MS1
alone (GC-MS) is read whole.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from acml_core.errors import BadInput
from acml_core.modality import OnReject
from acml_plugin_ms.readers.files import probe, refuse_binary
from acml_plugin_ms.readers.record import Found, Record

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

ENERGY_UNIT = "eV"


def read_mzml(path: Path, on_reject: OnReject | None) -> Iterator[Found]:
    """One record a spectrum of mzML.

    Raises:
        BadInput: the XML is damaged at its start.
    """
    from pyteomics import mzml

    instrument = _instrument(path)
    yield from _levels(_records(mzml.MzML, path, instrument, _from_mzml), path, on_reject)


def read_mzxml(path: Path, on_reject: OnReject | None) -> Iterator[Found]:
    """One record a scan of mzXML."""
    from pyteomics import mzxml

    yield from _levels(
        _records(mzxml.MzXML, path, _instrument_mzxml(path), _from_mzxml), path, on_reject
    )


def _records(reader: Any, path: Path, instrument: str, convert: Any) -> Iterator[Found]:
    refuse_binary(probe(path), path)
    number = 0
    try:
        # huge_tree: one spectrum's base64 text may pass libxml2's limit
        with reader(str(path), use_index=False, read_schema=False, huge_tree=True) as file:
            for number, scan in enumerate(file, start=1):
                try:
                    yield convert(scan, number, instrument)
                except (KeyError, TypeError, ValueError) as error:
                    yield BadInput(
                        f"spectrum {number} cannot be decoded ({type(error).__name__}: {error})",
                        source=path,
                        remedy="Convert the file again.",
                    )
    except BadInput:
        raise
    except Exception as error:  # lxml, zlib, binascii, struct: whatever damaged data sets off
        yield BadInput(
            f"the XML is damaged after spectrum {number} ({error})",
            source=path,
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


def _from_mzml(scan: dict[str, Any], number: int, instrument: str) -> Record:
    level = scan.get("ms level")
    given: dict[str, Any] = {"ms_type": f"MS{int(level)}" if level and int(level) > 1 else "MS"}
    if "positive scan" in scan:
        given["ion_mode"] = "POSITIVE"
    elif "negative scan" in scan:
        given["ion_mode"] = "NEGATIVE"
    if "profile spectrum" in scan:
        given["profile"] = True
    elif "centroid spectrum" in scan:
        given["profile"] = False
    precursors = (scan.get("precursorList") or {}).get("precursor") or []
    if precursors:
        ions = (precursors[-1].get("selectedIonList") or {}).get("selectedIon") or [{}]
        given["precursor_mz"] = _number(ions[0].get("selected ion m/z"))
        given["adduct"] = _protonated(ions[0].get("charge state"), given.get("ion_mode", ""))
        activation = precursors[-1].get("activation") or {}
        energy = _number(activation.get("collision energy"))
        if energy is not None:
            given["collision_energy"] = f"{energy:g} {ENERGY_UNIT}"
    return Record(
        scan.get("m/z array", ()),
        scan.get("intensity array", ()),
        place=str(scan.get("id") or number),
        instrument_type=instrument,
        **given,
    )


def _from_mzxml(scan: dict[str, Any], number: int, instrument: str) -> Record:
    level = int(scan.get("msLevel") or 1)
    given: dict[str, Any] = {"ms_type": f"MS{level}" if level > 1 else "MS"}
    given["ion_mode"] = {"+": "POSITIVE", "-": "NEGATIVE"}.get(str(scan.get("polarity", "")), "")
    if "centroided" in scan:
        given["profile"] = str(scan["centroided"]).lower() not in ("1", "true")
    precursors = scan.get("precursorMz") or []
    if precursors:
        last = precursors[-1]
        given["precursor_mz"] = _number(last.get("precursorMz"))
        given["adduct"] = _protonated(last.get("precursorCharge"), given["ion_mode"])
    energy = _number(scan.get("collisionEnergy"))
    if energy is not None:
        given["collision_energy"] = f"{energy:g} {ENERGY_UNIT}"
    return Record(
        scan.get("m/z array", ()),
        scan.get("intensity array", ()),
        place=f"scan {scan.get('num', number)}",
        instrument_type=instrument,
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


def _instrument(path: Path) -> str:
    """Ion source and analyser of an mzML file in short, from its head, or ""."""
    head = _head(path)
    return _short(head[: head.find("<spectrumList")] if "<spectrumList" in head else head)


def _instrument_mzxml(path: Path) -> str:
    head = _head(path)
    start = head.find("<msInstrument")
    stop = head.find("</msInstrument>")
    block = head[start:stop] if 0 <= start < stop else ""
    values = [part.split('"')[1] for part in block.split("value=")[1:] if '"' in part]
    return "-".join(values[2:4]) if len(values) >= 4 else _short(block)


def _short(text: str) -> str:
    low = text.lower()
    source = next((short for words, short in SOURCES if words in low), "")
    analyser = next((short for words, short in ANALYSERS if words in low), "")
    return "-".join(part for part in (source, analyser) if part)


HEAD_BYTES = 65_536
"""Of an mzML or mzXML file, searched for its instrument."""


def _head(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES).decode("utf-8", errors="replace")
