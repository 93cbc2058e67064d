"""The data sets of the benchmark suites: their files, targets, splits and measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from acml_core.errors import BadInput, did_you_mean
from acml_core.property.metrics import METRIC
from acml_core.property.split import Parts, by_scaffold
from acml_core.property.table import PropertyTable, Task, read

SUFFIXES = (".csv", ".tsv", ".parquet")


@dataclass(frozen=True)
class Benchmark:
    """One data set of a suite.

    Attributes:
        names: of its file, without suffix; or of its folder.
        targets: columns by the names that publishers give them; all but the structure where none
            of these is there.
        metric: that it is judged by.
        large: takes long; only run where it is named.
    """

    task: Task
    names: tuple[str, ...]
    targets: tuple[str, ...] = ()
    metric: str = ""
    large: bool = False

    @property
    def judged_by(self) -> str:
        """The measure, see ``acml_core.property.metrics.FIGURES``."""
        return self.metric or METRIC[self.task]


MOLECULENET: dict[str, Benchmark] = {
    "bbbp": Benchmark("classification", ("bbbp", "BBBP"), ("p_np",)),
    "bace": Benchmark("classification", ("bace",), ("Class",)),
    "clintox": Benchmark("classification", ("clintox",), ("FDA_APPROVED", "CT_TOX")),
    "sider": Benchmark("classification", ("sider",)),
    "tox21": Benchmark("classification", ("tox21",)),
    "toxcast": Benchmark("classification", ("toxcast", "toxcast_data"), large=True),
    "hiv": Benchmark("classification", ("hiv", "HIV"), ("HIV_active",), large=True),
    "muv": Benchmark("classification", ("muv",), large=True),
    "esol": Benchmark(
        "regression",
        ("esol", "delaney-processed"),
        ("logSolubility", "measured log solubility in mols per litre"),
    ),
    "freesolv": Benchmark("regression", ("freesolv", "SAMPL"), ("freesolv", "expt")),
    "lipo": Benchmark("regression", ("lipo", "Lipophilicity"), ("lipo", "exp")),
}
"""MoleculeNet (Wu et al. 2018, doi 10.1039/C7SC02664A)."""

TDC_FOLDER = "admet_group"
"""TDC's own layout: ``admet_group/TASK/train_val.csv`` and ``test.csv``, columns Drug and Y."""

TDC_METRICS = {
    "mae": ("caco2_wang", "lipophilicity_astrazeneca", "solubility_aqsoldb", "ppbr_az", "ld50_zhu"),
    "spearman": (
        "vdss_lombardo",
        "half_life_obach",
        "clearance_microsome_az",
        "clearance_hepatocyte_az",
    ),
    "pr_auc": (
        "cyp2d6_veith",
        "cyp3a4_veith",
        "cyp2c9_veith",
        "cyp2d6_substrate_carbonmangels",
        "cyp2c9_substrate_carbonmangels",
    ),
}
"""What TDC's ADMET group (Huang et al. 2021, arXiv 2102.09548) judges its tasks by; the rest by the
area under the ROC curve."""

TDC_SPLIT = "TDC's test; an eighth of its other molecules for validation, by Murcko scaffold"
TDC_SHARES = (0.875, 0.125, 0.0)


def chosen(suite: str, data: Path, tasks: Sequence[str] = ()) -> dict[str, Benchmark]:
    """The data sets of a suite that are in the folder, or those that are named.

    Raises:
        BadInput: no such suite or task; or nothing of it is in the folder.
    """
    if suite not in ("moleculenet", "tdc"):
        raise BadInput(f"no suite is called {suite!r}", remedy="Use moleculenet or tdc.")
    known = MOLECULENET if suite == "moleculenet" else _tdc(data)
    for name in tasks:
        if name not in known:
            raise BadInput(f"{suite} has no task {name!r}", remedy=did_you_mean(name, known))
        if place(data, known[name]) is None:
            raise BadInput(
                "the task's table is missing", source=data / f"{known[name].names[0]}.csv",
                remedy="Put it there, or leave the task out.",
            )  # fmt: skip
    found = {
        name: one
        for name, one in known.items()
        if (name in tasks if tasks else not one.large) and place(data, one) is not None
    }
    if not found:
        raise BadInput(f"no table of {suite} is there", source=data, remedy=_expected(known))
    return found


def _expected(known: Mapping[str, Benchmark]) -> str:
    if not known:
        return f"Expected: {TDC_FOLDER}/TASK/train_val.csv and test.csv."
    return "Expected: " + ", ".join(f"{one.names[0]}.csv" for one in known.values()) + "."


def place(data: Path, benchmark: Benchmark) -> Path | None:
    """The file or folder of a data set; None where it is missing."""
    for name in benchmark.names:
        if (data / name).is_dir():
            return data / name
        for suffix in SUFFIXES:
            if (data / f"{name}{suffix}").is_file():
                return data / f"{name}{suffix}"
    return None


def load(benchmark: Benchmark, path: Path) -> tuple[PropertyTable, Parts]:
    """A data set and its fixed split.

    Args:
        path: from ``place``.
    """
    if path.is_dir():
        return _load_tdc(benchmark.task, path)
    table = read(path, benchmark.task, usual=benchmark.targets, progress=False)
    return table, by_scaffold([str(one) for one in table.graphs.smiles])


def _tdc(data: Path) -> dict[str, Benchmark]:
    metric = {task: name for name, tasks in TDC_METRICS.items() for task in tasks}
    folder = data / TDC_FOLDER
    found = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if (path / "train_val.csv").is_file() and (path / "test.csv").is_file():
            text = (path / "train_val.csv").read_text(encoding="utf-8-sig")
            values = {line.rsplit(",", 1)[-1].strip() for line in text.splitlines()[1:] if line}
            kind: Task = "classification" if values <= {"0", "1", "0.0", "1.0"} else "regression"
            names = (f"{TDC_FOLDER}/{path.name}",)
            found[path.name] = Benchmark(kind, names, metric=metric.get(path.name, ""))
    return found


def _load_tdc(task: Task, folder: Path) -> tuple[PropertyTable, Parts]:
    train = read(folder / "train_val.csv", task, targets=("Y",), progress=False)
    test = read(folder / "test.csv", task, targets=("Y",), progress=False)
    inner = by_scaffold([str(one) for one in train.graphs.smiles], TDC_SHARES)
    joined = PropertyTable(
        graphs=type(train.graphs).concatenate([train.graphs, test.graphs]),
        targets=train.targets,
        y=np.concatenate([train.y, test.y]),
        task=task,
        rejects=[*train.rejects, *test.rejects],
        rows=np.concatenate([train.rows, test.rows]),
    )
    tested = np.arange(len(train), len(joined))
    return joined, Parts(inner.train, inner.validation, tested, TDC_SPLIT)
