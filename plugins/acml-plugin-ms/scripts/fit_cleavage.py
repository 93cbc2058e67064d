"""Fit the weights of ``cleavage`` to measured spectra, and see what they alone are worth among isomers.

    python scripts/fit_cleavage.py $ACML_DATA/ms/massbank.parquet --save
    python scripts/fit_cleavage.py $ACML_DATA/ms/massbank.parquet --adduct "[M-H]-" --save
    python scripts/fit_cleavage.py $ACML_DATA/ms/massbank.parquet --only-validate

The task: a tandem spectrum of [M+H]+ or [M-H]-, and as candidates all molecules of its formula that
were measured so. The score is ``rerank``'s; its weights are fitted by conditional logit on training
molecules, with a share of the likelihood of their spectra, and looked at on validation molecules.
Molecules of the test side are candidates at most. ``--save`` writes the adduct's part of
``data/cleavage.json``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import massbank
import numpy as np
import torch
from acml_plugin_ms import cleavage, rerank
from acml_plugin_ms.fragments import Fragments, fragments
from acml_plugin_ms.ions import Ion
from acml_plugin_ms.modality import Ms, MsConfig
from acml_plugin_ms.signal import MsSignal
from rdkit import Chem
from scipy.optimize import minimize
from scipy.sparse import csr_array, vstack
from tqdm import tqdm

from acml_core.data.split import SPLITS, SplitConfig, assign

ADDUCTS: tuple[Ion, ...] = ("[M+H]+", "[M-H]-")
MOST_ATOMS = 64
"""Heavy atoms of a candidate that is trained on: larger ones are cut once only."""

EXPECTED = 400
"""Likeliest ions of a molecule that stand for all it predicts."""

MOST_WAYS = 12
"""Ways to one peak, for each number of hydrogens, that are kept."""

START = np.zeros(len(cleavage.TERMS) + len(cleavage.WHOLE))
START[: len(cleavage.BONDS)] = -1.0
START[len(cleavage.TERMS)] = 1.0
"""Where the fit begins and what it is held to: broken bonds cost 1, the unbroken ion weighs e."""

SCALE = 1.5
"""Logarithm of the likelihood's factor in the conditional logit, at the beginning."""

ROUNDS = 2
"""The second round keeps the ions that weigh most after the first."""

STEPS, DECAY, GENERATIVE = 100, 3e-3, 0.1
"""Steps of a round; how strongly values are held to the start; what the likelihood counts in the loss.
The last two were chosen by validation."""

MOST_LOG, TINY = 15.0, 1e-3
"""Bounds that keep sums finite on the way."""


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


def queries(path: Path, adduct: Ion) -> dict[str, list[Query]]:
    """Queries of training and validation molecules that have an isomer measured with the adduct."""
    measured = massbank.read(path, adduct)
    columns = measured.columns
    group: dict[str, dict[str, None]] = defaultdict(dict)
    for key, formula in zip(columns["inchikey14"], columns["formula"], strict=True):
        group[formula][key] = None  # one identity may be written with several charges
    of = {key: sorted(keys) for keys in group.values() for key in keys}
    every = sorted(of)
    found: dict[str, list[Query]] = {"train": [], "validation": []}
    for key, side in zip(every, assign(every, SplitConfig()), strict=True):
        name = SPLITS[side]
        if name not in found or len(of[key]) < 2:
            continue
        candidates = [measured.smiles[one] for one in of[key]]
        mols = [Chem.MolFromSmiles(text) for text in candidates]
        if any(mol is None for mol in mols):
            continue
        if name == "train" and any(mol.GetNumHeavyAtoms() > MOST_ATOMS for mol in mols):
            continue
        found[name] += [
            Query(key, signal, candidates, of[key].index(key))
            for signal in measured.signals(key, measured.rows[key])
        ]
    return found


