"""Fit the weights of ``cleavage`` to measured spectra, and see what they are worth among isomers.

    python scripts/fit_cleavage.py $ACML_DATA/ms/massbank.parquet --save
    python scripts/fit_cleavage.py $ACML_DATA/ms/massbank.parquet --only-validate

The task: a tandem spectrum of [M+H]+, and as candidates all molecules of its formula that were measured
so. The score is ``rerank``'s; its weights are fitted by conditional logit on training molecules, and
looked at on validation molecules. Molecules of the test side are candidates at most. ``--save`` writes
``data/cleavage.json``.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq
import torch
from acml_plugin_ms import cleavage, rerank
from acml_plugin_ms.fragments import HYDROGEN, fragments
from acml_plugin_ms.modality import Ms
from acml_plugin_ms.signal import MsSignal
from rdkit import Chem
from tqdm import tqdm

from acml_core.adducts import ELECTRON
from acml_core.data.split import SPLITS, SplitConfig, assign

SEED = 1
ADDUCTS = {"[M+H]+": "POSITIVE", "[M-H]-": "NEGATIVE"}
TRAINED_ON = 1500
"""Training molecules with isomers that the weights are fitted to."""

SPECTRA = {"train": 2, "validation": 4}
"""Spectra a molecule, of different energies where there are any."""

MOST_CANDIDATES = 12
"""Larger groups of isomers are not trained on: fragmenting them takes long."""

CHEAPEST = 40
"""Ways to one peak that are kept."""

START = 0.8
"""What a broken bond costs before the fit."""

STEPS, RATE, DECAY = 120, 0.05, 1e-3
"""Steps of Adam, its learning rate, and how strongly weights are held to where they began."""


class Query(NamedTuple):
    """One spectrum and its candidates.

    Attributes:
        key: InChIKey-14 of the molecule.
        signal: the spectrum.
        candidates: SMILES of the molecules of its formula.
        truth: number of its own among them.
    """

    key: str
    signal: MsSignal
    candidates: list[str]
    truth: int


def queries(path: Path, adduct: str) -> dict[str, list[Query]]:
    """Queries of training and validation molecules that have an isomer measured with the adduct."""
    table = pq.read_table(path, filters=[("ms_type", "=", "MS2"), ("adduct", "=", adduct)])
    names = ("inchikey14", "smiles", "formula", "collision_energy", "precursor_mz")
    columns = {name: table[name].to_pylist() for name in names}
    smiles: dict[str, str] = {}
    rows: dict[str, list[int]] = defaultdict(list)
    group: dict[str, dict[str, None]] = defaultdict(dict)
    for row, key in enumerate(columns["inchikey14"]):
        smiles.setdefault(key, columns["smiles"][row])
        rows[key].append(row)
        group[columns["formula"][row]][key] = None
    of = {key: sorted(keys) for keys in group.values() for key in keys}
    every = sorted(smiles)
    found: dict[str, list[Query]] = {"train": [], "validation": []}
    wanted: dict[str, list[str]] = {"train": [], "validation": []}
    for key, side in zip(every, assign(every, SplitConfig()), strict=True):
        name = SPLITS[side]
        if name in wanted and len(of[key]) > 1:
            wanted[name].append(key)
    small = [key for key in wanted["train"] if len(of[key]) <= MOST_CANDIDATES]
    random.Random(SEED).shuffle(small)
    wanted["train"] = small[:TRAINED_ON]
    for name, keys in wanted.items():
        for key in keys:
            if any(Chem.MolFromSmiles(smiles[one]) is None for one in of[key]):
                continue
            for row in chosen(rows[key], columns["collision_energy"], key, SPECTRA[name]):
                signal = MsSignal(
                    mz=table["mz"][row].as_py(),
                    intensity=table["intensity"][row].as_py(),
                    precursor_mz=columns["precursor_mz"][row] or 0.0,
                    adduct=adduct,
                    ion_mode=ADDUCTS[adduct],
                    ms_type="MS2",
                    instrument_type="LC-ESI",
                )
                candidates = [smiles[one] for one in of[key]]
                found[name].append(Query(key, signal, candidates, of[key].index(key)))
    return found


def chosen(rows: list[int], energy: list[Any], key: str, most: int) -> list[int]:
    """At most so many rows, each of another collision energy, drawn by the key alone."""
    rows = list(rows)
    random.Random(key).shuffle(rows)
    by_energy = {energy[row]: row for row in reversed(rows)}
    return list(by_energy.values())[::-1][:most]


class Ways(NamedTuple):
    """Every way in which a candidate explains a peak, of all queries together.

    Attributes:
        terms: (W, T) of the ion, as ``cleavage`` counts them.
        peak: (W,) number of the peak, counted over all candidates of all queries.
        share: (P,) root intensity of each peak.
        candidate: (P,) number of each peak's candidate.
        query: (C,) number of each candidate's query.
        truth: (Q,) candidate of each query's molecule.
    """

    terms: torch.Tensor
    peak: torch.Tensor
    share: torch.Tensor
    candidate: torch.Tensor
    query: torch.Tensor
    truth: torch.Tensor


def ways(found: list[Query], tolerance_ppm: float) -> Ways:
    """Fragment the candidates and match them with the peaks."""
    terms, peak, share, candidate, query, truth = [], [], [], [], [], []
    peaks = 0
    for number, one in enumerate(tqdm(found, unit=" spectra")):
        mz, root, width = rerank.peaks(one.signal, tolerance_ppm)
        truth.append(len(query) + one.truth)
        for text in one.candidates:
            matched, owner = matches(Chem.MolFromSmiles(text), mz, width)
            terms.append(matched)
            peak.append(owner + peaks)
            share.append(root)
            candidate.append(np.full(len(mz), len(query)))
            query.append(number)
            peaks += len(mz)
    return Ways(
        torch.from_numpy(np.concatenate(terms)),
        torch.from_numpy(np.concatenate(peak)),
        torch.from_numpy(np.concatenate(share)).float(),
        torch.from_numpy(np.concatenate(candidate)),
        torch.tensor(query),
        torch.tensor(truth),
    )


def matches(mol: Chem.Mol, mz: np.ndarray, width: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Terms (W, T) float32 of the ions that lie at a peak, and the peak of each."""
    found = fragments(mol)
    fixed = cleavage.terms(mol, found)
    order = np.argsort(found.mass)
    mass = found.mass[order]
    rows, owners = [np.empty((0, len(cleavage.TERMS)), np.float32)], [np.empty(0, np.int64)]
    for shift in cleavage.SHIFTS:
        target = mz - shift * HYDROGEN + ELECTRON
        low = np.searchsorted(mass, target - width)
        high = np.searchsorted(mass, target + width)
        for number in np.flatnonzero(high > low):
            index = order[low[number] : high[number]]
            usable = (abs(shift - 1) <= found.bonds[index] + 1) & (
                found.hydrogens[index] + shift >= 0
            )
            index = index[usable]
            index = index[np.argsort(found.cost[index], kind="stable")[:CHEAPEST]]
            own = fixed[index] + cleavage.moved(found.bonds[index], shift - 1)
            rows.append(own.astype(np.float32))
            owners.append(np.full(len(index), number))
    return np.concatenate(rows), np.concatenate(owners)


