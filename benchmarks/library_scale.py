"""Libraries of growing size: molecules a second, time to open, time of a query, memory.

    acml train --modality nmr --out runs/nmr
    python benchmarks/library_scale.py --model runs/nmr
    python benchmarks/library_scale.py --model runs/nmr --sizes 10000 50000
    python benchmarks/library_scale.py --model runs/nmr --keep libraries --searched

Molecules: ``library/real_molecules.parquet`` of the folder that ACML_DATA names, then MOSES in an order
drawn at random, then ZINC. Every size is built by itself, end to end: reading, canonical SMILES,
InChIKey, graphs, vectors, files; then its index, whose time is shown apart. Each size is built and
searched in processes of its own, whose peak memory is the row's (Linux): of the build, that of the
main process and its workers together, pages that they share counted once; of the search, with the
memory-mapped pages that it has touched.

Queries are measurements of the plugin's starter table, one at a time; "with the spectrum" adds reading
it and encoding it. recall@10 is the share of the exact search's ten best that the index's ten hold.
"Off" is the largest difference of a first hit's probability between both searches. The last column is
what the index saves.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from acml_core import artefact
from acml_core.data import table
from acml_core.library import manifest
from acml_core.library.build import build
from acml_core.library.library import Library, open_folder
from acml_core.library.search import search
from acml_core.parallel import cores

FILES = ("real_molecules.parquet", "moses.parquet", "zinc250k.parquet")
QUERIES = 100
WARM = 5
"""Queries before the clock runs: the first ones read the vectors from the disk."""
RECALL_AT = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="folder of a trained model")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--workers", type=int, default=cores(), help="processes of the build")
    parser.add_argument("--keep", type=Path, help="folder for the libraries; default: none stays")
    parser.add_argument(
        "--searched", action="store_true", help="only search what an earlier run left in --keep"
    )
    parser.add_argument("--write", type=Path, help="only write the molecules of the largest size")
    options = parser.parse_args()
    data = os.environ.get("ACML_DATA")
    if not data:
        sys.exit("set ACML_DATA to the folder of the data")
    if options.searched and not options.keep:
        sys.exit("--searched needs --keep, the folder of an earlier run's libraries")
    smiles = [] if options.searched else molecules(Path(data) / "library", max(options.sizes))
    if options.write:
        pq.write_table(pa.table({"smiles": smiles}), options.write)
        return
    print(f"{cores()} cores, {options.workers} workers; model {options.model}")
    print(
        "| molecules | build [molecules/s] | peak [GB] | index [s] | disk [MB] | open [s]"
        " | exact [ms] | faiss [ms] | with the spectrum, exact, faiss [ms] | recall@10 | off"
        " | peak [GB] | exact / faiss |"
    )
    print("|" + "---|" * 13)
    with tempfile.TemporaryDirectory() as scratch:
        for size in options.sizes:
            folder = (options.keep or Path(scratch)) / str(size)
            made = dict.fromkeys(("rate", "build_peak", "indexing", "disk"), float("nan"))
            if not options.searched:
                source = Path(scratch) / f"{size}.parquet"
                pq.write_table(pa.table({"smiles": smiles[:size]}), source)
                made = alone(built, options.model, source, folder, options.workers)
            asked = alone(searched, options.model, folder)
            print_row({**made, **asked}, size)


def molecules(folder: Path, count: int) -> list[str]:
    """The first ``count`` molecules, in a fixed order."""
    rng = np.random.default_rng(0)
    found: list[str] = []
    for number, name in enumerate(FILES):
        if len(found) < count:
            more = pq.read_table(folder / name, columns=["smiles"])["smiles"]
            found += (more if not number else more.take(rng.permutation(len(more)))).to_pylist()
    if len(found) < count:
        sys.exit(f"{folder} holds {len(found)} molecules, fewer than {count}")
    return found[:count]


def alone(function: Any, *args: Any) -> dict[str, float]:
    """The function's result, computed in a process of its own, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        done: dict[str, float] = pool.submit(function, *args).result()
    return done


