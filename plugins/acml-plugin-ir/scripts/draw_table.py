"""Draw the validation molecules of a table of lines once, with errors: what a model is calibrated on.

    python scripts/draw_table.py simulated.parquet --out drawn.parquet
    acml models calibrate MODEL --data drawn.parquet

Computed spectra without errors are found far more surely than measured ones, and probabilities that
were fitted to them promise too much.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from acml_plugin_ir.modality import Ir, IrConfig
from acml_plugin_ir.signal import IrSignal

from acml_core.config import parse
from acml_core.data import table
from acml_core.data.split import SPLITS, SplitConfig, assign
from acml_core.errors import BadInput
from acml_core.molecule import canonicalise

SHIFT_CM1, STRENGTH = 60.0, 1.5
"""Errors of each line's frequency [cm-1] and log intensity, sd: with these, the model of 'first.toml'
finds as many molecules by drawn spectra as by measured ones of validation molecules."""

SEED = 1
DECIMALS = 4


def validation(signals: list[IrSignal]) -> list[IrSignal]:
    """Those whose molecule is on the validation side of the split."""
    kept, keys = [], []
    for one in signals:
        try:
            keys.append(canonicalise(one.smiles).key)
        except BadInput:
            continue
        kept.append(one)
    sides = assign(keys, SplitConfig())
    return [
        one for one, side in zip(kept, sides, strict=True) if side == SPLITS.index("validation")
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("lines", type=Path, help="a table that compact_table.py has made")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--shift", type=float, default=SHIFT_CM1, help="line_shift_cm1")
    parser.add_argument("--strength", type=float, default=STRENGTH, help="line_strength")
    options = parser.parse_args()

    found = table.read(options.lines, IrSignal)
    signals = validation([one for one in found.signals if isinstance(one, IrSignal)])
    settings = {
        "line_shift_cm1": options.shift,
        "line_strength": options.strength,
        "lose_range": 0.0,
        "to_bands": 0.0,
    }
    plugin = Ir(parse(IrConfig, settings))
    torch.manual_seed(SEED)
    curves = plugin.collate([plugin.prepare(one) for one in signals], train=True)["absorbance"]
    axis = tuple(plugin.config.grid().tolist())
    rows = [
        IrSignal(
            smiles=one.smiles,
            wavenumber=axis,
            absorbance=tuple(round(y, DECIMALS) for y in curve),
            state="gas",
        )
        for one, curve in zip(signals, curves.tolist(), strict=True)
    ]
    written = table.write(options.out, rows, {**found.metadata, "source": "simulated"})
    print(f"{written} molecules: {options.out}")


if __name__ == "__main__":
    main()
