"""Reads every measured file of ACML_DATA/raw with its plugin: what is read, what is refused and why,
and spectra a second of each format, beside another package's reader where one is installed.

    python benchmarks/read_raw.py [--copies 10] [--repeats 3]

The raw files come in one format a modality. For the other formats the signals read from them are
written out, ``--copies`` times each, and read again, so that the rates of a modality are of the same
spectra. An alternative only parses; the plugins also check, centroid, convert units and tell apart.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from acml_core import plugins
from acml_core.data import table
from acml_core.errors import BadInput
from acml_core.modality import Modality, Signal

MODALITIES = ("nmr", "ms", "ir")
REASON_LENGTH = 100  # characters
CV = '<cvParam cvRef="MS" accession="{}" name="{}" value="{}"/>'

Reader = Callable[[Path], int]  # reads one file and gives the number of spectra


def read_all(plugin: Modality, files: Sequence[Path]) -> list[Signal]:
    """Every signal of the files; prints counts, and the reasons of what was left out."""
    signals: list[Signal] = []
    reasons: Counter[str] = Counter()
    read_files = 0
    start = time.perf_counter()
    for path in files:
        rejects: list[BadInput] = []
        try:
            found = list(plugin.read(path, on_reject=rejects.append))
            read_files += 1
        except BadInput as error:
            found, rejects = [], rejects or [error]
        reasons.update(error.what[:REASON_LENGTH] for error in rejects)
        signals += found
    seconds = time.perf_counter() - start
    print(
        f"{plugin.name}: {read_files} of {len(files)} files read; {len(signals)} spectra read,"
        f" {reasons.total()} refused; {len(signals) / seconds:,.0f} spectra/s"
    )
    for reason, count in reasons.most_common():
        print(f"    {count} x {reason}")
    return signals


# ---- the same spectra in other formats ----------------------------------------------------------


def as_mgf(one: Any) -> str:
    peaks = "\n".join(f"{a:.4f} {b:g}" for a, b in zip(one.mz, one.intensity, strict=True))
    precursor = f"PEPMASS={one.precursor_mz}\n" if one.precursor_mz else ""
    return f"BEGIN IONS\n{precursor}{peaks}\nEND IONS\n\n"


def as_msp(one: Any) -> str:
    peaks = "\n".join(f"{a:.4f} {b:g}" for a, b in zip(one.mz, one.intensity, strict=True))
    precursor = f"PRECURSORMZ: {one.precursor_mz}\n" if one.precursor_mz else ""
    return f"NAME: x\n{precursor}Num Peaks: {len(one.mz)}\n{peaks}\n\n"


def as_json(one: Any) -> str:
    peaks = [list(pair) for pair in zip(one.mz, one.intensity, strict=True)]
    return json.dumps({"peaks": peaks, "precursor_mz": one.precursor_mz or None}) + "\n"


def as_mzml(signals: Iterable[Any]) -> str:
    def array(values: Sequence[float], accession: str, name: str) -> str:
        text = base64.b64encode(np.array(values, dtype="<f8").tobytes()).decode()
        terms = (
            ("MS:1000523", "64-bit float"),
            ("MS:1000576", "no compression"),
            (accession, name),
        )
        params = "".join(CV.format(*term, "") for term in terms)
        return (
            f'<binaryDataArray encodedLength="{len(text)}">{params}<binary>{text}</binary>'
            "</binaryDataArray>"
        )

    scans = [
        f'<spectrum index="{i}" id="scan={i}" defaultArrayLength="{len(one.mz)}">'
        + CV.format("MS:1000511", "ms level", 2)
        + CV.format("MS:1000127", "centroid spectrum", "")
        + '<binaryDataArrayList count="2">'
        + array(one.mz, "MS:1000514", "m/z array")
        + array(one.intensity, "MS:1000515", "intensity array")
        + "</binaryDataArrayList></spectrum>"
        for i, one in enumerate(signals)
    ]
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<mzML xmlns="http://psi.hupo.org/ms/mzml" version="1.1.0"><run id="run">'
        f'<spectrumList count="{len(scans)}">' + "\n".join(scans) + "</spectrumList></run></mzML>\n"
    )


def two_columns(one: Any) -> str:
    values = one.absorbance or one.transmittance
    name = "absorbance" if one.absorbance else "transmittance"
    rows = "\n".join(f"{a:.3f},{b:.5f}" for a, b in zip(one.wavenumber, values, strict=True))
    return f"wavenumber [cm-1],{name}\n{rows}\n"


def printed(one: Any) -> str:
    parts = [
        f"{nucleus} NMR (100 MHz, CDCl3) δ " + ", ".join(f"{shift:g}" for shift in shifts) + "."
        for nucleus, shifts in (("13C", one.shifts_13c), ("1H", one.shifts_1h))
        if shifts
    ]
    return " ".join(parts) + "\n"


def derived(name: str, signals: list[Any], folder: Path) -> dict[str, list[Path]]:
    """Files of the same signals by format."""
    files: dict[str, list[Path]] = {}

    def write(format: str, texts: Sequence[str], suffix: str) -> None:
        paths = [folder / f"{format.replace(' ', '-')}-{i}{suffix}" for i in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text, encoding="utf-8")
        files[format] = paths

    if name == "ms":
        write("MGF", ["".join(map(as_mgf, signals))], ".mgf")
        write("MSP", ["".join(map(as_msp, signals))], ".msp")
        write("JSON lines", ["".join(map(as_json, signals))], ".jsonl")
        write("mzML", [as_mzml(signals)], ".mzML")
    elif name == "ir":
        write("two columns", [two_columns(one) for one in signals if one.wavenumber], ".csv")
    else:
        write("printed text", [printed(one) for one in signals], ".txt")
    # a table needs structures; one that contradicts the precursor would be refused
    plain = [one if one.smiles else one.model_copy(update={"smiles": "C"}) for one in signals]
    for suffix in (".csv", ".parquet"):
        path = folder / f"table{suffix}"
        table.write(path, plain)
        files[f"table {suffix}"] = [path]
    return files


# ---- other packages' readers --------------------------------------------------------------------


def alternatives() -> dict[str, tuple[str, Reader]]:
    """Format to (package, reader), of the packages that are installed."""
    found: dict[str, tuple[str, Reader]] = {}
    with contextlib.suppress(ImportError):
        from pyteomics import mgf, mzml

        def read_mgf(path: Path) -> int:
            with mgf.read(str(path), use_index=False) as reader:
                return sum(1 for _ in reader)

        def read_mzml(path: Path) -> int:
            with mzml.read(str(path), use_index=False) as reader:
                return sum(1 for _ in reader)

        found["MGF"] = ("pyteomics", read_mgf)
        found["mzML"] = ("pyteomics", read_mzml)
    with contextlib.suppress(ImportError):
        from jcamp import readfile

        def read_jcamp(path: Path) -> int:
            with contextlib.redirect_stdout(io.StringIO()):  # it prints its own checks
                return int(len(readfile(str(path)).get("x", ())) > 0)

        found["raw .jdx"] = ("jcamp", read_jcamp)
    from rdkit import Chem

    def read_sdf(path: Path) -> int:
        """Molecules and their text fields; the shifts stay text."""
        return sum(bool(mol.GetPropsAsDict()) for mol in Chem.SDMolSupplier(str(path)) if mol)

    found["raw .sdf"] = ("rdkit", read_sdf)
    return found


def rate(reader: Reader, files: Sequence[Path], repeats: int) -> tuple[float, int]:
    """Median spectra a second, and spectra in all files."""
    rates = []
    for _ in range(repeats):
        start = time.perf_counter()
        count = sum(reader(path) for path in files)
        rates.append(count / (time.perf_counter() - start))
    return statistics.median(rates), count


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--copies", type=int, default=10, help="of each spectrum, in other formats")
    parser.add_argument("--repeats", type=int, default=3, help="repeats; the median counts")
    options = parser.parse_args()
    data = os.environ.get("ACML_DATA")
    if not data:
        sys.exit("skipped: it needs measured files, and ACML_DATA is not set")
    others = alternatives()
    for name in MODALITIES:
        plugin = plugins.get(name)()

        def own(path: Path, plugin: Modality = plugin) -> int:
            return sum(1 for _ in plugin.read(path, on_reject=lambda error: None))

        raw = sorted(path for path in Path(data, "raw", name).iterdir() if path.is_file())
        signals = read_all(plugin, raw)
        with tempfile.TemporaryDirectory() as folder:
            files = {f"raw {raw[0].suffix}": raw}
            files |= derived(name, signals * options.copies, Path(folder))
            for format, paths in files.items():
                readable = [path for path in paths if _reads(own, path)]
                ours, count = rate(own, readable, options.repeats)
                line = f"    {format:14s} {count:6d} spectra  {ours:9,.0f} spectra/s"
                if format in others:
                    package, reader = others[format]
                    try:
                        theirs, _ = rate(reader, readable, options.repeats)
                        line += f"   {package} {theirs:9,.0f} spectra/s"
                    except Exception as error:  # e.g. a package that it needs is not installed
                        line += f"   {package}: {error}"
                print(line, flush=True)


def _reads(reader: Reader, path: Path) -> bool:
    with contextlib.suppress(BadInput):
        return reader(path) > 0
    return False


if __name__ == "__main__":
    main()
