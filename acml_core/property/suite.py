"""Benchmark suites of property prediction: every row in one run, resumable.

Each result of task, row and seed is a line of ``results.jsonl``; what stands there is not computed
again, so that a killed run goes on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import ttest_rel

from acml_core.artefact import Artefact
from acml_core.errors import BadInput, did_you_mean
from acml_core.property import baselines
from acml_core.property.finetune import FinetuneConfig, finetune, predict
from acml_core.property.metrics import METRIC, figures
from acml_core.property.network import embeddings
from acml_core.property.split import Parts, by_scaffold, digest
from acml_core.property.table import PropertyTable, Task, read
from acml_core.untrained import untrained

RESULTS = "results.jsonl"
UNTRAINED = "untrained, fine-tuned"


@dataclass(frozen=True)
class Benchmark:
    """One data set of a suite.

    Attributes:
        file: its name in the folder of data.
        targets: columns; all but the structure where empty.
        large: takes long; only run where it is named.
    """

    task: Task
    file: str
    targets: tuple[str, ...] = ()
    large: bool = False


MOLECULENET: dict[str, Benchmark] = {
    "bbbp": Benchmark("classification", "bbbp.csv"),
    "bace": Benchmark("classification", "bace.csv"),
    "clintox": Benchmark("classification", "clintox.csv"),
    "sider": Benchmark("classification", "sider.csv"),
    "tox21": Benchmark("classification", "tox21.csv"),
    "toxcast": Benchmark("classification", "toxcast.csv", large=True),
    "hiv": Benchmark("classification", "hiv.csv", large=True),
    "muv": Benchmark("classification", "muv.parquet", large=True),
    "esol": Benchmark("regression", "esol.csv"),
    "freesolv": Benchmark("regression", "freesolv.csv"),
    "lipo": Benchmark("regression", "lipo.csv"),
}
"""MoleculeNet (Wu et al. 2018, doi:10.1039/C7SC02664A)."""

TDC_FOLDER = "admet_group"
"""TDC's own layout: ``admet_group/TASK/train_val.csv`` and ``test.csv``, columns Drug and Y."""

Row = Callable[[PropertyTable, Parts, int], np.ndarray]
"""Predictions for the test molecules, ``(len(parts.test), T)``, from a table, its split and a seed."""


def rows_of(
    models: Mapping[str, Artefact], config: FinetuneConfig, device: torch.device
) -> dict[str, Row]:
    """The rows of the comparison by name. The untrained encoder is that of the first model."""
    kept: dict[tuple[str, int], np.ndarray] = {}

    def features(name: str, table: PropertyTable, make: Callable[[], np.ndarray]) -> np.ndarray:
        key = name, id(table)
        if key not in kept:
            kept[key] = make()
        return kept[key]

    def fingerprint(table: PropertyTable) -> np.ndarray:
        return features("ecfp4", table, lambda: baselines.ecfp4(list(table.graphs.smiles)))

    def forest(table: PropertyTable, parts: Parts, seed: int) -> np.ndarray:
        x = fingerprint(table)
        return baselines.forest(table.task, x, table.y, parts.train, parts.test, seed)

    def described(table: PropertyTable, parts: Parts, seed: int) -> np.ndarray:
        x = features("rdkit", table, lambda: baselines.descriptors(list(table.graphs.smiles)))
        return baselines.boosting(table.task, x, table.y, parts.train, parts.test, seed)

    def tuned(make: Callable[[int], torch.nn.Module]) -> Row:
        def row(table: PropertyTable, parts: Parts, seed: int) -> np.ndarray:
            network, scaling = finetune(make(seed), table, parts, config, seed=seed, device=device)
            return predict(network, table, parts.test, scaling)

        return row

    def frozen(name: str, model: Artefact, with_fingerprint: bool) -> Row:
        def row(table: PropertyTable, parts: Parts, seed: int) -> np.ndarray:
            encoder = model.model.graph_encoder.to(device)
            x = features(name, table, lambda: embeddings(encoder, table.graphs))
            if with_fingerprint:
                x = np.concatenate([x, fingerprint(table)], axis=1)
            return baselines.boosting(table.task, x, table.y, parts.train, parts.test, seed)

        return row

    rows: dict[str, Row] = {
        "ECFP4 + random forest": forest,
        "RDKit descriptors + gradient boosting": described,
    }
    for number, (name, model) in enumerate(models.items()):
        encoder = model.model
        if not number:
            rows[UNTRAINED] = tuned(lambda seed, one=encoder: untrained(one, seed).graph_encoder)  # type: ignore[misc]
        rows[f"{name}, fine-tuned"] = tuned(lambda _, one=encoder: one.graph_encoder)  # type: ignore[misc]
        rows[f"{name}, frozen + gradient boosting"] = frozen(name, model, False)
        rows[f"{name}, frozen with ECFP4 + gradient boosting"] = frozen(name, model, True)
    return rows


