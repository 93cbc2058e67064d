"""Train the network of ``breaking`` on measured spectra, and see what it is worth among isomers.

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
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import massbank
import numpy as np
import torch
from acml_plugin_ms import rerank
from acml_plugin_ms.breaking import Breaking, padded
from acml_plugin_ms.expected import MOST_LOG
from acml_plugin_ms.ions import Ion
from acml_plugin_ms.modality import Ms, MsConfig
from breaking_tasks import Asked, Task, asked, task
from fit_cleavage import Query
from fit_cleavage import validate as by_rerank
from safetensors.torch import save_file
from torch import Tensor
from tqdm import tqdm

FREE = ("CC BY", "CC BY-SA", "CC0", "dl-de/by-2-0")
"""Licences of records that ``--free`` trains on."""

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

ALIKE = 1e-5
"""Scores nearer than this share a place."""

SORTED = 8
"""Batches whose molecules are sorted by size: padding costs time."""


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
        for ion in massbank.KINDS:
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
