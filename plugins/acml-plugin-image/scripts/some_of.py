"""The first rows of some tables as one table: enough pictures to calibrate and measure with.

python scripts/some_of.py validation.parquet test.parquet --rows 4000 --out some.parquet
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tables", type=Path, nargs="+", help="parquet files of like columns")
    parser.add_argument("--rows", type=int, required=True, help="of each, at most")
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    options = parser.parse_args()
    parts = [pq.read_table(path).slice(0, options.rows) for path in options.tables]
    pq.write_table(pa.concat_tables(parts), options.out)


if __name__ == "__main__":
    main()
