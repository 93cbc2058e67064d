"""``acml eval semantics``: trained models and molecules in; probes, neighbours and maps out."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from acml_core.artefact import Artefact
from acml_core.data import molecules as molecule_files
from acml_core.data.split import SPLITS, SplitConfig, assign
from acml_core.errors import BadInput
from acml_core.files import whole, write_text
from acml_core.graphs.build import cached
from acml_core.graphs.packed import PackedGraphs
from acml_core.rejects import Reject
from acml_core.semantics import maps
from acml_core.semantics.embeddings import rows as embeddings
from acml_core.semantics.neighbours import compare
from acml_core.semantics.plot import plot_map, plot_taught
from acml_core.semantics.probes import LEAST, predict, usable
from acml_core.semantics.targets import Targets, compute
from acml_core.semantics.taught import family_table, probe_table, scores, taught

SHARES = {"train": 0.7, "validation": 0.1, "test": 0.2}
"""Of ``most`` molecules, at most."""

DRAWN = 3
"""Rows drawn for each molecule that is used: the test takes a fifth of these from a tenth of those."""

COLOURED = ("logP", "TPSA", "aromatic rings", "fraction of sp3 carbon", "carbonyl C")
"""Targets that colour the maps."""


@dataclass(frozen=True)
class Semantics:
    """What was found.

    Attributes:
        report: plain data, for JSON.
        smiles: (n,) of the molecules on the maps.
        places: by row, (n, 2).
        colours: by property, (n,).
        rejects: molecules left out.
    """

    report: dict[str, Any]
    smiles: list[str]
    places: dict[str, np.ndarray]
    colours: dict[str, np.ndarray]
    rejects: list[Reject]


def evaluate(
    models: dict[str, Artefact],
    data: Path,
    *,
    most: int = 10_000,
    neighbours: int = 10,
    map_method: str = "tsne",
    seed: int = 0,
    report: Callable[[str], None] = print,
) -> Semantics:
    """Probe frozen embeddings of molecules.

    Train, validation and test are those of every other evaluation, by InChIKey-14; test molecules
    are only those that no model was trained or tuned on.

    Args:
        models: by the name that rows shall have.
        data: a table or file of molecules.
        most: molecules used, drawn by ``seed`` where there are more.
        neighbours: k of the neighbours.

    Raises:
        BadInput: too few molecules.
        Unsupported: scikit-learn is not installed.
    """
    if map_method not in maps.METHODS:
        raise BadInput(
            f"no map is called {map_method!r}", remedy=f"Known: {', '.join(maps.METHODS)}."
        )
    file_rows, smiles = _some(molecule_files.read(data), DRAWN * most, seed)
    graphs, _, rejects = cached(smiles)
    rejects = [replace(one, row=file_rows[one.row - 1]) for one in rejects]
    graphs, sides, lost = _draw(graphs, models, most, seed, data)
    report(f"{len(graphs)} molecules: " + ", ".join(f"{len(v)} {k}" for k, v in sides.items()))
    targets = compute(list(graphs.smiles))
    train, validation, test = (sides[name] for name in SPLITS)
    chosen = usable(targets, train, test)
    rows = embeddings(models, graphs, train, seed=seed)
    predictions = {}
    for row in rows:
        report(f"probing {row.name}: {len(chosen)} targets")
        predictions[row.name] = predict(row.features, targets, chosen, train, validation, test)
    found = scores(predictions, targets, chosen, test, seed)
    report("comparing neighbours")
    near = compare(rows, test, neighbours, seed=seed)
    shown = test[: maps.MOST]
    report(f"drawing maps of {len(shown)} molecules ({map_method})")
    places = maps.project(rows, shown, map_method, seed=seed)
    names = [targets.names[number] for number in chosen]
    summary = {
        "models": {name: str(artefact.path) for name, artefact in models.items()},
        "data": data.name,
        "split": "by InChIKey-14; test molecules were seen by no model",
        "molecules": {name: len(side) for name, side in sides.items()},
        "seen_test_molecules_left_out": lost,
        "test_sha256": hashlib.sha256("\n".join(sorted(graphs.keys[test])).encode()).hexdigest(),
        "families": family_table(found, targets, chosen),
        "probes": probe_table(found, targets, chosen),
        "skipped_probes": [name for name in targets.names if name not in names],
        "taught": taught(found, targets, chosen, rows),
        "neighbours": {"k": neighbours, "rows": near},
        "map": {"method": map_method, "molecules": len(shown)},
    }
    return Semantics(summary, list(graphs.smiles[shown]), places, _colours(targets, shown), rejects)


def _some(smiles: list[str], most: int, seed: int) -> tuple[list[int], list[str]]:
    """At most so many texts, each once, with their rows from 1."""
    first: dict[str, int] = {}
    for row, text in enumerate(smiles, start=1):
        first.setdefault(text, row)
    texts = list(first)
    if len(texts) > most:
        drawn = np.random.default_rng(seed).choice(len(texts), most, replace=False)
        texts = [texts[i] for i in np.sort(drawn)]
    return [first[text] for text in texts], texts


def _draw(
    graphs: PackedGraphs, models: dict[str, Artefact], most: int, seed: int, data: Path
) -> tuple[PackedGraphs, dict[str, np.ndarray], int]:
    """The molecules used, their numbers by side, and how many test molecules a model had seen."""
    keys = list(graphs.keys)
    split = assign(keys, SplitConfig())
    seen = np.any([artefact.has_seen(keys) for artefact in models.values()], axis=0)
    is_test = split == SPLITS.index("test")
    lost = int((is_test & seen).sum())
    split[is_test & seen] = -1
    rng = np.random.default_rng(seed)
    numbers: list[np.ndarray] = []
    sides: dict[str, np.ndarray] = {}
    start = 0
    for place, name in enumerate(SPLITS):
        here = rng.permutation(np.flatnonzero(split == place))[: int(most * SHARES[name])]
        numbers.append(here)
        sides[name] = np.arange(start, start + len(here))
        start += len(here)
    if min(len(sides["train"]), len(sides["test"])) < LEAST:
        raise BadInput(
            f"{len(sides['train'])} training and {len(sides['test'])} unseen test molecules are too"
            f" few for probes ({lost} test molecules were seen by a model)",
            source=data,
            remedy="Give --data with more molecules.",
        )
    return graphs.select(np.concatenate(numbers)), sides, lost


def _colours(targets: Targets, shown: np.ndarray) -> dict[str, np.ndarray]:
    return {name: targets.values[shown, targets.names.index(name)] for name in COLOURED}


def write(out: Path, made: Semantics) -> None:
    """``report.json``; ``probes.csv``, ``taught.csv``, ``neighbours.csv``, ``map.csv``; and
    ``taught.png``, ``map.png``."""
    out.mkdir(parents=True, exist_ok=True)
    report = made.report
    write_text(out / "report.json", json.dumps(report, indent=1, ensure_ascii=False))
    head = ["probe", "family", "metric", "row", "value", "low", "high"]
    lines: list[list[Any]] = [
        [one["probe"], one["family"], one["metric"], row, *_flat(score)]
        for one in report["probes"]
        for row, score in one["rows"].items()
    ]
    _csv(out / "probes.csv", head, lines)
    head = ["model", "probe", "family", "metric", "trained", "untrained", "ecfp4"]
    head += ["rise", "rise_low", "rise_high"]
    lines = [
        [model, one["probe"], one["family"], one["metric"]]
        + [one[name]["value"] for name in ("trained", "untrained", "ecfp4")]
        + _flat(one["rise"])
        for model, entries in report["taught"].items()
        for one in entries
    ]
    _csv(out / "taught.csv", head, lines)
    head = ["row", "overlap", "overlap_low", "overlap_high"]
    head += ["tanimoto", "tanimoto_low", "tanimoto_high"]
    lines = [
        [one["row"], *_flat(one["overlap"]), *_flat(one["tanimoto"])]
        for one in report["neighbours"]["rows"]
    ]
    _csv(out / "neighbours.csv", head, lines)
    lines = [
        [smiles, row, *map(float, place), *(float(made.colours[name][i]) for name in COLOURED)]
        for row, places in made.places.items()
        for i, (smiles, place) in enumerate(zip(made.smiles, places, strict=True))
    ]
    _csv(out / "map.csv", ["smiles", "row", "x", "y", *COLOURED], lines)
    for name, figure in (
        ("taught.png", plot_taught(report)),
        ("map.png", plot_map(made.places, made.colours, report["map"]["method"])),
    ):
        with whole(out / name) as part:
            figure.savefig(part, format="png", dpi=150)


def _flat(score: dict[str, Any]) -> list[float]:
    return [score["value"], *score["ci95"]]


def _csv(path: Path, head: Sequence[str], lines: list[list[Any]]) -> None:
    with whole(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(lines)
