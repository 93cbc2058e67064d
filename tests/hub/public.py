"""Small files of the form in which public data sets are published; every value is made up."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

SPECTRA, PEAKS, BANDS = (
    "datasets/roman-bushuiev/MassSpecGym",
    "datasets/SpectrumWorld/SA-MolNMR-Exp-1M",
    "datasets/ilkhamfy/IRexp",
)
"""The repositories, as the server calls them."""

SPECTRA_HEADER = [
    *("identifier", "mzs", "intensities", "smiles", "inchikey", "formula", "precursor_formula"),
    *("parent_mass", "precursor_mz", "adduct", "instrument_type", "collision_energy", "fold"),
    "simulation_challenge",
]


def card(licence: str = "") -> bytes:
    head = f"license: {licence}\n" if licence else ""
    return f"---\n{head}tags:\n- chemistry\n---\n# A data set\n".encode()


def spectra(*rows: dict[str, Any], header: list[str] | None = None) -> dict[str, bytes]:
    """A repository like MassSpecGym: one TSV."""
    base = {
        "identifier": "ID0001",
        "mzs": "31.0178,46.0413,47.0491",
        "intensities": "0.2,0.05,1.0",
        "smiles": "CCO",
        "inchikey": "LFQSCWFLJHTTHZ",
        "formula": "C2H6O",
        "precursor_formula": "C2H7O",
        "parent_mass": "46.041865",
        "precursor_mz": "47.0491",
        "adduct": "[M+H]+",
        "instrument_type": "Orbitrap",
        "collision_energy": "30.0",
        "fold": "train",
        "simulation_challenge": "True",
    }
    names = header or SPECTRA_HEADER
    lines = ["\t".join(names)]
    for row in rows:
        cells = {**base, **row}
        lines.append("\t".join(str(cells.get(name, cells.get("mzs"))) for name in names))
    return {
        "README.md": card("mit"),
        "data/MassSpecGym.tsv": ("\n".join(lines) + "\n").encode(),
        "data/notes.txt": b"no table",
    }


def peaks(
    carbon: list[Any] | str, hydrogen: list[Any] | str, smiles: str = "CCO"
) -> dict[str, Any]:
    """A row like SA-MolNMR's: peak lists as JSON text."""
    return {
        "id": 1,
        "smiles": smiles,
        "atom_count": 3,
        "molecular_formula": "C2H6O",
        "nmr_1h": hydrogen if isinstance(hydrogen, str) else json.dumps(hydrogen),
        "nmr_13c": carbon if isinstance(carbon, str) else json.dumps(carbon),
    }


def parquet(rows: list[dict[str, Any]]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), buffer)
    return buffer.getvalue()


def peak_lists(**splits: list[dict[str, Any]]) -> dict[str, bytes]:
    """A repository like SA-MolNMR: a parquet file a split, and a card without a licence."""
    files = {f"data/{name}-00000-of-00001.parquet": parquet(rows) for name, rows in splits.items()}
    return {"README.md": card(), **files}


def band_lists(*lines: dict[str, Any] | str) -> dict[str, bytes]:
    """A repository like IRexp: packed JSON lines."""
    base = {
        "id": "73c2e8a4",
        "inchikey": None,
        "smiles": "CC(C)=O",
        "ir_bands_cm-1": [3005.0, 2965.0, 1715.0, 1362.0],
        "ir_source": "experimental",
        "source_doi": "PMC:1",
        "license": "CC-BY",
    }
    text = "\n".join(one if isinstance(one, str) else json.dumps({**base, **one}) for one in lines)
    return {
        "README.md": card("\n- cc-by-4.0\n- cc-by-sa-4.0"),
        "data/irexp_resolved_commercial.jsonl.gz": gzip.compress(text.encode()),
        "data/irexp_commercial.jsonl.gz": gzip.compress(b"{}"),
    }
