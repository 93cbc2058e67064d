"""Batches a second: packed arrays against torch-geometric's DataLoader, on the same molecules.

Both sides start with every graph in memory and end with a batch on the CPU. Run from the
repository's root: ``python benchmarks/packed_batching.py``.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from rdkit import RDConfig
from torch_geometric.data import Batch, Data
from torch_geometric.loader import DataLoader

from acml_core.graphs.build import build
from acml_core.graphs.packed import PackedGraphs

NCI = Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi"
MUST_REACH = 2.0
"""Packed batching is worth its code from this ratio on."""


def as_data(graphs: PackedGraphs) -> list[Data]:
    """Every molecule as a torch-geometric object, same dtypes and content."""
    singles = (graphs.batch([i]) for i in range(len(graphs)))
    return [
        Data(x=one.x, edge_index=one.edge_index, edge_attr=one.edge_attr, num_nodes=one.num_nodes)
        for one in singles
    ]


def packed_epoch(graphs: PackedGraphs, order: np.ndarray, size: int) -> Iterator[object]:
    for start in range(0, len(order), size):
        yield graphs.batch(order[start : start + size])


def list_epoch(data: list[Data], order: np.ndarray, size: int) -> Iterator[object]:
    for start in range(0, len(order), size):
        yield Batch.from_data_list([data[i] for i in order[start : start + size]])


def same_batches(graphs: PackedGraphs, data: list[Data]) -> bool:
    ours, theirs = graphs.batch(range(256)), Batch.from_data_list(data[:256])
    return all(
        torch.equal(getattr(ours, name), getattr(theirs, name))
        for name in ("x", "edge_index", "edge_attr", "batch", "ptr")
    )


def rate(epoch: Callable[[], Iterator[object]], graphs: int) -> float:
    start = time.perf_counter()
    for _ in epoch():
        pass
    return graphs / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smiles", type=Path, default=NCI, help="file, SMILES first on each line")
    parser.add_argument("--batch", type=int, default=256, help="molecules a batch")
    parser.add_argument("--repeats", type=int, default=7, help="epochs timed; the median counts")
    parser.add_argument("--threads", type=int, default=1, help="torch threads")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    lines = [line.split() for line in options.smiles.read_text().splitlines()]
    graphs, _, _ = build([line[0] for line in lines if line], workers=1)
    data = as_data(graphs)
    if not same_batches(graphs, data):
        raise SystemExit("The two sides do not give the same batch.")
    order = np.random.default_rng(0).permutation(len(graphs))
    ways: dict[str, Callable[[], Iterator[object]]] = {
        "torch-geometric DataLoader": lambda: iter(
            DataLoader(data, batch_size=options.batch, shuffle=True)  # type: ignore[arg-type]
        ),
        "torch-geometric from_data_list": lambda: list_epoch(data, order, options.batch),
        "packed": lambda: packed_epoch(graphs, order, options.batch),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(options.repeats + 1):
        for name, epoch in ways.items():  # taking turns: a slow spell hits all alike
            one = rate(epoch, len(graphs))
            if repeat:  # the first epoch warms up
                rates[name].append(one)
    medians = {name: statistics.median(values) for name, values in rates.items()}
    print(
        f"{len(graphs)} molecules, {len(graphs.atoms) / len(graphs):.1f} atoms each, batch", end=""
    )
    print(f" {options.batch}, {options.threads} thread(s), median of {options.repeats} epochs")
    for name, median in medians.items():
        print(f"{name:32}{median:>12,.0f} graphs/s{median / medians['packed']:>8.2f} of packed")
    ratio = medians["packed"] / max(value for name, value in medians.items() if name != "packed")
    print(f"ratio {ratio:.2f} (must reach {MUST_REACH:.1f})")
    if ratio < MUST_REACH:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
