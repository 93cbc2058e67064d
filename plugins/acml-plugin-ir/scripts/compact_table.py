"""Make one small table of the lines that ``simulate_table.py`` has computed so far.

    python scripts/compact_table.py lines --out src/acml_plugin_ir/data/simulated.parquet
    acml train --modality ir --data src/acml_plugin_ir/data/simulated.parquet

Spectra stand on the grid of ``simulate`` with ``LEVELS`` levels, finer for weak bands than for strong
ones, so that a point takes half a byte or less. The same lines give the same file.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from acml_plugin_ir.simulate import FWHM_CM1, METHOD, axis, spectrum

from acml_core.data.split import SPLITS, SplitConfig, assign
from acml_core.files import whole

LEVELS = 256
"""Different absorbances: the squares of evenly spaced numbers from 0 to 1."""

DECIMALS = 5
"""Of an absorbance: the smallest above 0 is 1 / (LEVELS - 1)**2."""

MOST_MB = 5.0
"""Largest file that may be bundled."""


def levelled(curve: np.ndarray) -> np.ndarray:
    """Absorbance on the levels, float32."""
    level = np.round(np.sqrt(curve) * (LEVELS - 1)) / (LEVELS - 1)
    return np.round(level**2, DECIMALS).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("lines", type=Path, help="folder that simulate_table.py has filled")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--megabytes", type=float, default=MOST_MB, help="largest file")
    options = parser.parse_args()

    files = sorted(options.lines.glob("lines-*.parquet"))
    if not files:
        sys.exit(f"no lines in {options.lines}")
    table = pa.concat_tables([pq.read_table(file) for file in files])
    smiles, keys, spectra = [], [], []
    for row in table.to_pylist():
        curve = spectrum(np.array(row["frequency"]), np.array(row["intensity"]))
        if not row["error"] and curve.any():
            smiles.append(row["smiles"])
            keys.append(row["inchikey14"])
            spectra.append(levelled(curve))
    if SPLITS.index("test") in assign(keys, SplitConfig()):
        sys.exit("a molecule of the test side is among the lines")
    points = axis().astype(np.float32)
    made = pa.table(
        {
            "smiles": pa.array(smiles),
            "wavenumber": pa.array([points] * len(smiles), pa.list_(pa.float32())),
            "absorbance": pa.array(spectra, pa.list_(pa.float32())),
            "state": pa.array(["gas"] * len(smiles)),
        }
    ).replace_schema_metadata(
        {
            "acml.source": "simulated",
            "acml.simulator": f"tblite {METHOD}, Lorentzian bands {FWHM_CM1:g} cm-1 wide",
            "acml.molecules": "train and validation side of the split, none of the test side",
            "acml.licence": "CC0-1.0; computed for ACML",
        }
    )
    with whole(options.out) as part:
        pq.write_table(made, part, compression="zstd", compression_level=19)
        size = part.stat().st_size / 1e6
        if size > options.megabytes:
            sys.exit(f"{size:.1f} MB, more than {options.megabytes:g}: nothing was written")
    print(f"{len(smiles)} of {table.num_rows} molecules, {size:.2f} MB: {options.out}")


if __name__ == "__main__":
    main()
