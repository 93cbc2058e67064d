"""Make the starter table: about 1,500 small molecules with simulated EI and [M+H]+ spectra.

    python scripts/make_starter.py

The molecules are RDKit's Data/NCI/first_5K.smi, so nothing is downloaded; the spectra come from the
plugin's own rule-based fragmenter. It takes a few seconds.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from acml_plugin_ms.signal import MsSignal
from acml_plugin_ms.simulate import simulate
from rdkit import Chem, RDConfig

from acml_core.errors import BadInput
from acml_core.molecule import Molecule, canonicalise, parse_smiles

MOLECULES = 1500
SEED = 7
"""Seed of the sample."""

HEAVY_ATOMS = (5, 40)
"""Fewest and most heavy atoms of a molecule in the table."""

ELEMENTS = {"H", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Br", "I"}
IONS = ("EI", "[M+H]+")
SOURCE = "NCI/first_5K.smi"

SCHEMA = pa.schema(
    [
        ("smiles", pa.string()),
        ("mz", pa.list_(pa.float64())),
        ("intensity", pa.list_(pa.float32())),
        ("precursor_mz", pa.float64()),
        ("adduct", pa.string()),
        ("collision_energy", pa.string()),
        ("ion_mode", pa.string()),
        ("ms_type", pa.string()),
        ("instrument_type", pa.string()),
    ]
)


def candidates() -> list[Molecule]:
    """The list's molecules that may enter the table, unique by InChIKey-14, shuffled."""
    found: dict[str, Molecule] = {}
    for line in (Path(RDConfig.RDDataDir) / SOURCE).read_text().splitlines():
        try:
            mol = parse_smiles(line.split("\t")[0])
            molecule = canonicalise(mol)
        except BadInput:
            continue
        if fits(mol):
            found.setdefault(molecule.key, molecule)
    order = [found[key] for key in sorted(found)]
    random.Random(SEED).shuffle(order)
    return order


def fits(mol: Chem.Mol) -> bool:
    """One organic, neutral component, of a size and of elements that the table takes."""
    symbols = {atom.GetSymbol() for atom in mol.GetAtoms()}
    low, high = HEAVY_ATOMS
    return (
        low <= mol.GetNumHeavyAtoms() <= high
        and "C" in symbols
        and symbols <= ELEMENTS
        and len(Chem.GetMolFrags(mol)) == 1
        and Chem.GetFormalCharge(mol) == 0
        and not any(a.GetNumRadicalElectrons() or a.GetIsotope() for a in mol.GetAtoms())
    )


def rows(molecules: list[Molecule]) -> list[dict[str, object]]:
    """A row a molecule and ion; molecules that fail are reported and left out."""
    made: list[dict[str, object]] = []
    for molecule in molecules:
        mol = parse_smiles(molecule.smiles)
        try:
            signals = [simulate(mol, ion) for ion in IONS]
        except BadInput as error:
            print(error, file=sys.stderr)
            continue
        for signal in signals:
            values = {name: getattr(signal, name) for name in MsSignal.columns()}
            made.append({"smiles": molecule.smiles, **values})
        if len(made) == len(IONS) * MOLECULES:
            break
    return made


def main() -> None:
    here = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--out", type=Path, default=here / "src" / "acml_plugin_ms" / "data" / "starter.parquet"
    )
    options = parser.parse_args()
    start = time.perf_counter()
    made = rows(candidates())
    metadata = {
        "acml.source": "simulated",
        "acml.simulator": "acml-plugin-ms rule-based fragmenter",
        "acml.molecules": f"RDKit Data/{SOURCE}",
        "acml.licence": "molecules: RDKit, BSD-3-Clause; spectra: computed, Apache-2.0",
    }
    table = pa.Table.from_pylist(made, schema=SCHEMA).replace_schema_metadata(metadata)
    part = options.out.with_name(options.out.name + ".part")
    pq.write_table(table, part, compression="zstd", compression_level=19)
    os.replace(part, options.out)
    print(
        f"{len(made)} spectra, {options.out.stat().st_size / 1e3:.0f} kB, "
        f"{time.perf_counter() - start:.0f} s: {options.out}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
