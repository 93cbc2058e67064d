"""Files of molecules: SMILES files, SDF, and tables with a column of SMILES."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from rdkit import Chem

from acml_core.data import table
from acml_core.errors import BadInput

SMILES_SUFFIXES = (".smi", ".smiles", ".txt", ".ism", ".can")
SDF_SUFFIXES = (".sdf", ".sd", ".mol")
SUFFIXES = (*SMILES_SUFFIXES, *SDF_SUFFIXES, *table.SUFFIXES)


def read(path: str | Path) -> list[str]:
    """SMILES of every record, in order; "" or the bad text where a record has none.

    Nothing is left out here: what cannot be parsed is rejected, with its row, where it is
    canonicalised.

    Raises:
        BadInput: no such file, an unknown suffix, or no record at all.
    """
    path = Path(path)
    if not path.is_file():
        raise BadInput("no such file", source=path, remedy="Check the path.")
    suffix = path.suffix.lower()
    if suffix in SMILES_SUFFIXES:
        found = list(_smiles_file(path))
    elif suffix in SDF_SUFFIXES:
        found = list(_sdf(path))
    elif suffix in table.SUFFIXES:
        found = table.smiles_column(path)
    else:
        raise BadInput(
            f"{suffix or 'a file without suffix'} is not a file of molecules",
            source=path,
            remedy=f"Use one of: {', '.join(SUFFIXES)}.",
        )
    if not found:
        raise BadInput("the file holds no molecule", source=path)
    return found


def _smiles_file(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", errors="replace") as file:
        stripped = (line.strip() for line in file)
        lines = (line for line in stripped if line and not line.startswith("#"))
        first = next(lines, None)
        if first is None:
            return
        if first.split()[0].lower().strip('"').split(",")[0] != "smiles":
            yield first.split()[0]
            yield from (line.split()[0] for line in lines)
            return
        rows = csv.reader(lines) if "," in first else (line.split() for line in lines)  # a header
        yield from (row[0] for row in rows if row)


def _sdf(path: Path) -> Iterator[str]:
    """One molecule at a time: parsed all at once, a million take tens of gigabytes."""
    try:
        supplier = Chem.SDMolSupplier(str(path))
    except OSError:  # RDKit's word for a file that is empty
        return
    bad: list[str] = []  # until one can be read: no SDF at all comes out as unreadable records
    some = False
    for number, mol in enumerate(supplier, start=1):
        if mol is None:
            bad.append(f"(unreadable record {number})")
        else:
            some = True
        if some:
            yield from bad
            bad.clear()
        if mol is not None:
            yield Chem.MolToSmiles(mol)