def scores(weights: torch.Tensor, all_: Ways) -> torch.Tensor:
    """``rerank``'s score of each candidate, (C,)."""
    log = all_.terms @ weights
    best = torch.full((len(all_.share),), -60.0).scatter_reduce(0, all_.peak, log, "amax")
    each = all_.share * torch.exp(rerank.LIKELY * best)
    return torch.zeros(len(all_.query)).scatter_add(0, all_.candidate, each)


def fit(all_: Ways) -> torch.Tensor:
    """The weights (T,) under which the measured molecules score above their isomers."""
    start = torch.full((len(cleavage.TERMS),), -START)
    start[len(cleavage.BONDS) :] = 0.0
    weights = start.clone().requires_grad_()
    scale = torch.tensor(2.0, requires_grad=True)
    optimiser = torch.optim.Adam([weights, scale], lr=RATE)
    for _ in range(STEPS):
        score = scores(weights, all_) * scale.exp()
        total = torch.zeros(len(all_.truth)).scatter_add(0, all_.query, score.exp())
        loss = (total.log() - score[all_.truth]).mean() + DECAY * ((weights - start) ** 2).sum()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    print(f"log loss {float(loss.detach()):.4f}", file=sys.stderr)
    return weights.detach()


def validate(found: list[Query]) -> str:
    """recall@1 of ``rerank`` by spectrum, by molecule, and of scores added over a molecule's spectra.

    Candidates that score alike share the place.
    """
    plugin = Ms()
    by_key: dict[str, list[tuple[np.ndarray, int]]] = defaultdict(list)
    for one in tqdm(found, unit=" spectra"):
        mols = [Chem.MolFromSmiles(text) for text in one.candidates]
        by_key[one.key].append((plugin.rerank(one.signal, mols), one.truth))
    single = {key: [first(score, truth) for score, truth in all_] for key, all_ in by_key.items()}
    added = [first(sum(s for s, _ in all_), all_[0][1]) for all_ in by_key.values()]
    chance = np.mean([1 / len(one.candidates) for one in found])
    candidates = np.mean([len(one.candidates) for one in found])
    return (
        f"{len(found)} spectra of {len(by_key)} molecules, {candidates:.1f} candidates:"
        f" chance {chance:.3f}, by spectrum {np.mean(np.concatenate(list(single.values()))):.3f},"
        f" by molecule {np.mean([np.mean(each) for each in single.values()]):.3f},"
        f" spectra added {np.mean(added):.3f}"
    )


def first(score: np.ndarray, truth: int) -> float:
    """1 where the true candidate is the best, a share of it where others score alike."""
    alike = np.isclose(score, score.max(), rtol=0, atol=1e-9)
    return float(alike[truth] / alike.sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("table", type=Path, help="MassBank as a table")
    parser.add_argument("--adduct", choices=ADDUCTS, default="[M+H]+", help="to validate on")
    parser.add_argument("--only-validate", action="store_true", help="with the weights there are")
    parser.add_argument("--save", action="store_true", help="write data/cleavage.json")
    options = parser.parse_args()
    if not options.only_validate:
        train = queries(options.table, "[M+H]+")["train"]
        weights = fit(ways(train, Ms().config.tolerance_ppm))
        table = {
            name: round(float(value), 3)
            for name, value in zip(cleavage.TERMS, weights, strict=True)
        }
        print(json.dumps(table, indent=1))
        if options.save:
            cleavage.TABLE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
            cleavage.fitted.cache_clear()
    print(validate(queries(options.table, options.adduct)["validation"]))


if __name__ == "__main__":
    main()
