"""Simulate the infrared spectra of real molecules, as long as time is given.

    python scripts/simulate_table.py real_molecules.parquet --out lines --minutes 60

``--method mmff`` takes the MMFF94 force field, a few hundredths of a second a molecule; ``--method
tblite`` takes GFN2-xTB, and needs ``pip install "acml-plugin-ir[simulate]"``.

One process with one thread. Molecules of the test side of the split never enter. The order is fixed
by the molecules alone and balanced over sizes, so what a short run leaves is a fair sample of what a
long one would. ``--out`` fills with small parquet files of lines; a second run goes on where the first
ended, and ``scripts/compact_table.py`` makes the table that ``acml train`` takes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # molecules this small gain nothing from more

import pyarrow as pa
import pyarrow.parquet as pq
from acml_plugin_ir.simulate import METHODS, Method, vibrations
from rdkit import Chem, RDLogger

from acml_core.data.split import SPLITS, SplitConfig, assign
from acml_core.data.table import smiles_column
from acml_core.errors import BadInput
from acml_core.files import whole
from acml_core.molecule import Molecule, canonicalise, parse_smiles

SALT = "acml-ir-simulated-1"
"""Another salt draws the molecules in another order."""

HEAVY_ATOMS: dict[Method, tuple[int, int]] = {"mmff": (3, 20), "tblite": (3, 12)}
"""Fewest and most heavy atoms of a molecule."""

ELEMENTS = frozenset({"H", "C", "N", "O", "F", "S", "Cl", "Br"})

BALANCE = 0.5
"""A size class is drawn from in proportion to its molecules to this power, over its heavy atoms (a
molecule's cost): at 1 nearly all are of the largest, dearest size, at 0 the small are soon used up."""

CHUNK: dict[Method, int] = {"mmff": 256, "tblite": 32}
"""Molecules of a file: what is lost at most when the process is killed."""

LONGEST = 6
"""Characters a heavy atom of the longest SMILES that is parsed: no molecule needs more."""

STATED = b"acml.method"
"""Where a file of lines states its method; the first ones, all by tblite, did not."""

SCHEMA = pa.schema(
    {
        "smiles": pa.string(),
        "inchikey14": pa.string(),
        "heavy_atoms": pa.int32(),
        "frequency": pa.list_(pa.float32()),  # cm-1
        "intensity": pa.list_(pa.float32()),  # km/mol
        "seconds": pa.float32(),  # of processor time
        "error": pa.string(),
    }
)


def fits(mol: Chem.Mol, sizes: tuple[int, int]) -> bool:
    """Whether ``mol`` is one small, neutral, closed-shell molecule of ``ELEMENTS`` with carbon."""
    symbols = {atom.GetSymbol() for atom in mol.GetAtoms()}
    low, high = sizes
    return (
        low <= mol.GetNumHeavyAtoms() <= high
        and "C" in symbols
        and symbols <= ELEMENTS
        and len(Chem.GetMolFrags(mol)) == 1
        and Chem.GetFormalCharge(mol) == 0
        and not any(a.GetNumRadicalElectrons() or a.GetIsotope() for a in mol.GetAtoms())
    )


def candidates(path: Path, sizes: tuple[int, int]) -> list[tuple[int, Molecule]]:
    """Heavy atoms and molecule of all that may enter, in the order in which they are simulated."""
    found: dict[str, tuple[int, Molecule]] = {}
    for text in smiles_column(path):
        if not text or len(text) > LONGEST * sizes[1] or "." in text:
            continue
        try:
            mol = parse_smiles(text)
            if fits(mol, sizes):
                molecule = canonicalise(mol)
                found.setdefault(molecule.key, (mol.GetNumHeavyAtoms(), molecule))
        except BadInput:
            continue
    keys = sorted(found)
    sides = assign(keys, SplitConfig())
    classes: dict[int, list[Molecule]] = defaultdict(list)
    for key, side in zip(keys, sides, strict=True):
        if SPLITS[side] != "test":
            size, molecule = found[key]
            classes[size].append(molecule)
    order = []
    for size, members in classes.items():
        members.sort(key=lambda one: hashlib.sha256(f"{SALT}:{one.key}".encode()).digest())
        share = len(members) ** BALANCE / size
        for place, molecule in enumerate(members):
            order.append(((place + 0.5) / share, size, molecule))
    order.sort(key=lambda one: (one[0], one[1]))
    return [(size, molecule) for _, size, molecule in order]


def simulated(size: int, molecule: Molecule, method: Method) -> dict[str, Any]:
    """One row: the molecule's lines, or why there are none."""
    start = time.process_time()
    row: dict[str, Any] = {
        "smiles": molecule.smiles,
        "inchikey14": molecule.key,
        "heavy_atoms": size,
    }
    try:
        frequency, intensity = vibrations(parse_smiles(molecule.smiles), method)
        row |= {"frequency": frequency.tolist(), "intensity": intensity.tolist(), "error": ""}
    except BadInput as error:
        row |= {"frequency": [], "intensity": [], "error": str(error)}
    return row | {"seconds": time.process_time() - start}


def chunks(
    order: list[tuple[int, Molecule]], most: int
) -> Iterator[tuple[str, list[tuple[int, Molecule]]]]:
    """File names and the molecules that belong in each, ``most`` at most."""
    for start in range(0, len(order), most):
        yield f"lines-{start:06d}.parquet", order[start : start + most]


def method_of(file: Path) -> str:
    """What a file of lines was computed with."""
    return (pq.read_schema(file).metadata or {}).get(STATED, b"tblite").decode()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("molecules", type=Path, help="a table with a column smiles")
    parser.add_argument("--out", type=Path, required=True, help="folder of the files of lines")
    parser.add_argument("--minutes", type=float, default=80.0, help="wall-clock time")
    parser.add_argument("--method", choices=METHODS, default="mmff", help="where forces come from")
    options = parser.parse_args()
    RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]

    until = time.monotonic() + 60 * options.minutes
    options.out.mkdir(parents=True, exist_ok=True)
    others = {method_of(file) for file in options.out.glob("lines-*.parquet")} - {options.method}
    if others:
        sys.exit(f"{options.out} holds lines by {', '.join(sorted(others))}: give another folder")
    order = candidates(options.molecules, HEAVY_ATOMS[options.method])
    schema = SCHEMA.with_metadata({STATED: options.method.encode()})
    print(f"{len(order)} molecules may be simulated", file=sys.stderr, flush=True)
    spent: dict[int, list[float]] = defaultdict(list)
    failed = 0
    for name, members in chunks(order, CHUNK[options.method]):
        path = options.out / name
        if path.exists():
            continue
        rows = []
        for size, molecule in members:
            if time.monotonic() > until:
                break
            rows.append(simulated(size, molecule, options.method))
        if len(rows) < len(members):
            break
        with whole(path) as part:
            pq.write_table(pa.Table.from_pylist(rows, schema), part, compression="zstd")
        for row in rows:
            spent[row["heavy_atoms"]].append(row["seconds"])
            failed += bool(row["error"])
    for size in sorted(spent):
        mean = sum(spent[size]) / len(spent[size])
        print(f"{size} heavy atoms: {len(spent[size])} molecules, {mean:.3f} s each")
    total = sum(map(len, spent.values()))
    print(f"{total} molecules in this run, {failed} without a spectrum")


if __name__ == "__main__":
    main()