class Ions(NamedTuple):
    """Ions as rows of a matrix, and whom they belong to.

    Attributes:
        terms: (K, T) as ``cleavage.TERMS`` counts them.
        whole: (K,) whether nothing broke.
        owner: (K,) number of the peak, or of the candidate, that each belongs to.
    """

    terms: csr_array
    whole: torch.Tensor
    owner: torch.Tensor


class Task(NamedTuple):
    """All queries: ways to their peaks, what their candidates predict, and which candidate is right.

    Attributes:
        ways: ions that lie at a peak; the owner is the peak, counted over all queries' candidates.
        expected: ions of each molecule; the owner is the molecule.
        share: (P,) of the root intensity, of each peak.
        candidate: (P,) number of each peak's candidate.
        molecule: (C,) of each candidate.
        condition: (C, len(WHOLE)) of its query.
        query: (C,) number of its query.
        truth: (Q,) candidate of each query's molecule.
        weight: (Q,) so that each molecule counts alike; sums to 1.
    """

    ways: Ions
    expected: Ions
    share: torch.Tensor
    candidate: torch.Tensor
    molecule: torch.Tensor
    condition: torch.Tensor
    query: torch.Tensor
    truth: torch.Tensor
    weight: torch.Tensor


class Molecule(NamedTuple):
    """One candidate's fragments, and what describes them."""

    found: Fragments
    terms: np.ndarray
    ends: np.ndarray


def task(found: list[Query], ion: Ion, tolerance_ppm: float, values: np.ndarray) -> Task:
    """Fragment the candidates and match them with the peaks.

    Args:
        values: of ``TERMS`` and ``WHOLE``; the ions that weigh most under them are kept.
    """
    smiles = sorted({text for one in found for text in one.candidates})
    place = {text: number for number, text in enumerate(smiles)}
    molecules, expected = [], Rows()
    for number, text in enumerate(tqdm(smiles, unit=" molecules")):
        mol = Chem.RemoveHs(Chem.MolFromSmiles(text))
        fragments_ = fragments(mol)
        one = Molecule(fragments_, *cleavage.terms(mol, fragments_))
        molecules.append(one)
        expect(one, ion, values, number, expected)
    ways = Rows()
    share, candidate, condition = [], [], []
    molecule: list[int] = []
    query: list[int] = []
    truth: list[int] = []
    peaks = 0
    for number, asked in enumerate(tqdm(found, unit=" spectra")):
        seen = rerank.peaks(asked.signal, tolerance_ppm)
        truth.append(len(query) + asked.truth)
        for text in asked.candidates:
            match(molecules[place[text]], seen, ion, values, peaks, ways)
            share.append(seen.share)
            candidate.append(np.full(len(seen.mz), len(query)))
            molecule.append(place[text])
            condition.append(
                cleavage.condition(asked.signal.collision_energy, asked.signal.precursor_mz)
            )
            query.append(number)
            peaks += len(seen.mz)
    times = Counter(one.key for one in found)
    weight = torch.tensor([1 / times[one.key] / len(times) for one in found], dtype=torch.float64)
    return Task(
        ways.ions(),
        expected.ions(),
        torch.from_numpy(np.concatenate(share)),
        torch.from_numpy(np.concatenate(candidate)),
        torch.tensor(molecule),
        torch.from_numpy(np.array(condition)),
        torch.tensor(query),
        torch.tensor(truth),
        weight,
    )


class Rows:
    """Rows of ``Ions``, gathered."""

    def __init__(self) -> None:
        self.terms: list[csr_array] = []
        self.whole: list[np.ndarray] = []
        self.owner: list[np.ndarray] = []

    def add(self, one: Molecule, index: np.ndarray, away: int, owner: np.ndarray) -> None:
        """Ions of the fragments ``index`` (K,)."""
        if not len(index):
            return
        bonds = one.found.bonds[index]
        change, beyond = cleavage.moved(bonds, away)
        at = change[:, :, None] * one.ends[index][:, None, :]
        rows = [one.terms[index], change, beyond[:, None], at.reshape(len(index), -1)]
        self.terms.append(csr_array(np.hstack(rows)))
        self.whole.append(bonds == 0)
        self.owner.append(owner)

    def ions(self) -> Ions:
        return Ions(
            csr_array(vstack(self.terms)),
            torch.from_numpy(np.concatenate(self.whole)),
            torch.from_numpy(np.concatenate(self.owner)),
        )