class Peak:
    """The most memory that this process and its children held together inside the block."""

    EVERY_S = 0.25

    def __enter__(self) -> Peak:
        self.bytes = 0.0
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look)
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()

    def _look(self) -> None:
        while not self._over.wait(self.EVERY_S):
            total = 0.0
            children = Path("/proc/self/task").glob("*/children")
            for pid in ["self", *" ".join(one.read_text() for one in children).split()]:
                try:
                    total += status("Pss", Path(f"/proc/{pid}/smaps_rollup"))
                except OSError:  # it has just ended
                    continue
            self.bytes = max(self.bytes, total)


def status(name: str, file: Path) -> float:
    """A number of bytes from a file of /proc."""
    line = next(line for line in file.read_text().splitlines() if line.startswith(f"{name}:"))
    return float(line.split()[1]) * 1024


def built(model: Path, source: Path, folder: Path, workers: int) -> dict[str, float]:
    """Rate, memory and files of a build, and the time of its index."""
    loaded = artefact.load(model)
    start = time.perf_counter()
    with Peak() as memory:
        about = build(loaded, source, folder, workers=workers)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    build(loaded, source, folder, index="faiss")
    indexing = time.perf_counter() - start
    return {
        "rate": about.sources[0].rows / seconds,
        "build_peak": memory.bytes,
        "indexing": indexing,
        "disk": sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
    }


def searched(model: Path, folder: Path) -> dict[str, float]:
    """Times of opening and of queries, both ways, and how well they agree."""
    loaded = artefact.load(model)
    name = next(iter(manifest.read(folder).dims))
    start = time.perf_counter()
    library = open_folder(folder, loaded, name)
    opened = time.perf_counter() - start
    plugin = loaded.model.modalities[name]
    signals = table.read(plugin.starter(), plugin.signal).signals
    chosen = np.random.default_rng(1).permutation(len(signals))[: QUERIES + WARM]
    asking = [signals[int(i)] for i in chosen]
    encoding, answers, times = [], {}, {}
    for signal in asking[WARM:]:
        start = time.perf_counter()
        loaded.model.encode_signals(name, [signal])
        encoding.append(time.perf_counter() - start)
    for way, one in (("exact", library.exact()), ("faiss", library)):
        answers[way], times[way] = timed(loaded, name, asking, one)
    shares, off = [], []
    for one, two in zip(answers["exact"], answers["faiss"], strict=True):
        first = {hit.inchikey for hit in one.hits}
        shares.append(len(first & {hit.inchikey for hit in two.hits}) / len(first))
        off.append(abs(one.hits[0].probability - two.hits[0].probability))
    spectrum = statistics.median(encoding)
    return {
        "open": opened,
        **{f"{way}_whole": seconds for way, seconds in times.items()},
        **{way: seconds - spectrum for way, seconds in times.items()},
        "recall": statistics.mean(shares),
        "off": max(off),
        "search_peak": status("VmHWM", Path("/proc/self/status")),
    }


def timed(
    loaded: artefact.Artefact, name: str, asking: list[Any], library: Library
) -> tuple[list[Any], float]:
    """Answers, and the median seconds of one."""
    answers, seconds = [], []
    for number, signal in enumerate(asking):
        start = time.perf_counter()
        (answer,) = search(loaded, name, [signal], library, top=RECALL_AT, rerank=0)
        if number >= WARM:
            seconds.append(time.perf_counter() - start)
            answers.append(answer)
    return answers, statistics.median(seconds)


def print_row(row: dict[str, float], size: int) -> None:
    cells = [
        f"{size:,}",
        f"{row['rate']:,.0f}",
        f"{row['build_peak'] / 1e9:.2f}",
        f"{row['indexing']:.1f}",
        f"{row['disk'] / 1e6:,.0f}",
        f"{row['open']:.2f}",
        f"{row['exact'] * 1e3:.1f}",
        f"{row['faiss'] * 1e3:.1f}",
        f"{row['exact_whole'] * 1e3:.1f}, {row['faiss_whole'] * 1e3:.1f}",
        f"{row['recall']:.4f}",
        f"{row['off']:.3f}",
        f"{row['search_peak'] / 1e9:.2f}",
        f"{row['exact'] / row['faiss']:.1f}",
    ]
    print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
