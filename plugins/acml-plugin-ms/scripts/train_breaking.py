"""Train the network of ``breaking`` on measured tandem spectra, and see what it is worth among isomers.

    python scripts/train_breaking.py $ACML_DATA/ms/massbank.parquet \
        --library $ACML_DATA/library/real_molecules.parquet --out breaking.safetensors
    python scripts/train_breaking.py $ACML_DATA/ms/massbank.parquet \
        --library $ACML_DATA/library/real_molecules.parquet --only-validate

The tasks: spectra of one molecule as [M+H]+, [M-H]- or EI, and as candidates molecules of its formula,
of the training side as well, from MassBank and from a library. The loss is the conditional logit of
``rerank``'s score and a share of the likelihood of the spectra. Validation molecules, among all of
their formula that were measured, choose the epoch; there alone, molecules of the test side are
candidates.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch
from acml_plugin_ms import cleavage, rerank
from acml_plugin_ms.breaking import Breaking, Described, describe, padded
from acml_plugin_ms.expected import uncorrected
from acml_plugin_ms.fragments import MAX_ATOMS, Fragments, fragments
from acml_plugin_ms.ions import Ion
from acml_plugin_ms.modality import Ms, MsConfig
from acml_plugin_ms.signal import MsSignal
from fit_cleavage import MOST_WAYS, SPECTRA, Query, chosen
from fit_cleavage import validate as by_rerank
from rdkit import Chem
from safetensors.torch import save_file
from torch import Tensor
from tqdm import tqdm

from acml_core.data.split import SPLITS, SplitConfig, assign

MEASURED: dict[Ion, dict[str, str]] = {
    "EI": {"ion_mode": "POSITIVE", "ms_type": "MS", "instrument_type": "EI-B"},
    "[M+H]+": {
        "ion_mode": "POSITIVE",
        "ms_type": "MS2",
        "instrument_type": "LC-ESI",
        "adduct": "[M+H]+",
    },
    "[M-H]-": {
        "ion_mode": "NEGATIVE",
        "ms_type": "MS2",
        "instrument_type": "LC-ESI",
        "adduct": "[M-H]-",
    },
}
"""What is said of each kind of spectrum."""

FREE = ("CC BY", "CC BY-SA", "CC0", "dl-de/by-2-0")
"""Licences of records that ``--free`` trains on."""

EXPECTED = 300
"""Likeliest ions of a candidate that stand for all it predicts, beside those at peaks."""

OTHERS = 3
"""Wrong candidates of a training molecule."""

BATCH = 24
"""Molecules a step."""

LR, DECAY, WARMUP, CLIP = 2e-3, 0.01, 0.05, 1.0
"""Of AdamW and its cosine schedule."""

GENERATIVE = 0.3
"""What the likelihood of the true molecule's spectrum counts beside the conditional logit."""

AVERAGE = 0.995
"""Of the moving average of weights, a step."""

SCALE = 1.5
"""Logarithm of the likelihood's factor in the conditional logit, at the beginning."""

MOST_LOG = 15.0
"""Bound of logarithms, that keeps sums finite."""

ALIKE = 1e-5
"""Scores nearer than this share a place."""

SORTED = 8
"""Batches whose molecules are sorted by size: padding costs time."""


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
    table = pq.read_table(path)
    kind = pc.fill_null(table["instrument_type"], "")
    if ion == "EI":
        table = table.filter(pc.or_(pc.starts_with(kind, "EI"), pc.starts_with(kind, "GC-EI")))
    else:
        table = table.filter((pc.field("ms_type") == "MS2") & (pc.field("adduct") == ion))
    names = ("inchikey14", "smiles", "formula", "collision_energy", "precursor_mz", "license")
    columns = {name: table[name].to_pylist() for name in names}
    smiles: dict[str, str] = {}
    rows: dict[str, list[int]] = defaultdict(list)
    formula: dict[str, str] = {}
    for row, key in enumerate(columns["inchikey14"]):
        smiles.setdefault(key, columns["smiles"][row])
        formula.setdefault(key, columns["formula"][row])
        rows[key].append(row)
    measured: dict[str, list[str]] = defaultdict(list)
    for key in sorted(smiles):
        measured[formula[key]].append(key)
    more = pq.read_table(library, columns=["inchikey14", "formula", "smiles"]).to_pydict()
    known: dict[str, list[str]] = defaultdict(list)
    extra: dict[str, str] = {}
    for key, of, text in zip(*(more[name] for name in more), strict=True):
        if of in measured and key not in smiles:
            known[of].append(key)
            extra[key] = text
    every = sorted({*smiles, *extra})
    sides = {k: SPLITS[s] for k, s in zip(every, assign(every, SplitConfig()), strict=True)}
    found: dict[str, list[Asked]] = {"train": [], "validation": []}
    for key in sorted(smiles):
        side = sides[key]
        if side not in found:
            continue
        others = [one for one in measured[formula[key]] if one != key]
        if side == "validation":
            if not others:
                continue
        else:
            drawn = random.Random(key)
            others = [one for one in others if sides[one] == "train"]
            drawn.shuffle(others)
            rest = [one for one in sorted(known[formula[key]]) if sides[one] == "train"]
            drawn.shuffle(rest)
            others = (others + rest)[:OTHERS]
        texts = [smiles[key], *(smiles.get(one) or extra[one] for one in others)]
        mols = [Chem.MolFromSmiles(text) for text in texts]
        if any(mol is None or mol.GetNumHeavyAtoms() > MAX_ATOMS for mol in mols):
            continue
        own = rows[key]
        if side == "train" and licences is not None:
            own = [row for row in own if columns["license"][row] in licences]
        signals = [
            MsSignal(
                mz=table["mz"][row].as_py(),
                intensity=table["intensity"][row].as_py(),
                precursor_mz=columns["precursor_mz"][row] or 0.0,
                collision_energy=columns["collision_energy"][row] or "",
                **MEASURED[ion],
            )
            for row in chosen(own, columns["collision_energy"], key, SPECTRA)
        ]
        if signals:
            found[side].append(Asked(ion, signals, texts))
    return found