def logs(one: Molecule, values: np.ndarray, index: np.ndarray, away: int) -> np.ndarray:
    """Logarithms of the weights of the fragments ``index`` with so many hydrogens, (K,)."""
    of = cleavage.summands(values)
    change, beyond = cleavage.moved(one.found.bonds[index], away)
    fixed, at = one.terms[index] @ of.fixed, one.ends[index] @ of.at.T
    return np.asarray(fixed + (change * (of.moved + at)).sum(1) + beyond * of.beyond)


def expect(one: Molecule, ion: Ion, values: np.ndarray, number: int, to: Rows) -> None:
    """Add the molecule's ions that weigh most."""
    each = []
    for away in cleavage.AWAY:
        place, usable = cleavage.places(one.found, ion, away)
        index = np.flatnonzero(usable & (place >= rerank.LIGHTEST))
        each.append((index, np.full(len(index), away), logs(one, values, index, away)))
    index, aways, log = (np.concatenate(column) for column in zip(*each, strict=True))
    best = np.argsort(-log, kind="stable")[:EXPECTED]
    for away in cleavage.AWAY:
        chosen_ = index[best[aways[best] == away]]
        to.add(one, chosen_, away, np.full(len(chosen_), number))


def match(
    one: Molecule, seen: rerank.Peaks, ion: Ion, values: np.ndarray, first: int, to: Rows
) -> None:
    """Add the molecule's ions that lie at peaks, the first of which has the number ``first``."""
    for away in cleavage.AWAY:
        place, usable = cleavage.places(one.found, ion, away)
        index = np.flatnonzero(usable)
        index = index[np.argsort(place[index], kind="stable")]
        low = np.searchsorted(place[index], seen.mz - seen.width)
        high = np.searchsorted(place[index], seen.mz + seen.width)
        fragment, owner = [], []
        for peak in np.flatnonzero(high > low):
            near = index[low[peak] : high[peak]]
            if len(near) > MOST_WAYS:
                best = np.argsort(-logs(one, values, near, away), kind="stable")
                near = near[best[:MOST_WAYS]]
            fragment.append(near)
            owner.append(np.full(len(near), first + peak))
        if fragment:
            to.add(one, np.concatenate(fragment), away, np.concatenate(owner))


class Product(torch.autograd.Function):
    """A constant sparse matrix times a vector: torch's own is slow backwards."""

    @staticmethod
    def forward(ctx: Any, vector: torch.Tensor, matrix: csr_array, turned: csr_array) -> Any:
        ctx.turned = turned
        return torch.from_numpy(matrix @ vector.detach().numpy())

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return torch.from_numpy(ctx.turned @ grads[0].numpy()), None, None


def scores(values: torch.Tensor, all_: Task, turned: tuple[csr_array, csr_array]) -> torch.Tensor:
    """Log likelihood of the peaks by each candidate, as ``rerank`` takes it, (C,)."""
    terms, whole = values[: len(cleavage.TERMS)], values[len(cleavage.TERMS) :]
    most = cleavage.MOST_UNBROKEN
    unbroken = (all_.condition @ whole).clamp(-most, most).exp()

    way = Product.apply(terms, all_.ways.terms, turned[0]).clamp(max=MOST_LOG).exp()
    own = unbroken[all_.candidate[all_.ways.owner]]
    way = torch.where(all_.ways.whole, own, 1.0) * way
    peak = way.new_zeros(len(all_.share)).index_add(0, all_.ways.owner, way)

    ion = Product.apply(terms, all_.expected.terms, turned[1]).clamp(max=MOST_LOG).exp()
    count = int(all_.molecule.max()) + 1
    broken, intact = (
        ion.new_zeros(count).index_add(0, all_.expected.owner, torch.where(which, ion, 0.0))
        for which in (~all_.expected.whole, all_.expected.whole)
    )
    total = broken[all_.molecule] + unbroken * intact[all_.molecule] + TINY
    each = all_.share * torch.log(peak / total[all_.candidate] + rerank.FLOOR)
    return each.new_zeros(len(all_.query)).index_add(0, all_.candidate, each)


