"""Files of molecules: SMILES files, SDF, and tables with a column of SMILES."""

from __future__ import annotations

import csv
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
        found = _smiles_file(path)
    elif suffix in SDF_SUFFIXES:
        found = _sdf(path)
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


def _smiles_file(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = [line.strip() for line in text.splitlines()]
    found = [line.split()[0] for line in lines if line and not line.startswith("#")]
    if found and found[0].lower().strip('"').split(",")[0] == "smiles":  # a header
        delimiter = "," if "," in lines[0] else None
        rows = csv.reader(lines[1:]) if delimiter else (line.split() for line in lines[1:])
        found = [row[0] for row in rows if row]
    return found


def _sdf(path: Path) -> list[str]:
    try:
        supplier = Chem.SDMolSupplier(str(path))
    except OSError:  # RDKit's word for a file that is empty
        return []
    mols = list(supplier)
    if not any(mols):  # no SDF at all comes out as records that cannot be read
        return []
    return [
        Chem.MolToSmiles(mol) if mol is not None else f"(unreadable record {number})"
        for number, mol in enumerate(mols, start=1)
    ]