def task(one: Asked, tolerance_ppm: float) -> Task:
    """Fragment the candidates and match them with the peaks."""
    torch.set_num_threads(1)
    spectra = []
    for signal in one.signals:
        peaks = rerank.peaks(signal, tolerance_ppm)
        stated = (signal.collision_energy, signal.precursor_mz)
        tandem = one.ion != "EI"
        spectra.append(
            Spectrum(
                peaks,
                cleavage.relative_energy(*stated) if tandem else 0.0,
                float(np.log(cleavage.unbroken(*stated, one.ion))) if tandem else 0.0,
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


def scores(network: Breaking, tasks: Sequence[Task]) -> list[Tensor]:
    """Of each task, log likelihoods (spectra, candidates) as ``rerank`` takes them."""
    every = [one for task_ in tasks for one in task_.candidates]
    out = network(*padded([one.described for one in every]))
    owner, fragment, away, log, energy, peak, ion, share, pair = ([] for _ in range(9))
    peaks = ions = pairs = first = 0
    light, of_pair = [], []
    for task_ in tasks:
        for place, spectrum in enumerate(task_.spectra):
            for number, one in enumerate(task_.candidates):
                count = len(one.fragment)
                owner.append(np.full(count, first + number))
                fragment.append(one.fragment)
                away.append(one.away)
                log.append(one.log + spectrum.unbroken * one.whole)
                energy.append(np.full(count, spectrum.energy, np.float32))
                light.append(one.mz >= spectrum.lightest)
                of_pair.append(np.full(count, pairs))
                at, which = one.ways[place]
                peak.append(at.astype(np.int64) + peaks)
                ion.append(which + ions)
                share.append(spectrum.peaks.share.astype(np.float32))
                pair.append(np.full(len(spectrum.peaks.mz), pairs))
                peaks += len(spectrum.peaks.mz)
                ions += count
                pairs += 1
        first += len(task_.candidates)
    on = [torch.from_numpy(np.concatenate(x)) for x in (owner, fragment, away, energy, log, light)]
    both = out[on[0], on[1].long(), :, on[2].long()]
    weight = (on[4] + both[:, 0] + on[3] * both[:, 1]).float().clamp(max=MOST_LOG).exp()
    to, owner_, shares = (torch.from_numpy(np.concatenate(x)) for x in (of_pair, pair, share))
    total = weight.new_zeros(pairs).index_add(0, to, weight * on[5])
    seen = weight[torch.from_numpy(np.concatenate(ion))]
    seen = weight.new_zeros(peaks).index_add(0, torch.from_numpy(np.concatenate(peak)), seen)
    part = (seen / total[owner_].clamp(min=1e-20)).clamp(max=1.0)
    each = shares * torch.log((part + rerank.FLOOR) / (1 + rerank.FLOOR))
    flat = each.new_zeros(pairs).index_add(0, owner_, each)
    sizes = [(len(task_.spectra), len(task_.candidates)) for task_ in tasks]
    return [
        values.view(size)
        for values, size in zip(flat.split([a * b for a, b in sizes]), sizes, strict=True)
    ]


def batches(tasks: Sequence[Task], drawn: random.Random | None) -> Iterator[list[Task]]:
    """Tasks of like size together, in random order."""
    order = list(tasks)
    if drawn:
        drawn.shuffle(order)
    some = []
    for start in range(0, len(order), BATCH * SORTED):
        part = sorted(order[start : start + BATCH * SORTED], key=size)
        some += [part[k : k + BATCH] for k in range(0, len(part), BATCH)]
    if drawn:
        drawn.shuffle(some)
    yield from some


def size(one: Task) -> int:
    return max(len(each.described.fragments) for each in one.candidates)


def validate(network: Breaking, tasks: Sequence[Task], factor: float) -> dict[str, float]:
    """recall@1 by molecule and of scores added over its spectra; loss of the conditional logit."""
    network.eval()
    alone, added, logit, likelihood = [], [], [], []
    with torch.no_grad():
        for some in batches(tasks, None):
            for found in scores(network, some):
                alone.append(torch.stack([first(of) for of in found]).mean())
                added.append(first(found.sum(0)))
                logit.append(-torch.log_softmax(found * factor, 1)[:, 0].mean())
                likelihood.append(found[:, 0].mean())
    network.train()
    named = {"by molecule": alone, "added": added, "logit": logit, "likelihood": likelihood}
    return {name: float(torch.stack(values).mean()) for name, values in named.items()}


def first(found: Tensor) -> Tensor:
    """1 where the first is the best, a share of it where others score alike."""
    alike = (found > found.max() - ALIKE).float()
    return alike[0] / alike.sum()


def train(
    tasks: list[Task], held: dict[Ion, list[Task]], epochs: int, minutes: float, out: Path
) -> None:
    torch.manual_seed(0)
    drawn = random.Random(0)
    network = Breaking()
    print(f"{sum(p.numel() for p in network.parameters())} parameters", flush=True)
    mean = Breaking()
    mean.load_state_dict(network.state_dict())
    scale = torch.tensor(SCALE, requires_grad=True)
    optimiser = torch.optim.AdamW([*network.parameters(), scale], lr=LR, weight_decay=DECAY)
    steps = epochs * len(list(batches(tasks, None)))
    best, step, begin = np.inf, 0, time.monotonic()
    share = 0.0
    for epoch in range(epochs + 1):
        shown = {
            ion: validate(mean, some, float(scale.detach().exp())) for ion, some in held.items()
        }
        loss = float(np.mean([one["logit"] for one in shown.values()]))
        text = "; ".join(
            f"{ion} " + ", ".join(f"{name} {value:.3f}" for name, value in one.items())
            for ion, one in shown.items()
        )
        print(f"epoch {epoch}, {(time.monotonic() - begin) / 60:.1f} min: {text}", flush=True)
        if loss < best:
            best = loss
            half = {k: v.half().contiguous() for k, v in mean.state_dict().items()}
            save_file(half, out.with_suffix(".part"))
            os.replace(out.with_suffix(".part"), out)
            print(f"kept: {loss:.4f}", flush=True)
        if epoch == epochs or share >= 1:
            break
        for some in batches(tasks, drawn):
            share = max(step / steps, (time.monotonic() - begin) / 60 / minutes)
            rate = min(share / WARMUP, 0.5 * (1 + np.cos(np.pi * min(share, 1))))
            for group in optimiser.param_groups:
                group["lr"] = LR * max(rate, 1e-3)
            total = torch.zeros(())
            for found in scores(network, some):
                logit = -torch.log_softmax(found * scale.exp(), 1)[:, 0].mean()
                total = total + (logit - GENERATIVE * found[:, 0].mean()) / len(some)
            optimiser.zero_grad()
            total.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
            optimiser.step()
            step += 1
            keep = min(AVERAGE, 1 - 1 / (1 + step))
            with torch.no_grad():
                for own, new in zip(mean.parameters(), network.parameters(), strict=True):
                    own.lerp_(new, 1 - keep)


def compare(ion: Ion, held: Sequence[Asked]) -> None:
    """Print what ``rerank`` is worth by rules alone, and with the network that there is."""
    queries = [
        Query(one.smiles[0], signal, one.smiles, 0) for one in held for signal in one.signals
    ]
    for name, trained in (("rules alone", False), ("network", True)):
        said = by_rerank(queries, Ms(MsConfig(trained_ions=trained)))
        print(f"{ion}, {name}: {said}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("table", type=Path, help="MassBank as a table")
    parser.add_argument("--library", type=Path, required=True, help="molecules for candidates")
    parser.add_argument("--out", type=Path, help="receives the weights")
    parser.add_argument(
        "--only-validate",
        action="store_true",
        help="recall@1 of 'rerank' with the weights there are, and by rules alone",
    )
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--minutes", type=float, default=60.0, help="of training, at most")
    parser.add_argument("--some", type=int, default=0, help="tasks of each kind alone, for a trial")
    parser.add_argument(
        "--free", action="store_true", help="train on records alone whose licence allows any use"
    )
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    if options.out is None and not options.only_validate:
        parser.error("give --out or --only-validate")
    tasks: list[Task] = []
    held: dict[Ion, list[Task]] = {}
    make = partial(task, tolerance_ppm=Ms().config.tolerance_ppm)
    with ProcessPoolExecutor(options.processes) as pool:
        for ion in MEASURED:
            licences = FREE if options.free else None
            found = asked(options.table, options.library, ion, licences)
            print(ion, {side: len(every) for side, every in found.items()}, flush=True)
            if options.only_validate:
                compare(ion, found["validation"])
                continue
            for side, every in found.items():
                random.Random(0).shuffle(every)
                every = every[: options.some or None]
                made = list(
                    tqdm(pool.map(make, every, chunksize=16), total=len(every), unit=" tasks")
                )
                if side == "train":
                    tasks += made
                else:
                    held[ion] = made
    if options.only_validate:
        return
    torch.set_num_threads(options.processes)
    train(tasks, held, options.epochs, options.minutes, options.out)


if __name__ == "__main__":
    main()