def fit(all_: Task, begin: np.ndarray) -> np.ndarray:
    """The values of ``TERMS`` and ``WHOLE`` under which the measured molecules predict their spectra.

    The loss: a conditional logit among isomers, and a share of the likelihood of the true molecules.
    """
    turned = (csr_array(all_.ways.terms.T), csr_array(all_.expected.terms.T))
    held = torch.from_numpy(START)
    of = all_.query

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        at = torch.tensor(x, requires_grad=True)
        likelihood = scores(at[1:], all_, turned)
        score = likelihood * at[0].exp()
        top = torch.full((len(all_.truth),), -torch.inf, dtype=torch.float64)
        top = top.scatter_reduce(0, of, score.detach(), "amax")
        total = top.new_zeros(len(top)).index_add(0, of, torch.exp(score - top[of]))
        each = total.log() + top - score[all_.truth] - GENERATIVE * likelihood[all_.truth]
        value = (each * all_.weight).sum() + DECAY * ((at[1:] - held) ** 2).sum()
        value.backward()  # type: ignore[no-untyped-call]
        assert at.grad is not None
        return float(value.detach()), at.grad.numpy()

    found = minimize(
        loss, np.r_[SCALE, begin], jac=True, method="L-BFGS-B", options={"maxiter": STEPS}
    )
    print(f"loss {found.fun:.4f} after {found.nit} steps", file=sys.stderr)
    return np.asarray(found.x[1:])


def validate(found: list[Query], plugin: Ms) -> str:
    """recall@1 of ``rerank`` by spectrum, by molecule, and of scores added over a molecule's spectra.

    Candidates that score alike share the place.
    """
    by_key: dict[str, list[tuple[np.ndarray, int]]] = defaultdict(list)
    for one in tqdm(found, unit=" spectra"):
        mols = [Chem.MolFromSmiles(text) for text in one.candidates]
        by_key[one.key].append((plugin.rerank(one.signal, mols), one.truth))
    single = {key: [first(score, truth) for score, truth in all_] for key, all_ in by_key.items()}
    added = [first(np.sum([s for s, _ in all_], 0), all_[0][1]) for all_ in by_key.values()]
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
    parser.add_argument("--adduct", choices=ADDUCTS, default="[M+H]+", help="whose ions")
    parser.add_argument("--only-validate", action="store_true", help="with the weights there are")
    parser.add_argument("--save", action="store_true", help="write them to data/cleavage.json")
    options = parser.parse_args()
    every = queries(options.table, options.adduct)
    if not options.only_validate:
        values = START
        for _ in range(ROUNDS):
            all_ = task(every["train"], options.adduct, Ms().config.tolerance_ppm, values)
            values = fit(all_, values)
        names = (*cleavage.TERMS, *cleavage.WHOLE)
        table = {name: round(float(x), 3) for name, x in zip(names, values, strict=True)}
        print(json.dumps(table, indent=1))
        if options.save:
            whole = json.loads(cleavage.TABLE.read_text(encoding="utf-8"))
            whole[options.adduct] = table
            cleavage.TABLE.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
            cleavage.fitted.cache_clear()
    print(validate(every["validation"], Ms(MsConfig(trained_ions=False))))


if __name__ == "__main__":
    main()
