"""Molecules a second of graph-encoder training steps, float32 against bfloat16, by encoder.

RDKit's NCI molecules, batch 256, forward and backward. Run from the repository's root:
``python benchmarks/training_throughput.py``.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from rdkit import RDConfig

from acml_core.components import Choice, graph_encoders, make
from acml_core.data import molecules
from acml_core.graphs.build import build
from acml_core.training.precision import autocast, faster

NCI = Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoders", nargs="+", default=["gine", "gin", "gatv2", "gps"])
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()

    device = torch.device(args.device)
    graphs = build(molecules.read(NCI)[:1024], workers=1, progress=False).graphs
    chosen = np.random.default_rng(0).integers(0, len(graphs), args.batch)
    batch = graphs.batch(chosen).to(device)
    print(
        f"{args.batch} molecules, {batch.num_nodes} atoms, {torch.get_num_threads()} threads,"
        f" {device}; automatic choice here: {faster(device.type)}"
    )
    print(f"{'encoder':10}{'float32':>10}{'bfloat16':>10}{'ratio':>8}   [molecules/s]")
    for name in args.encoders:
        options = {"dim": 64} if name == "gin" else {"dim": args.dim}
        encoder = make(graph_encoders, Choice(name=name, **options)).to(device).train()
        rates = {}
        for precision in ("float32", "bfloat16"):
            seconds = []
            for _ in range(args.repeats + 1):
                start = time.perf_counter()
                with autocast(precision, device):
                    loss = encoder(batch)[1].square().mean()
                loss.backward()
                if device.type == "cuda":
                    torch.cuda.synchronize()
                seconds.append(time.perf_counter() - start)
            rates[precision] = args.batch / statistics.median(seconds[1:])
        ratio = rates["bfloat16"] / rates["float32"]
        print(f"{name:10}{rates['float32']:10.0f}{rates['bfloat16']:10.0f}{ratio:8.2f}")


if __name__ == "__main__":
    main()
