"""Classic models of properties, which need scikit-learn: forests on fingerprints, boosted trees."""

from __future__ import annotations

from typing import Any

import numpy as np
from rdkit.Chem import Descriptors

from acml_core.errors import Unsupported
from acml_core.fingerprints import fingerprints
from acml_core.molecule import parse_smiles
from acml_core.property.table import Task

BITS = 2048
TREES = 300
INSTALL = 'pip install "acml-core[property]"'


def ecfp4(smiles: list[str]) -> np.ndarray:
    """Morgan fingerprints of radius 2: ``(n, BITS)`` float32 of 0 and 1."""
    packed = fingerprints(smiles, BITS)
    return np.unpackbits(packed, axis=1)[:, :BITS].astype(np.float32)


def descriptors(smiles: list[str]) -> np.ndarray:
    """RDKit's descriptors: ``(n, D)`` float32, nan where one is not defined."""
    rows = []
    for text in smiles:
        found = Descriptors.CalcMolDescriptors(
            parse_smiles(text), missingVal=float("nan"), silent=True
        )
        rows.append(list(found.values()))
    values = np.array(rows, dtype=np.float64)
    values[~(np.abs(values) < 1e30)] = np.nan
    return values.astype(np.float32)


def forest(
    task: Task, x: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray, seed: int
) -> np.ndarray:
    """Random forest, one a target: ``(len(test), T)``."""
    ensemble = _sklearn("sklearn.ensemble")
    kind = (
        ensemble.RandomForestClassifier
        if task == "classification"
        else ensemble.RandomForestRegressor
    )
    options: dict[str, Any] = {"n_estimators": TREES, "random_state": seed, "n_jobs": -1}
    if task == "classification":
        options["class_weight"] = "balanced_subsample"
    return _each(task, lambda: kind(**options), x, y, train, test)


def boosting(
    task: Task, x: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray, seed: int
) -> np.ndarray:
    """Gradient-boosted trees on histograms, one model a target: ``(len(test), T)``."""
    ensemble = _sklearn("sklearn.ensemble")
    classes = task == "classification"
    kind = (
        ensemble.HistGradientBoostingClassifier
        if classes
        else ensemble.HistGradientBoostingRegressor
    )
    options: dict[str, Any] = {
        "max_iter": 150, "learning_rate": 0.06, "max_leaf_nodes": 15, "max_features": 0.3,
        "l2_regularization": 1.0, "random_state": seed,
    }  # fmt: skip
    return _each(task, lambda: kind(**options), x, y, train, test)


def _each(
    task: Task, make: Any, x: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray
) -> np.ndarray:
    found = np.zeros((len(test), y.shape[1]))
    for t in range(y.shape[1]):
        rows = train[np.isfinite(y[train, t])]
        values = y[rows, t]
        if not len(rows) or np.all(values == values[0]):
            found[:, t] = values[0] if len(rows) else 0.0
            continue
        model = make().fit(x[rows], values)
        found[:, t] = (
            model.predict_proba(x[test])[:, 1]
            if task == "classification"
            else model.predict(x[test])
        )
    return found


def _sklearn(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise Unsupported("scikit-learn is not installed", remedy=f"Run: {INSTALL}") from None
