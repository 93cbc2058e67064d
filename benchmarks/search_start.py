"""Seconds from the command to the answer: a first search through a file of molecules, and a second.

    python benchmarks/search_start.py
    python benchmarks/search_start.py --library mine.smi --repeats 5

Each search is a process of its own, imports included, with the bundled weights and the second opinion
that ``acml search`` asks by default. The first one finds an empty cache and encodes the candidates. The
alternative, measured in turn with it, does not begin their graphs while torch is imported
(``acml_core.library.kept.read_ahead``). Medians and ranges; let nothing else run.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rdkit import RDConfig

NCI = Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi"
QUERY = "13C NMR (101 MHz, CDCl3) d 207.1, 155.2, 137.1, 134.6"
RUN = "from acml_core.cli import main\nmain()"
IDLE = "from acml_core.graphs import ahead\nahead.FEWEST = sys.maxsize\n"
TORCH = "import torch"


def seconds(code: str, arguments: list[str], cache: Path) -> tuple[float, str]:
    """Of one process, and what it printed."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}", *arguments],
        env=os.environ | {"ACML_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=True,
    )
    return time.perf_counter() - start, done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--library", type=Path, default=NCI, help="file of molecules")
    parser.add_argument("--modality", default="nmr")
    parser.add_argument("--query", default=QUERY)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    search = ["search", "--modality", options.modality, options.query]
    search += ["--library", str(options.library)]
    taken: dict[str, list[float]] = {
        "first": [],
        "first, nothing ahead": [],
        "second": [],
        TORCH: [],
    }
    answers = set()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.repeats):
            for name, code in (("first, nothing ahead", IDLE + RUN), ("first", RUN)):
                cache = Path(folder) / f"{name}-{number}"
                took, answer = seconds(code, search, cache)
                taken[name].append(took)
                answers.add(answer)
            took, answer = seconds(RUN, search, cache)
            taken["second"].append(took)
            answers.add(answer)
            taken[TORCH].append(seconds(TORCH, [], cache)[0])
    assert len(answers) == 1, "the answers differ"
    for name, each in taken.items():
        print(f"{name}: {statistics.median(each):.2f} s ({min(each):.2f} to {max(each):.2f})")
    ratio = statistics.median(taken["first"]) / statistics.median(taken["first, nothing ahead"])
    print(f"ratio of the first to nothing ahead: {ratio:.2f}")


if __name__ == "__main__":
    main()
