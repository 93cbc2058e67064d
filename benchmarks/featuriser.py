"""Molecules a second on one core: ``featurize`` against torch-geometric's ``from_smiles``.

Both sides parse the SMILES. Run from the repository's root: ``python benchmarks/featuriser.py``.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from rdkit import RDConfig
from torch_geometric.utils import from_smiles

from acml_core.errors import BadInput
from acml_core.graphs.featurize import featurize
from acml_core.graphs.worker import make_chunk
from acml_core.molecule import parse_smiles

NCI = Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi"


def usable(smiles: str) -> bool:
    try:
        parse_smiles(smiles)
    except BadInput:
        return False
    return True


def rate(work: Callable[[list[str]], object], smiles: list[str]) -> float:
    start = time.perf_counter()
    work(smiles)
    return len(smiles) / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smiles", type=Path, default=NCI, help="file, SMILES first on each line")
    parser.add_argument("--molecules", type=int, default=2000, help="molecules a repeat")
    parser.add_argument("--repeats", type=int, default=5, help="repeats; the median counts")
    options = parser.parse_args()
    torch.set_num_threads(1)

    lines = [line.split() for line in options.smiles.read_text().splitlines()]
    smiles = [line[0] for line in lines if line and usable(line[0])][: options.molecules]
    atoms = sum(parse_smiles(one).GetNumAtoms() for one in smiles) / len(smiles)
    ways: dict[str, Callable[[list[str]], object]] = {
        "torch-geometric from_smiles": lambda many: [from_smiles(one) for one in many],
        "parse and featurize": lambda many: [featurize(parse_smiles(one)) for one in many],
        "the same, with InChIKey and formula": make_chunk,
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.repeats):
        for name, work in ways.items():  # taking turns: a slow spell hits all alike
            rates[name].append(rate(work, smiles))
    medians = {name: statistics.median(values) for name, values in rates.items()}
    base = medians["torch-geometric from_smiles"]
    print(f"{len(smiles)} molecules, {atoms:.1f} atoms each, median of {options.repeats}")
    for name, median in medians.items():
        print(f"{name:36}{median:>10,.0f} molecules/s{median / base:>8.2f} x")


if __name__ == "__main__":
    main()
