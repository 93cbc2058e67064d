"""How often the atom that an NMR model puts with a peak is the atom that chemists assigned to it.

    acml train --modality nmr --data $ACML_DATA/nmr/nmrshiftdb2.parquet --out runs/nmr
    python benchmarks/explain_nmr.py runs/nmr
    python benchmarks/explain_nmr.py runs/nmr --molecules 100

Of each molecule with assigned shifts (nmr8k_assigned) that is in the test split and that the model was
neither trained nor tuned on, each peak is given the atom with which it carries the match most
(``Occlusion.together``), among the atoms that can give a peak of that nucleus: carbons, or atoms that
bear hydrogen. An atom that the molecule's symmetry makes equal to the assigned one counts as right.
Rows: the model; the same with each atom given once at most (``one to one``); atoms cut out of the
graph in place of left out of its sum; random weights; drawing lots (the expectation); and the
plugin's shift network, which predicts shifts and pairs them with the peaks (``Modality.assign``). The
shift network learnt from assigned molecules of the training split; the model never saw an assignment.
Intervals: 95 %, over molecules.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from rdkit import Chem
from scipy.optimize import linear_sum_assignment

from acml_core.artefact import Artefact, load
from acml_core.data.split import SPLITS, SplitConfig, assign
from acml_core.errors import AcmlError
from acml_core.evaluation.metrics import summarise
from acml_core.explain.atoms import Method
from acml_core.explain.occlusion import occlude
from acml_core.graphs.featurize import featurize
from acml_core.graphs.packed import PackedGraphs
from acml_core.modality import Modality, Signal
from acml_core.model import AcmlModel
from acml_core.molecule import canonicalise, parse_smiles
from acml_core.untrained import untrained

NUCLEI = {"13C": "13c", "1H": "1h"}
FEWEST_PEAKS = 3
"""Molecules with fewer peaks of a nucleus are left out: little can be confused."""

NEAR_PPM = {"13C": 0.006, "1H": 0.0006}
"""Assigned shifts nearer than this [ppm] to a peak belong to it."""


@dataclass
class Case:
    """One molecule and one nucleus.

    Attributes:
        mol, graph: atoms without map numbers.
        signal: the peaks of that nucleus alone.
        shift: (P,) of the parts [ppm].
        right: (P, V) bool, the assigned atoms and those equal to them.
        able: (V,) bool, atoms that can give a peak.
    """

    mol: Chem.Mol
    graph: PackedGraphs
    signal: Signal
    shift: np.ndarray
    right: np.ndarray
    able: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path, help="folder of a trained model")
    parser.add_argument("--molecules", type=int, help="most molecules a nucleus, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    data = os.environ.get("ACML_DATA")
    if not data:
        sys.exit("set ACML_DATA to the folder of the data")
    artefact = load(options.model)
    plugin = artefact.model.modalities["nmr"]
    rows = test_rows(artefact, Path(data) / "nmr" / "nmr8k_assigned.parquet")
    rng = np.random.default_rng(options.seed)
    rows = [rows[i] for i in rng.permutation(len(rows))]
    fresh = untrained(artefact.model, options.seed)
    print("| nucleus | molecules | peaks | row | top atom is the assigned one [95 %] |")
    print("|---|---|---|---|---|")
    for nucleus in NUCLEI:
        hits: dict[str, list[np.ndarray]] = {}
        owner: list[np.ndarray] = []
        for row in rows:
            if options.molecules and len(owner) == options.molecules:
                break
            case = case_of(row, nucleus, plugin)
            if case is None:
                continue
            owner.append(np.full(len(case.shift), len(owner)))
            for name, right in judged(case, nucleus, artefact.model, fresh).items():
                hits.setdefault(name, []).append(right)
        if not owner:
            continue
        molecule = np.concatenate(owner)
        per_query = {name: np.concatenate(found) for name, found in hits.items()}
        for name, entry in summarise(per_query, molecule, options.seed).items():
            low, high = entry["ci95"]
            cells = [nucleus, str(len(owner)), str(len(molecule)), name]
            cells.append(f"{entry['value']:.3f} [{low:.3f}, {high:.3f}]")
            print("| " + " | ".join(cells) + " |", flush=True)


def test_rows(artefact: Artefact, path: Path) -> list[dict[str, Any]]:
    """Assigned molecules of the test split that the model has not seen."""
    rows = pq.read_table(path).to_pylist()
    keys = [row["inchikey14"] for row in rows]
    kept = (assign(keys, SplitConfig()) == SPLITS.index("test")) & ~artefact.has_seen(keys)
    return [row for row, keep in zip(rows, kept, strict=True) if keep]


def case_of(row: dict[str, Any], nucleus: str, plugin: Modality) -> Case | None:
    """A molecule's peaks of a nucleus, or None where it has too few or cannot be read."""
    column = NUCLEI[nucleus]
    shifts, numbers = row[f"shifts_{column}"] or [], row[f"atoms_{column}"] or []
    if len(shifts) < FEWEST_PEAKS or len(shifts) != len(numbers):
        return None
    try:
        mol = parse_smiles(row["mapped_smiles"])
        index = {atom.GetAtomMapNum(): atom.GetIdx() for atom in mol.GetAtoms()}
        for atom in mol.GetAtoms():
            atom.SetAtomMapNum(0)
        graph = PackedGraphs.from_molecules([(canonicalise(mol), featurize(mol))])
    except AcmlError:
        return None
    signal = plugin.signal(**{f"shifts_{column}": tuple(shifts)})
    shift = np.array([part.low for part in plugin.parts(signal)])
    if len(shift) < FEWEST_PEAKS:
        return None
    ranks = np.array(Chem.CanonicalRankAtoms(mol, breakTies=False, includeChirality=False))
    atoms = mol.GetAtoms()
    able = [a.GetAtomicNum() == 6 if column == "13c" else a.GetTotalNumHs() > 0 for a in atoms]
    right = np.zeros((len(shift), len(ranks)), dtype=bool)
    for value, number in zip(shifts, numbers, strict=True):
        near = np.abs(shift - value) < NEAR_PPM[nucleus]
        right[near] |= ranks == ranks[index[number]]
    return Case(mol, graph, signal, shift, right, np.array(able))


