"""Make one small table of the lines that ``simulate_table.py`` has computed so far.

    python scripts/compact_table.py lines --out simulated.parquet
    acml train --modality ir --data simulated.parquet

A row is a molecule and its lines, from which training draws a curve anew each time. The same lines give
the same file; of a molecule in several folders, the first one's are taken.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from acml_plugin_ir.simulate import LEAST_LINE, ORIGIN
from simulate_table import method_of

from acml_core.data.split import SPLITS, SplitConfig, assign
from acml_core.files import whole

RANGE_CM1 = (400.0, 4100.0)
"""Lines outside [cm-1] leave nothing on the axis of any spectrum."""

DIGITS = 3
"""Of an intensity."""

MOST_MB = 50.0
"""Largest file."""


def short(frequency: np.ndarray, intensity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lines that matter, rounded: positions [cm-1] and intensities [km/mol], float32."""
    low, high = RANGE_CM1
    keep = (frequency >= low) & (frequency <= high)
    frequency, intensity = frequency[keep], intensity[keep]
    keep = intensity > LEAST_LINE * intensity.max(initial=0.0)
    rounded = [float(f"{one:.{DIGITS}g}") for one in intensity[keep]]
    return np.round(frequency[keep]).astype(np.float32), np.array(rounded, dtype=np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("lines", type=Path, nargs="+", help="folders filled by simulate_table.py")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--megabytes", type=float, default=MOST_MB, help="largest file")
    options = parser.parse_args()

    files = [file for folder in options.lines for file in sorted(folder.glob("lines-*.parquet"))]
    if not files:
        sys.exit(f"no lines in {', '.join(map(str, options.lines))}")
    rows = 0
    found: dict[str, tuple[str, np.ndarray, np.ndarray]] = {}
    for file in files:
        for row in pq.read_table(file).to_pylist():
            rows += 1
            made = short(np.array(row["frequency"]), np.array(row["intensity"]))
            if len(made[0]):
                found.setdefault(row["inchikey14"], (row["smiles"], *made))
    if not found:
        sys.exit("no molecule has a line")
    if SPLITS.index("test") in assign(list(found), SplitConfig()):
        sys.exit("a molecule of the test side is among the lines")
    smiles, places, heights = zip(*found.values(), strict=True)
    methods = sorted({ORIGIN[method_of(file)] for file in files})
    made_table = pa.table(
        {
            "smiles": pa.array(smiles),
            "lines": pa.array(places, pa.list_(pa.float32())),
            "intensities": pa.array(heights, pa.list_(pa.float32())),
            "state": pa.array(["gas"] * len(smiles)),
        }
    ).replace_schema_metadata(
        {
            "acml.source": "simulated",
            "acml.simulator": ", ".join(methods),
            "acml.molecules": "train and validation side of the split, none of the test side",
            "acml.licence": "CC0-1.0; computed for ACML",
        }
    )
    with whole(options.out) as part:
        pq.write_table(made_table, part, compression="zstd", compression_level=19)
        size = part.stat().st_size / 1e6
        if size > options.megabytes:
            sys.exit(f"{size:.1f} MB, more than {options.megabytes:g}: nothing was written")
    print(f"{len(smiles)} of {rows} rows, {size:.2f} MB: {options.out}")


if __name__ == "__main__":
    main()
