"""Classic models of properties, which need scikit-learn: a forest on fingerprints, boosted trees on
descriptors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rdkit import Chem
from rdkit.Chem import Descriptors
from scipy.sparse import csr_matrix

from acml_core.extras import scikit_learn
from acml_core.molecule import parse_smiles
from acml_core.property.scaling import Scaling
from acml_core.property.split import Parts
from acml_core.property.table import PropertyTable
from acml_core.property.trees import boost
from acml_core.semantics.embeddings import ecfp4

TREES = 300
SHARE = 1 / 3
"""Of the bits that each split of a regression tree chooses from (Breiman 2001); scikit-learn's own
default is all of them, in twice the time."""

LARGEST = 1e30
"""Descriptors beyond are taken for not defined."""

LEFT_OUT = frozenset({"Ipc", "AvgIpc"})
"""Descriptors that are not computed: information contents of the characteristic polynomial, whose time
grows with the fourth power of the atoms. They alone took two thirds of the time for a table with
peptides, and the first is beyond ``LARGEST`` there."""

SETTINGS: dict[str, Any] = {"trees": TREES, "share": SHARE, "left_out": sorted(LEFT_OUT)}
"""What the figures of classic models depend on: stored ones of other settings do not count."""


def descriptors(smiles: Sequence[str]) -> np.ndarray:
    """RDKit's descriptors but ``LEFT_OUT``: ``(n, D)`` float32, nan where one is not defined."""
    used = [function for name, function in Descriptors.descList if name not in LEFT_OUT]
    rows = []
    for text in smiles:
        molecule = parse_smiles(text)
        rows.append([_defined(function, molecule) for function in used])
    values = np.array(rows, dtype=np.float64)
    values[~(np.abs(values) < LARGEST)] = np.nan
    return values.astype(np.float32)


def _defined(function: Callable[[Chem.Mol], float], molecule: Chem.Mol) -> float:
    """What a descriptor says of a molecule; nan where RDKit raises."""
    try:
        return function(molecule)
    except Exception:  # each of two hundred functions has errors of its own
        return float("nan")


def forest(table: PropertyTable, parts: Parts, seeds: Sequence[int]) -> list[np.ndarray]:
    """ECFP4 and a random forest, one a target; for each seed ``(len(parts.test), T)``."""
    ensemble = scikit_learn("ensemble")
    classes = table.task == "classification"
    kind = ensemble.RandomForestClassifier if classes else ensemble.RandomForestRegressor
    options: dict[str, Any] = {"n_estimators": TREES}
    if classes:
        options["class_weight"] = "balanced_subsample"
    else:
        options["max_features"] = SHARE
    # two bits in a hundred are set: trees grow in a third of the time on what is
    x = csr_matrix(ecfp4([str(one) for one in table.graphs.smiles]))
    found = []
    for seed in seeds:
        said = np.zeros((len(parts.test), len(table.targets)))
        for t in range(len(table.targets)):
            rows = parts.train[np.isfinite(table.y[parts.train, t])]
            values = table.y[rows, t]
            if len(np.unique(values)) < 2:
                said[:, t] = values[0] if len(rows) else 0.0
                continue
            model = kind(**options, random_state=seed).fit(x[rows], values)
            test = x[parts.test]
            said[:, t] = model.predict_proba(test)[:, 1] if classes else model.predict(test)
        found.append(said)
    return found


def described(table: PropertyTable, parts: Parts, seeds: Sequence[int]) -> list[np.ndarray]:
    """RDKit's descriptors and boosted trees; for each seed ``(len(parts.test), T)``."""
    x = descriptors([str(one) for one in table.graphs.smiles])
    scaling = Scaling.of(table.task, table.y[parts.train])
    y = scaling.scaled(table.y)
    return [
        scaling.finished(
            table.task, boost(table.task, x[parts.train], y[parts.train], seed).raw(x[parts.test])
        )
        for seed in seeds
    ]
