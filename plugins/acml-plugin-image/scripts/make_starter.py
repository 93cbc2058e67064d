"""Make the starter table: about 2,000 molecules without pictures; training draws them.

    python scripts/make_starter.py

The molecules are RDKit's Data/NCI/first_5K.smi, so nothing is downloaded.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from rdkit import Chem, RDConfig

from acml_core.errors import BadInput
from acml_core.files import whole
from acml_core.molecule import canonicalise, parse_smiles

ROWS = 2000
SEED = 7
"""Seed of the sample."""

HEAVY_ATOMS = (3, 40)
"""Fewest and most heavy atoms of a molecule in the table."""

SOURCE = "NCI/first_5K.smi"
LEFT_OUT = {
    "RYYVLZVUVIJVGH": "caffeine",
    "BLFLLBZGZJTVJG": "benzocaine",
    "RZVAJINKPMORJF": "paracetamol",
    "CDOSHBSSFJOMGT": "linalool",
    "NOOLISFMXDJSKH": "menthol",
}
"""InChIKey-14 of molecules that examples and tests search with."""


def molecules() -> list[str]:
    """Canonical SMILES of the sample."""
    found: dict[str, str] = {}
    for line in (Path(RDConfig.RDDataDir) / SOURCE).read_text().splitlines():
        try:
            mol = parse_smiles(line.split("\t")[0])
            molecule = canonicalise(mol)
        except BadInput:
            continue
        low, high = HEAVY_ATOMS
        organic = any(atom.GetAtomicNum() == 6 for atom in mol.GetAtoms())
        fits = low <= mol.GetNumHeavyAtoms() <= high and len(Chem.GetMolFrags(mol)) == 1
        if fits and organic and molecule.key not in LEFT_OUT:
            found.setdefault(molecule.key, molecule.smiles)
    order = [found[key] for key in sorted(found)]
    random.Random(SEED).shuffle(order)
    return order[:ROWS]


def main() -> None:
    here = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--out", type=Path, default=here / "src" / "acml_plugin_image" / "data" / "starter.parquet"
    )
    options = parser.parse_args()
    table = pa.table({"smiles": molecules()}).replace_schema_metadata(
        {
            "acml.source": "structures only; drawn by RDKit when used",
            "acml.molecules": f"RDKit Data/{SOURCE}",
            "acml.licence": "RDKit, BSD-3-Clause",
        }
    )
    with whole(options.out) as part:
        pq.write_table(table, part, compression="zstd", compression_level=19)
    print(f"{table.num_rows} molecules, {options.out.stat().st_size / 1e3:.0f} kB: {options.out}")


if __name__ == "__main__":
    main()