def judged(case: Case, nucleus: str, model: AcmlModel, fresh: AcmlModel) -> dict[str, np.ndarray]:
    """By row, (P,) share of right answers for each peak."""
    found = together(model, case, "pooled")
    peaks = np.arange(len(case.shift))
    once = np.full(len(peaks), -1)
    chosen, atoms = linear_sum_assignment(-np.where(case.able, found, found.min() - 1e3))
    once[chosen] = atoms
    assigned = np.full(len(peaks), -1)
    for line in model.modalities["nmr"].assign(case.signal, case.mol):
        if line["nucleus"] == nucleus and line["atom"] is not None:
            assigned[int(np.abs(case.shift - line["shift"]).argmin())] = line["atom"]
    tops = {
        "aligned model": best(case, found),
        "aligned model, one to one": once,
        "aligned model, atoms cut out": best(case, together(model, case, "removed")),
        "random weights": best(case, together(fresh, case, "pooled")),
    }
    rows = {name: right_at(case, top) for name, top in tops.items()}
    rows["drawing lots"] = (case.right & case.able).sum(1) / case.able.sum()
    rows["shift network"] = right_at(case, assigned)
    return rows


def together(model: AcmlModel, case: Case, method: Method) -> np.ndarray:
    """(P, V) what each peak and atom carry together."""
    return occlude(model, "nmr", case.graph, case.signal, method).together


def best(case: Case, found: np.ndarray) -> np.ndarray:
    """(P,) the able atom of each peak."""
    return np.where(case.able, found, -np.inf).argmax(1)


def right_at(case: Case, top: np.ndarray) -> np.ndarray:
    """(P,) 1 where the atom is right; -1 is no atom, and wrong."""
    return (case.right[np.arange(len(top)), top] & (top >= 0)).astype(float)


if __name__ == "__main__":
    main()