def chosen(suite: str, data: Path, tasks: Sequence[str] = ()) -> dict[str, Benchmark]:
    """The data sets of a suite that are in the folder, or those that are named.

    Raises:
        BadInput: no such suite or task; or nothing of it is in the folder.
    """
    if suite == "moleculenet":
        known = MOLECULENET
    elif suite == "tdc":
        known = _tdc(data)
    else:
        raise BadInput(f"no suite is called {suite!r}", remedy="Use moleculenet or tdc.")
    for name in tasks:
        if name not in known:
            raise BadInput(f"{suite} has no task {name!r}", remedy=did_you_mean(name, known))
        if not (data / known[name].file).exists():
            raise BadInput(
                "the task's table is missing", source=data / known[name].file,
                remedy="Put it there, or leave the task out.",
            )  # fmt: skip
    found = {
        name: one
        for name, one in known.items()
        if (name in tasks if tasks else not one.large) and (data / one.file).exists()
    }
    if not found:
        raise BadInput(
            f"no table of {suite} is there",
            source=data,
            remedy="Expected: " + ", ".join(one.file for one in list(known.values())[:5]) + ", ..."
            if known
            else f"Expected: {TDC_FOLDER}/TASK/train_val.csv and test.csv.",
        )
    return found


def run(
    suite: str,
    data: Path,
    out: Path,
    models: Mapping[str, Artefact],
    *,
    tasks: Sequence[str] = (),
    rows: Sequence[str] = (),
    seeds: int = 3,
    config: FinetuneConfig | None = None,
    device: torch.device | None = None,
    report: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Compute what ``out`` does not hold yet, and summarise.

    Args:
        models: by the name of their rows.
        rows: parts of row names to run; all where empty.
        seeds: how often what is random is repeated. Splits stay as they are.

    Returns:
        per task: figures of each row, mean and standard deviation over seeds, the p value of a
        paired test against the untrained encoder, sizes, and the hash of the test molecules.
    """
    if not models:
        raise BadInput("no model was named", remedy="Give --model DIR.")
    out.mkdir(parents=True, exist_ok=True)
    settings = config or FinetuneConfig()
    todo = {
        name: row
        for name, row in rows_of(models, settings, device or torch.device("cpu")).items()
        if not rows or any(part in name for part in rows)
    }
    if not todo:
        raise BadInput(f"no row is called {', '.join(rows)}", remedy="Leave --rows out for all.")
    weights = {name: model.hash for name, model in models.items()}
    finished = list(_finished(out / RESULTS))
    tables: dict[str, dict[str, Any]] = {}
    for name, benchmark in chosen(suite, data, tasks).items():
        table, parts = _load(benchmark, data)
        hashed = digest([str(table.graphs.smiles[i]) for i in parts.test])
        tables[name] = {
            "task": benchmark.task,
            "targets": len(table.targets),
            "sizes": [len(parts.train), len(parts.validation), len(parts.test)],
            "rejected": len(table.rejects),
            "split": parts.name,
            "test_sha256": hashed,
        }
        for row_name, row in todo.items():
            for seed in range(seeds):
                key = {
                    "task": name,
                    "row": row_name,
                    "seed": seed,
                    "test_sha256": hashed,
                    "weights": _weights_of(row_name, weights),
                    "settings": settings.model_dump() if "fine-tuned" in row_name else None,
                }
                if any(all(one.get(k) == v for k, v in key.items()) for one in finished):
                    continue
                start = time.monotonic()
                found = figures(benchmark.task, table.y[parts.test], row(table, parts, seed))
                line = {**key, **found, "seconds": round(time.monotonic() - start, 1)}
                with (out / RESULTS).open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
                finished.append(line)
                metric = METRIC[benchmark.task]
                report(
                    f"{name}: {row_name}, seed {seed}: {metric} {found[metric]:.3f}"
                    f" ({line['seconds']:.0f} s)"
                )
    return summary(tables, finished, list(todo), weights, settings, seeds)


def summary(
    tables: Mapping[str, dict[str, Any]],
    finished: Iterable[dict[str, Any]],
    rows: Sequence[str],
    weights: Mapping[str, str],
    settings: FinetuneConfig,
    seeds: int,
) -> dict[str, Any]:
    """Means and deviations over seeds, and averages over the tasks of a kind."""
    current = [
        one
        for one in finished
        if one["weights"] == _weights_of(one["row"], weights)
        and one["settings"] in (None, settings.model_dump())
        and one["task"] in tables
        and one["test_sha256"] == tables[one["task"]]["test_sha256"]
        and one["seed"] < seeds
    ]
    tasks = {name: {**about, "rows": {}} for name, about in tables.items()}
    for name, about in tasks.items():
        metric = METRIC[about["task"]]
        by_row = {
            row: {
                one["seed"]: one[metric]
                for one in current
                if (one["task"], one["row"]) == (name, row)
            }
            for row in rows
        }
        base = by_row.get(UNTRAINED, {})
        for row, by_seed in by_row.items():
            if not by_seed:
                continue
            values = np.array([by_seed[seed] for seed in sorted(by_seed)])
            both = sorted(set(by_seed) & set(base))
            p = None
            if row != UNTRAINED and len(both) > 1:
                found = ttest_rel([by_seed[s] for s in both], [base[s] for s in both]).pvalue
                p = float(found) if np.isfinite(found) else None
            about["rows"][row] = {
                "metric": metric,
                "mean": float(values.mean()),
                "std": float(values.std(ddof=1)) if len(values) > 1 else None,
                "seeds": len(values),
                "p_against_untrained": p,
            }
    averages: dict[str, dict[str, float]] = {}
    for kind, metric in METRIC.items():
        names = [name for name, about in tasks.items() if about["task"] == kind]
        for row in rows:
            each = [
                tasks[name]["rows"][row]["mean"] for name in names if row in tasks[name]["rows"]
            ]
            if names and len(each) == len(names):
                averages.setdefault(f"{metric} over {', '.join(names)}", {})[row] = float(
                    np.mean(each)
                )
    return {"tasks": tasks, "averages": averages, "models": dict(weights), "seeds": seeds}


def _load(benchmark: Benchmark, data: Path) -> tuple[PropertyTable, Parts]:
    path = data / benchmark.file
    if path.is_dir():
        return _load_tdc(benchmark.task, path)
    table = read(path, benchmark.task, targets=benchmark.targets, progress=False)
    return table, by_scaffold([str(one) for one in table.graphs.smiles])


def _tdc(data: Path) -> dict[str, Benchmark]:
    folder = data / TDC_FOLDER
    found = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if (path / "train_val.csv").is_file() and (path / "test.csv").is_file():
            values = {
                line.rsplit(",", 1)[-1].strip() for line in _lines(path / "train_val.csv")[1:]
            }
            classes = values <= {"0", "1", "0.0", "1.0"}
            kind: Task = "classification" if classes else "regression"
            found[path.name] = Benchmark(kind, f"{TDC_FOLDER}/{path.name}")
    return found


def _load_tdc(task: Task, folder: Path) -> tuple[PropertyTable, Parts]:
    """TDC's own test; its training molecules are divided by scaffold, an eighth for validation."""
    train = read(folder / "train_val.csv", task, targets=("Y",), progress=False)
    test = read(folder / "test.csv", task, targets=("Y",), progress=False)
    inner = by_scaffold([str(one) for one in train.graphs.smiles])
    joined = PropertyTable(
        graphs=type(train.graphs).concatenate([train.graphs, test.graphs]),
        targets=train.targets,
        y=np.concatenate([train.y, test.y]),
        task=task,
        rejects=[*train.rejects, *test.rejects],
        rows=np.concatenate([train.rows, test.rows]),
    )
    held_out = np.concatenate([inner.validation, inner.test])[: max(1, len(train) // 8)]
    rest = np.setdiff1d(np.arange(len(train)), held_out)
    tested = np.arange(len(train), len(joined))
    return joined, Parts(rest, np.sort(held_out), tested, "TDC's test; validation by scaffold")


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8-sig").strip().splitlines()


def _weights_of(row: str, weights: Mapping[str, str]) -> str | None:
    """Hash of the model that a row begins with; of the first for the untrained one's settings."""
    if row == UNTRAINED:
        return next(iter(weights.values()))
    names = [name for name in weights if row.startswith(f"{name}, ")]
    return weights[names[0]] if names else None


def _finished(path: Path) -> Iterable[dict[str, Any]]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:  # a line that was cut by a kill
            continue
