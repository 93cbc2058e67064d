"""Spectra of mzML and mzXML as plain dictionaries, streamed with the standard library's XML parser.

Only the terms that are used are looked at, by accession number of the PSI-MS vocabulary, so that
neither the vocabulary nor a network is needed. mzML 1.1: Martens et al., Mol. Cell. Proteomics 2011,
10, R110.000133; mzXML: Pedrioli et al., Nat. Biotechnol. 2004, 22, 1459.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

KINDS = {
    "MS:1000523": "<f8", "MS:1000521": "<f4", "MS:1000522": "<i8", "MS:1000519": "<i4",
}  # fmt: skip
ARRAYS = {"MS:1000514": "mz", "MS:1000515": "intensity"}
ZLIB = "MS:1000574"
NO_COMPRESSION = "MS:1000576"
COMPRESSIONS = {
    "MS:1002312", "MS:1002313", "MS:1002314", "MS:1002746", "MS:1002747", "MS:1002748",
    "MS:1003088", "MS:1003089", "MS:1003090",
}  # fmt: skip
"""MS-Numpress and other compressions, which are not read."""


def mzml_scans(path: Path) -> Iterator[dict[str, Any]]:
    """Each spectrum's id, terms (accession to value) of itself and below, and arrays.

    Raises:
        xml.etree.ElementTree.ParseError: the XML is damaged or ends early.
    """
    groups: dict[str, dict[str, str]] = {}
    source: dict[str, str] = {}
    for element in _elements(path, {"referenceableParamGroup", "componentList", "spectrum"}):
        name = _name(element)
        if name == "referenceableParamGroup":
            groups[element.get("id", "")] = _terms(element, {})
        elif name == "componentList":
            source = source or _terms(element, groups)
        else:
            yield {
                "id": element.get("id", ""),
                "source": source,
                "element": element,
                "groups": groups,
            }


def mzml_arrays(scan: dict[str, Any]) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """Terms and arrays of what ``mzml_scans`` gave.

    Raises:
        ValueError: an array's encoding is not known, or its data do not decode.
    """
    element, groups = scan["element"], scan["groups"]
    terms: dict[str, str] = {}
    arrays: dict[str, np.ndarray] = {}
    for child in element:
        name = _name(child)
        if name == "binaryDataArrayList":
            for array in child:
                own = _terms(array, groups)
                kind = next((ARRAYS[a] for a in own if a in ARRAYS), None)
                if kind is not None:
                    arrays[kind] = _decode(array, own)
        elif name == "precursorList":
            if len(child):
                terms.update(_terms(child[-1], groups))
        elif name != "scanList":
            terms.update(_own(child, groups))
    return terms, arrays


def mzxml_scans(path: Path) -> Iterator[dict[str, Any]]:
    """Each scan's attributes, its precursor's, and its arrays' undecoded element.

    Raises:
        xml.etree.ElementTree.ParseError: the XML is damaged or ends early.
    """
    instrument: dict[str, str] = {}
    for element in _elements(path, {"msInstrument", "scan"}):
        if _name(element) == "msInstrument":
            for child in element:
                instrument[_name(child)] = child.get("value", "")
            continue
        scan: dict[str, Any] = {**element.attrib, "instrument": instrument}
        for child in element:
            if _name(child) == "precursorMz":
                scan["precursorMz"] = child.text
                scan["precursorCharge"] = child.get("precursorCharge")
            elif _name(child) == "peaks":
                scan["peaks"] = child
        yield scan


def mzxml_arrays(scan: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """m/z and intensity of what ``mzxml_scans`` gave.

    Raises:
        ValueError: the data do not decode.
    """
    peaks = scan.get("peaks")
    if peaks is None:
        return np.empty(0), np.empty(0)
    data = base64.b64decode(peaks.text or "")
    if (peaks.get("compressionType") or "none") == "zlib":
        data = _inflate(data)
    kind = ">f8" if peaks.get("precision") == "64" else ">f4"
    pairs = np.frombuffer(data, dtype=kind).astype(np.float64)
    if len(pairs) % 2:
        raise ValueError("an odd number of values")
    return pairs[0::2], pairs[1::2]


def _elements(path: Path, wanted: set[str]) -> Iterator[ElementTree.Element]:
    """Finished elements of these names; what was given is freed, scans within scans too."""
    depth: list[ElementTree.Element] = []
    for event, element in ElementTree.iterparse(path, events=("start", "end")):
        if event == "start":
            depth.append(element)
            continue
        depth.pop()
        if _name(element) in wanted:
            yield element
            element.clear()
            if depth:
                depth[-1].remove(element)


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _own(element: ElementTree.Element, groups: dict[str, dict[str, str]]) -> dict[str, str]:
    if _name(element) == "cvParam":
        return {element.get("accession", ""): element.get("value", "")}
    if _name(element) == "referenceableParamGroupRef":
        return groups.get(element.get("ref", ""), {})
    return {}


def _terms(element: ElementTree.Element, groups: dict[str, dict[str, str]]) -> dict[str, str]:
    """All terms at and below an element; the first of a kind counts, with its name under "name:"."""
    found: dict[str, str] = {}
    for one in element.iter():
        for accession, value in _own(one, groups).items():
            found.setdefault(accession, value)
        if _name(one) == "cvParam":
            found.setdefault("name:" + one.get("name", "").lower(), "")
    return found


def _decode(array: ElementTree.Element, terms: dict[str, str]) -> np.ndarray:
    other = COMPRESSIONS & terms.keys()
    if other:
        raise ValueError(f"the compression {sorted(other)[0]} is not read; use zlib or none")
    kind = next((KINDS[a] for a in terms if a in KINDS), None)
    if kind is None:
        raise ValueError("an array does not state its number type")
    text = next((child.text for child in array if _name(child) == "binary"), None)
    data = base64.b64decode(text or "")
    if ZLIB in terms:
        data = _inflate(data)
    return np.frombuffer(data, dtype=kind).astype(np.float64)


def _inflate(data: bytes) -> bytes:
    try:
        return zlib.decompress(data) if data else b""
    except zlib.error as error:
        raise ValueError(str(error)) from None
