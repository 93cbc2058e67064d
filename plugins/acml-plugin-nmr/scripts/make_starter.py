"""Make the starter table: about 2,000 small molecules with 13C and 1H shifts simulated by csp5.

    pip install "acml-plugin-nmr[simulate]"
    python scripts/make_starter.py

The molecules are RDKit's Data/NCI/first_5K.smi, so nothing is downloaded. What has been simulated
is kept in a cache file, and a second run goes on where the first ended. It takes about four minutes
on two cores.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from acml_plugin_nmr.signal import NmrSignal
from acml_plugin_nmr.simulate_csp5 import BATCH, ELEMENTS, simulate_many, simulator_version
from rdkit import Chem, RDConfig
from tqdm import tqdm

from acml_core.errors import BadInput
from acml_core.molecule import Molecule, canonicalise, parse_smiles

ROWS = 2000
SEED = 7
"""Seed of the sample."""

SPARE = 100
"""More molecules than ``ROWS`` that are simulated, since a few fail."""

HEAVY_ATOMS = (3, 40)
"""Fewest and most heavy atoms of a molecule in the table."""

DECIMALS_13C, DECIMALS_1H = 1, 2
"""Shifts are kept to 0.1 ppm (13C) and 0.01 ppm (1H), as papers print them."""

SOURCE = "NCI/first_5K.smi"

LEFT_OUT = {
    "RYYVLZVUVIJVGH": "caffeine",
    "BLFLLBZGZJTVJG": "benzocaine",
    "RZVAJINKPMORJF": "paracetamol",
    "CDOSHBSSFJOMGT": "linalool",
    "NOOLISFMXDJSKH": "menthol",
}
"""InChIKey-14 of molecules of the list that are kept out of the table. Their 13C lines are in every
textbook and catalogue; the quick start and the tests search with them, and the model that does so
must not have seen them."""

SCHEMA = pa.schema(
    [
        ("smiles", pa.string()),
        ("shifts_13c", pa.list_(pa.float64())),
        ("multiplicity_13c", pa.list_(pa.string())),
        ("shifts_1h", pa.list_(pa.float64())),
        ("multiplicity_1h", pa.list_(pa.string())),
        ("integral_1h", pa.list_(pa.float64())),
        ("solvent", pa.string()),
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
        if fits(mol) and molecule.key not in LEFT_OUT:
            found.setdefault(molecule.key, molecule)
    order = [found[key] for key in sorted(found)]
    random.Random(SEED).shuffle(order)
    return order


def fits(mol: Chem.Mol) -> bool:
    """One organic component, of a size and of elements that the table takes."""
    symbols = {atom.GetSymbol() for atom in mol.GetAtoms()}
    low, high = HEAVY_ATOMS
    return (
        low <= mol.GetNumHeavyAtoms() <= high
        and "C" in symbols
        and symbols <= ELEMENTS
        and len(Chem.GetMolFrags(mol)) == 1
        and not any(a.GetNumRadicalElectrons() or a.GetIsotope() for a in mol.GetAtoms())
    )


def simulate_chunk(smiles: list[str]) -> list[dict[str, Any]]:
    """One dictionary a molecule: its row, or why there is none."""
    import torch

    torch.set_num_threads(1)  # the processes share the cores
    results = simulate_many([parse_smiles(text) for text in smiles])
    return [
        {"smiles": text, "error": str(result)}
        if isinstance(result, BadInput)
        else row(text, result)
        for text, result in zip(smiles, results, strict=True)
    ]


def row(smiles: str, signal: NmrSignal) -> dict[str, Any]:
    """A signal as a row of the table."""
    values = {name: getattr(signal, name) for name in NmrSignal.columns()}
    values["shifts_13c"] = [round(shift, DECIMALS_13C) for shift in signal.shifts_13c]
    values["shifts_1h"] = [round(shift, DECIMALS_1H) for shift in signal.shifts_1h]
    return {"smiles": smiles, **values}


def simulated(wanted: list[str], cache: Path, workers: int) -> Iterator[dict[str, Any]]:
    """Results for ``wanted``, from the cache or computed and added to it."""
    known: dict[str, dict[str, Any]] = {}
    if cache.exists():
        for line in cache.read_text().splitlines():
            if line.endswith("}"):  # a cut last line is computed again
                result = json.loads(line)
                known[result["smiles"]] = result
    todo = [text for text in wanted if text not in known]
    chunks = [todo[start : start + BATCH] for start in range(0, len(todo), BATCH)]
    with (
        cache.open("a") as file,
        multiprocessing.get_context("spawn").Pool(workers) as pool,
        tqdm(total=len(wanted), initial=len(wanted) - len(todo), unit="molecule") as bar,
    ):
        for results in pool.imap_unordered(simulate_chunk, chunks):
            for result in results:
                known[result["smiles"]] = result
                file.write(json.dumps(result) + "\n")
            file.flush()
            bar.update(len(results))
    yield from (known[text] for text in wanted)


def write(rows: list[dict[str, Any]], out: Path) -> None:
    """The parquet table, whole or not at all."""
    metadata = {
        "acml.source": "simulated",
        "acml.simulator": f"csp5 {simulator_version()}",
        "acml.molecules": f"RDKit Data/{SOURCE}",
        "acml.licence": "molecules: RDKit, BSD-3-Clause; shifts: computed with csp5, MIT",
    }
    table = pa.Table.from_pylist(rows, schema=SCHEMA).replace_schema_metadata(metadata)
    part = out.with_name(out.name + ".part")
    pq.write_table(table, part, compression="zstd", compression_level=19)
    os.replace(part, out)


def main() -> None:
    here = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--out", type=Path, default=here / "src" / "acml_plugin_nmr" / "data" / "starter.parquet"
    )
    default_cache = Path(tempfile.gettempdir()) / f"acml-nmr-starter-{simulator_version()}.jsonl"
    parser.add_argument("--cache", type=Path, default=default_cache)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()

    start = time.perf_counter()
    molecules = candidates()
    wanted = [molecule.smiles for molecule in molecules[: ROWS + SPARE]]
    results = list(simulated(wanted, options.cache, options.workers))
    rows = [result for result in results if "error" not in result][:ROWS]
    write(rows, options.out)
    for result in results:
        if "error" in result:
            print(result["error"], file=sys.stderr)
    print(
        f"{len(rows)} of {len(molecules)} molecules, {options.out.stat().st_size / 1e3:.0f} kB, "
        f"{time.perf_counter() - start:.0f} s: {options.out}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
