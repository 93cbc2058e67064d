"""Make the starter table: the molecules of examples/candidates.smi, without strings.

    python scripts/make_starter.py

A SMILES string is a drawing of the molecule, so the table holds structures alone; strings are drawn
from them when they are needed, another one each time.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from acml_core.errors import BadInput
from acml_core.files import whole
from acml_core.molecule import canonicalise

METADATA = {
    "acml.source": "structures; SMILES strings are drawn at random when they are used",
    "acml.molecules": "RDKit Data/NCI/first_5K.smi, by examples/candidates.smi",
    "acml.licence": "molecules: RDKit, BSD-3-Clause",
}


def main() -> None:
    plugin = Path(__file__).resolve().parents[1]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--molecules", type=Path, default=plugin.parents[1] / "examples" / "candidates.smi"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=plugin / "src" / "acml_plugin_smiles" / "data" / "starter.parquet",
    )
    options = parser.parse_args()
    found: dict[str, str] = {}
    for line in options.molecules.read_text(encoding="utf-8").split():
        try:
            molecule = canonicalise(line)
        except BadInput:
            continue
        found.setdefault(molecule.key, molecule.smiles)
    table = pa.table({"smiles": list(found.values())}).replace_schema_metadata(METADATA)
    with whole(options.out) as part:
        pq.write_table(table, part, compression="zstd", compression_level=19)
    print(f"{len(found)} molecules, {options.out.stat().st_size / 1e3:.0f} kB: {options.out}")


if __name__ == "__main__":
    main()
