"""Writes files/run.mzML and files/run.mzXML: one survey scan, one profile and one centroided MS2.

python tests/make_xml.py
"""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent / "files"
SURVEY = ([195.0877, 301.1410, 445.1200], [5e4, 2e4, 9e4])
MS2 = ([110.0713, 138.0662, 195.0877], [320.0, 1000.0, 410.0])
CV = '<cvParam cvRef="MS" accession="{}" name="{}" value="{}"/>'


def profile() -> tuple[list[float], list[float]]:
    """The same MS2 as a trace: Gaussians 0.02 Th wide, points 0.004 Th apart around each peak."""
    steps = np.arange(-15, 16) * 0.004
    x = np.concatenate([centre + steps for centre in MS2[0]])
    y = np.concatenate([height * np.exp(-0.5 * (steps / 0.01) ** 2) for height in MS2[1]])
    return x.tolist(), y.tolist()


def encoded(values: list[float], kind: str) -> str:
    return base64.b64encode(np.array(values, dtype=kind).tobytes()).decode()


def array(values: list[float], accession: str, name: str) -> str:
    text = encoded(values, "<f8")
    terms = [("MS:1000523", "64-bit float"), ("MS:1000576", "no compression"), (accession, name)]
    params = "".join(CV.format(*term, "") for term in terms)
    return (
        f'<binaryDataArray encodedLength="{len(text)}">{params}'
        f"<binary>{text}</binary></binaryDataArray>"
    )


def spectrum(index: int, level: int, kind: str, peaks: tuple[list[float], list[float]]) -> str:
    params = [
        ("MS:1000511", "ms level", level),
        ("MS:1000130", "positive scan", ""),
        ("MS:1000127" if kind.startswith("centroid") else "MS:1000128", kind, ""),
    ]
    precursor = ""
    if level > 1:
        ion = CV.format("MS:1000744", "selected ion m/z", 195.0877)
        ion += CV.format("MS:1000041", "charge state", 1)
        energy = CV.format("MS:1000045", "collision energy", 35.0)
        precursor = (
            '<precursorList count="1"><precursor><selectedIonList count="1">'
            f"<selectedIon>{ion}</selectedIon></selectedIonList>"
            f"<activation>{energy}</activation></precursor></precursorList>"
        )
    return (
        f'<spectrum index="{index}" id="scan={index + 1}" defaultArrayLength="{len(peaks[0])}">'
        + "".join(CV.format(*param) for param in params)
        + precursor
        + '<binaryDataArrayList count="2">'
        + array(peaks[0], "MS:1000514", "m/z array")
        + array(peaks[1], "MS:1000515", "intensity array")
        + "</binaryDataArrayList></spectrum>"
    )


def mzml() -> str:
    scans = [
        spectrum(0, 1, "centroid spectrum", SURVEY),
        spectrum(1, 2, "centroid spectrum", MS2),
        spectrum(2, 2, "profile spectrum", profile()),
    ]
    source = CV.format("MS:1000073", "electrospray ionization", "")
    analyser = CV.format("MS:1000484", "orbitrap", "")
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<mzML xmlns="http://psi.hupo.org/ms/mzml" version="1.1.0">'
        '<instrumentConfigurationList count="1"><instrumentConfiguration id="IC1">'
        f'<componentList count="2"><source order="1">{source}</source>'
        f'<analyzer order="2">{analyser}</analyzer></componentList>'
        "</instrumentConfiguration></instrumentConfigurationList>"
        f'<run id="run"><spectrumList count="{len(scans)}">\n'
        + "\n".join(scans)
        + "\n</spectrumList></run></mzML>\n"
    )


def scan(number: int, level: int, centroided: int, peaks: tuple[list[float], list[float]]) -> str:
    pairs = encoded(np.array(peaks).T.ravel().tolist(), ">f8")
    precursor = "<precursorMz precursorIntensity='1'>195.0877</precursorMz>" if level > 1 else ""
    energy = ' collisionEnergy="35"' if level > 1 else ""
    return (
        f'<scan num="{number}" msLevel="{level}" peaksCount="{len(peaks[0])}" polarity="+" '
        f'centroided="{centroided}"{energy}>{precursor}'
        f'<peaks precision="64" byteOrder="network" contentType="m/z-int" '
        f'compressionType="none">{pairs}</peaks></scan>'
    )


def mzxml() -> str:
    scans = [scan(1, 1, 1, SURVEY), scan(2, 2, 1, MS2), scan(3, 2, 0, profile())]
    names = ("Manufacturer", "Model", "Ionisation", "MassAnalyzer")
    values = ("none", "none", "ESI", "FTMS")
    instrument = "".join(
        f'<ms{name} category="ms{name}" value="{value}"/>'
        for name, value in zip(names, values, strict=True)
    )
    return (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n'
        '<mzXML xmlns="http://sashimi.sourceforge.net/schema_revision/mzXML_3.2">'
        f'<msRun scanCount="{len(scans)}"><msInstrument msInstrumentID="1">{instrument}'
        "</msInstrument>\n" + "\n".join(scans) + "\n</msRun></mzXML>\n"
    )


if __name__ == "__main__":
    (HERE / "run.mzML").write_text(mzml(), encoding="utf-8")
    (HERE / "run.mzXML").write_text(mzxml(), encoding="utf-8")
