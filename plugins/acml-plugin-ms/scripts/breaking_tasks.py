"""What ``train_breaking.py`` trains on: molecules' spectra, and isomers with fragments that matter."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import massbank
import numpy as np
import pyarrow.parquet as pq
import torch
from acml_plugin_ms import cleavage, rerank
from acml_plugin_ms.breaking import Described, describe
from acml_plugin_ms.expected import uncorrected
from acml_plugin_ms.fragments import MAX_ATOMS, Fragments, fragments
from acml_plugin_ms.ions import Ion
from acml_plugin_ms.signal import MsSignal
from fit_cleavage import MOST_WAYS
from rdkit import Chem

from acml_core.data.split import SPLITS, SplitConfig, assign

EXPECTED = 300
"""Likeliest ions of a candidate that stand for all it predicts, beside those at peaks."""

OTHERS = 3
"""Wrong candidates of a training molecule."""


class Spectrum(NamedTuple):
    """Peaks of one spectrum, and what is expected of it.

    Attributes:
        peaks: as ``rerank`` takes them.
        energy: logarithm of the collision energy over the typical one; 0 where none is stated.
        unbroken: logarithm of the unbroken ion's weight.
        lightest: ions lighter than this [Th] are not expected.
    """

    peaks: rerank.Peaks
    energy: float
    unbroken: float
    lightest: float


class Candidate(NamedTuple):
    """One candidate, with the fragments that matter.

    Attributes:
        described: of these fragments alone.
        fragment, away, log, mz, whole: (K,) of each ion; ``away`` counts from 0.
        ways: for each spectrum, numbers of peaks and of the ions that lie there.
    """

    described: Described
    fragment: np.ndarray
    away: np.ndarray
    log: np.ndarray
    mz: np.ndarray
    whole: np.ndarray
    ways: list[tuple[np.ndarray, np.ndarray]]


class Task(NamedTuple):
    """Spectra of one molecule; the first candidate is the molecule."""

    spectra: list[Spectrum]
    candidates: list[Candidate]


class Asked(NamedTuple):
    """What a task is made from."""

    ion: Ion
    signals: list[MsSignal]
    smiles: list[str]


def asked(
    path: Path, library: Path, ion: Ion, licences: Sequence[str] | None
) -> dict[str, list[Asked]]:
    """Training and validation molecules that were measured as ``ion``.

    Args:
        licences: of records to train on; None for all.
    """
    measured = massbank.read(path, ion)
    smiles = measured.smiles
    more = pq.read_table(library, columns=["inchikey14", "formula", "smiles"]).to_pydict()
    known: dict[str, list[str]] = defaultdict(list)
    extra: dict[str, str] = {}
    for key, of, text in zip(*(more[name] for name in more), strict=True):
        if of in measured.group and key not in smiles:
            known[of].append(key)
            extra[key] = text
    every = sorted({*smiles, *extra})
    sides = {k: SPLITS[s] for k, s in zip(every, assign(every, SplitConfig()), strict=True)}
    found: dict[str, list[Asked]] = {"train": [], "validation": []}
    for key in sorted(smiles):
        side = sides[key]
        if side not in found:
            continue
        formula = measured.formula[key]
        others = [one for one in measured.group[formula] if one != key]
        if side == "validation":
            if not others:
                continue
        else:
            drawn = random.Random(key)
            others = [one for one in others if sides[one] == "train"]
            drawn.shuffle(others)
            rest = [one for one in sorted(known[formula]) if sides[one] == "train"]
            drawn.shuffle(rest)
            others = (others + rest)[:OTHERS]
        texts = [smiles[key], *(smiles.get(one) or extra[one] for one in others)]
        mols = [Chem.MolFromSmiles(text) for text in texts]
        if any(mol is None or mol.GetNumHeavyAtoms() > MAX_ATOMS for mol in mols):
            continue
        rows = measured.rows[key]
        if side == "train" and licences is not None:
            rows = [row for row in rows if measured.columns["license"][row] in licences]
        signals = measured.signals(key, rows)
        if signals:
            found[side].append(Asked(ion, signals, texts))
    return found


def task(one: Asked, tolerance_ppm: float) -> Task:
    """Fragment the candidates and match them with the peaks."""
    torch.set_num_threads(1)
    spectra = []
    for signal in one.signals:
        peaks = rerank.peaks(signal, tolerance_ppm)
        energy, unbroken = rerank.conditions(signal, one.ion)
        spectra.append(
            Spectrum(
                peaks,
                energy,
                float(np.log(unbroken)),
                min(rerank.LIGHTEST, float((peaks.mz - peaks.width).min(initial=np.inf))),
            )
        )
    return Task(spectra, [candidate(text, one.ion, spectra) for text in one.smiles])


@lru_cache(512)
def broken(smiles: str, ion: Ion) -> tuple[Chem.Mol, Fragments, np.ndarray, np.ndarray]:
    """The molecule, its fragments, and the m/z and logarithm of every ion (F, len(AWAY))."""
    mol = Chem.RemoveHs(Chem.MolFromSmiles(smiles))
    found = fragments(mol)
    return mol, found, *uncorrected(mol, found, ion)


def candidate(smiles: str, ion: Ion, spectra: Sequence[Spectrum]) -> Candidate:
    mol, found, mz, log = broken(smiles, ion)
    usable = np.flatnonzero(np.isfinite(log).ravel())
    usable = usable[np.argsort(mz.ravel()[usable], kind="stable")]
    place, weight = mz.ravel()[usable], log.ravel()[usable]
    light = np.flatnonzero(place >= rerank.LIGHTEST)
    kept = {int(row) for row in light[np.argsort(-weight[light], kind="stable")[:EXPECTED]]}
    kept |= {int(row) for row in np.flatnonzero(found.bonds[usable // len(cleavage.AWAY)] == 0)}
    ways = []
    for one in spectra:
        low = np.searchsorted(place, one.peaks.mz - one.peaks.width)
        high = np.searchsorted(place, one.peaks.mz + one.peaks.width)
        peak, ion_ = [], []
        for number in np.flatnonzero(high > low):
            near = np.arange(low[number], high[number])
            near = near[np.argsort(-weight[near], kind="stable")[: 2 * MOST_WAYS]]
            kept |= {int(row) for row in near}
            peak.append(np.full(len(near), number))
            ion_.append(near)
        ways.append((np.concatenate([[], *peak]), np.concatenate([[], *ion_])))
    rows = np.array(sorted(kept), dtype=np.int64)
    number = np.full(len(usable), -1)
    number[rows] = np.arange(len(rows))
    fragment, away = np.divmod(usable[rows], len(cleavage.AWAY))
    some, fragment = np.unique(fragment, return_inverse=True)
    described = describe(mol, found, ion)
    described = described._replace(
        inside=described.inside[some], cut=described.cut[some], fragments=described.fragments[some]
    )
    return Candidate(
        described,
        fragment.astype(np.int32),
        away.astype(np.int8),
        weight[rows].astype(np.float32),
        place[rows],
        (found.bonds[some] == 0)[fragment],
        [(peak.astype(np.int16), number[ion_.astype(np.int64)]) for peak, ion_ in ways],
    )
