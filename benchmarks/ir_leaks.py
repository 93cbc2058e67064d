"""What finds a molecule in the gas-phase set without its spectrum? Should be next to nothing.

    python benchmarks/ir_leaks.py

Spectra of one table come from several laboratories, each with its own range, step, rounding and
scale. If a model could read those, it could look good without chemistry. The same small probe (an MLP
that predicts Morgan fingerprints, ranked by cosine against the unseen test molecules) is trained on
several inputs: what the encoder gets, and what is *about* the record only. It prints recall beside
chance; it needs ACML_DATA and takes about two minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from acml_plugin_ir.modality import Ir
from acml_plugin_ir.signal import IrSignal
from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator
from torch import nn

from acml_core.data import table
from acml_core.data.split import SplitConfig, fraction
from acml_core.molecule import canonicalise, parse_smiles

BITS = 1024
EPOCHS = 15
BATCH = 256
WIDTH = 512
SEED = 0
FLOOR = 0.02
"""Of the highest point: below this nothing tells a zero of the file from a small value."""


def inputs(signals: list[IrSignal], plugin: Ir) -> dict[str, tuple[np.ndarray, str]]:
    """Name to ((N, F) float32, what it is)."""
    raw = np.array([one.absorbance for one in signals], dtype=np.float32)
    prepared = [plugin.prepare(one) for one in signals]
    curve = np.stack([item["absorbance"] for item in prepared])
    zero = raw == 0
    lead = np.argmax(~zero, axis=1)
    trail = np.argmax(~zero[:, ::-1], axis=1)
    top = raw.max(1)
    smallest = np.where(zero, np.inf, raw).min(1)
    return {
        "spectrum": (curve, "what the encoder gets"),
        "spectrum, no zeros": (
            np.where(curve < FLOOR, 0, curve),
            f"the same, all below {FLOOR:.0%} set to 0: the file's zeros cannot be told",
        ),
        "mask": (
            np.stack([item["measured"] for item in prepared]).astype(np.float32),
            "which points of the grid were measured (not given to the encoder)",
        ),
        "padding": (_columns(lead, trail), "zeros at either end of the file's axis"),
        "grid": (
            _columns(*(np.array([f(s.wavenumber) for s in signals]) for f in (min, max, len))),
            "first and last point and number of points of the axis",
        ),
        "source": (
            _columns(np.log(smallest), zero.mean(1) > 0.01, lead > 0),
            "rounding and clipping habits of the laboratory: smallest value, clipped or not",
        ),
        "scale": (_columns(np.log(top)), "highest absorbance (divided out by prepare)"),
        "zero pattern": (
            zero.astype(np.float32),
            "where the file was clipped to 0: that is where nothing absorbs, so it is measurement",
        ),
    }


def _columns(*values: np.ndarray) -> np.ndarray:
    return np.stack([np.asarray(v, dtype=np.float32) for v in values], axis=1)


def probe(x: np.ndarray, bits: np.ndarray, train: np.ndarray) -> torch.Tensor:
    """Predicted fingerprints (N, BITS) of all rows, learnt from ``train``."""
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    values = torch.from_numpy(x)
    values = (values - values[train].mean(0)) / values[train].std(0).clamp(min=1e-3)
    values = values.clamp(-10, 10)
    target = torch.from_numpy(bits).float()
    net = nn.Sequential(
        nn.Linear(x.shape[1], WIDTH), nn.GELU(), nn.Dropout(0.2),
        nn.Linear(WIDTH, WIDTH), nn.GELU(), nn.Dropout(0.2), nn.Linear(WIDTH, BITS),
    )  # fmt: skip
    steps = EPOCHS * -(-len(train) // BATCH)
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps)
    for _ in range(EPOCHS):
        for rows in torch.from_numpy(rng.permutation(train)).split(BATCH):
            loss = nn.functional.binary_cross_entropy_with_logits(net(values[rows]), target[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    with torch.inference_mode():
        return net.eval()(values).sigmoid()


def recall(predicted: torch.Tensor, bits: np.ndarray, keys: np.ndarray, test: np.ndarray) -> Any:
    """Recall@1 and @10 of test rows among the test molecules; ties count against."""
    _, first = np.unique(keys[test], return_index=True)
    gallery = test[first]
    share = predicted.mean(0)
    weight = -(share * share.clamp(min=1e-6).log() + (1 - share) * (1 - share + 1e-6).log())
    query = nn.functional.normalize((predicted[test] - share) * weight, dim=1)
    known = nn.functional.normalize(
        (torch.from_numpy(bits[gallery]).float() - share) * weight, dim=1
    )
    scores = query @ known.T
    own = torch.from_numpy(np.searchsorted(keys[gallery], keys[test]))
    rank = (scores >= scores.gather(1, own[:, None])).sum(1)
    return {
        "recall@1": float((rank <= 1).float().mean()),
        "recall@10": float((rank <= 10).float().mean()),
        "candidates": len(gallery),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    folder = os.environ.get("ACML_DATA")
    if not folder:
        sys.exit("skipped: it needs measured spectra, and ACML_DATA is not set")
    signals = table.read(Path(folder) / "ir" / "gas_phase.parquet", IrSignal).signals
    keys = np.array([canonicalise(one.smiles).key for one in signals])
    generator = GetMorganGenerator(radius=2, fpSize=BITS)
    bits = np.stack([generator.GetFingerprintAsNumPy(parse_smiles(s.smiles)) for s in signals])
    split = SplitConfig()
    place = np.array([fraction(key, split.salt) for key in keys])
    test, train = np.flatnonzero(place < split.test), np.flatnonzero(place >= split.test)
    rows = {}
    for name, (x, what) in inputs(signals, Ir()).items():
        rows[name] = {**recall(probe(x, bits, train), bits, keys, test), "what": what}
        if not options.json:
            found = rows[name]
            print(
                f"{name:20s} recall@1 {found['recall@1']:.3f}  recall@10 {found['recall@10']:.3f}"
                f"   {what}",
                flush=True,
            )
    n = next(iter(rows.values()))["candidates"]
    if options.json:
        print(json.dumps({"candidates": n, "chance": [1 / n, 10 / n], "inputs": rows}, indent=1))
    else:
        print(f"{'chance':20s} recall@1 {1 / n:.3f}  recall@10 {10 / n:.3f}   {n} molecules")


if __name__ == "__main__":
    main()
