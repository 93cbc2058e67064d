"""Make the starter table: about 300 small molecules with spectra simulated by GFN2-xTB (tblite).

    pip install "acml-plugin-ir[simulate]"
    python scripts/make_starter.py

The molecules are RDKit's Data/NCI/first_5K.smi, so nothing is downloaded. What has been simulated
is kept in a cache file, and a second run goes on where the first ended.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # molecules this small gain nothing from more

import pyarrow as pa
import pyarrow.parquet as pq
from acml_plugin_ir.simulate import AXIS_CM1, simulate
from acml_plugin_ir.xtb import METHOD
from rdkit import RDConfig
from tqdm import tqdm

from acml_core.errors import BadInput
from acml_core.molecule import Molecule, canonicalise, parse_smiles

ROWS = 300
SEED = 7
"""Seed of the sample."""

HEAVY_ATOMS = (3, 9)
"""Fewest and most heavy atoms of a molecule in the table."""

ELEMENTS = frozenset({"H", "C", "N", "O", "F", "P", "S", "Cl", "Br"})
DECIMALS = 3
"""Of absorbance, highest point 1."""

SOURCE = "NCI/first_5K.smi"
DEFAULT_SECONDS = 1500.0


def candidates() -> list[Molecule]:
    """The list's molecules that may enter the table, unique by InChIKey-14, shuffled."""
    found: dict[str, Molecule] = {}
    for line in (Path(RDConfig.RDDataDir) / SOURCE).read_text().splitlines():
        try:
            mol = parse_smiles(line.split("\t")[0])
            molecule = canonicalise(mol)
        except BadInput:
            continue
        symbols = {atom.GetSymbol() for atom in mol.GetAtoms()}
        low, high = HEAVY_ATOMS
        fits = (
            low <= mol.GetNumHeavyAtoms() <= high
            and "C" in symbols
            and symbols <= ELEMENTS
            and "." not in molecule.smiles
            and not any(
                a.GetNumRadicalElectrons() or a.GetIsotope() or a.GetFormalCharge() < -1
                for a in mol.GetAtoms()
            )
        )
        if fits:
            found.setdefault(molecule.key, molecule)
    order = [found[key] for key in sorted(found)]
    random.Random(SEED).shuffle(order)
    return order


def simulated(smiles: str) -> dict[str, Any]:
    """A row of the cache: the curve, or why there is none."""
    try:
        signal = simulate(parse_smiles(smiles), "tblite")
    except BadInput as error:
        return {"smiles": smiles, "error": str(error)}
    return {"smiles": smiles, "absorbance": [round(y, DECIMALS) for y in signal.absorbance]}


def write(rows: list[dict[str, Any]], out: Path) -> None:
    """The parquet table, whole or not at all."""
    start, stop, step = AXIS_CM1
    axis = [start + step * i for i in range(round((stop - start) / step) + 1)]
    table = pa.table(
        {
            "smiles": pa.array([row["smiles"] for row in rows]),
            "wavenumber": pa.array([axis] * len(rows), pa.list_(pa.float32())),
            "absorbance": pa.array([row["absorbance"] for row in rows], pa.list_(pa.float32())),
            "state": pa.array(["gas"] * len(rows)),
        }
    ).replace_schema_metadata(
        {
            "acml.source": "simulated",
            "acml.simulator": f"tblite {METHOD}",
            "acml.molecules": f"RDKit Data/{SOURCE}",
            "acml.licence": "molecules: RDKit, BSD-3-Clause; spectra: computed with tblite, LGPL",
        }
    )
    part = out.with_name(out.name + ".part")
    pq.write_table(table, part, compression="zstd", compression_level=19)
    os.replace(part, out)


def main() -> None:
    here = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--out", type=Path, default=here / "src" / "acml_plugin_ir" / "data" / "starter.parquet"
    )
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()) / "acml-ir-starter.jsonl"
    )
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--seconds", type=float, default=DEFAULT_SECONDS, help="processor time")
    options = parser.parse_args()

    known: dict[str, dict[str, Any]] = {}
    if options.cache.exists():
        for line in options.cache.read_text().splitlines():
            if line.endswith("}"):  # a cut last line is computed again
                result = json.loads(line)
                known[result["smiles"]] = result
    rows: list[dict[str, Any]] = []
    start = time.process_time()
    with options.cache.open("a") as cache:
        for molecule in tqdm(candidates(), unit="molecule"):
            if len(rows) == options.rows or time.process_time() - start > options.seconds:
                break
            result = known.get(molecule.smiles)
            if result is None:
                result = simulated(molecule.smiles)
                cache.write(json.dumps(result) + "\n")
                cache.flush()
            if "error" in result:
                print(result["error"], file=sys.stderr)
            else:
                rows.append(result)
    write(rows, options.out)
    print(
        f"{len(rows)} molecules, {options.out.stat().st_size / 1e3:.0f} kB,"
        f" {time.process_time() - start:.0f} s of processor time: {options.out}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
