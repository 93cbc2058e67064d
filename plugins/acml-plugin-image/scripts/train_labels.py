"""Train the reader of labels, of all elements, charges, hydrogens and abbreviations.

    ACML_DATA=... python scripts/train_labels.py CACHE --drawings 11000 --fonts FOLDER

CACHE receives the examples, a part for each seed (``--only-draw --seed N``, several at once); what is
there is not drawn again. The last part's last drawings, which show other molecules, say how often it is
right.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
import torch
from acml_plugin_image.overlay.label_reader import FILE, LabelReader
from acml_plugin_image.overlay.labels import NOTHING, OFF, is_element, symbols
from drawings import real
from label_examples import examples, molecule, strange
from rdkit import RDLogger
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional
from train_reader import damaged, fonts_in, save_half

from acml_core.training.precision import autocast

BATCH, RATE, SMOOTHING = 128, 3e-3, 0.02
HELD = 8000
"""Examples that are not trained on."""
COMMON = (NOTHING, OFF, "C", "N", "O", "S", "F", "Cl", "Br", "I", "P")


def draw(smiles: list[str], drawings: int, seed: int, fonts: list[str], out: Path) -> None:
    """Write the examples of so many drawings."""
    rng = np.random.default_rng(seed)
    often = strange(smiles)
    rows, drawn, start = [], 0, time.monotonic()
    while drawn < drawings:
        mol = molecule(smiles, often, rng)
        found = examples(mol, rng, fonts) if mol is not None else []
        rows += found
        drawn += bool(found)
        if found and drawn % 1000 == 0:
            print(f"{drawn} drawings, {time.monotonic() - start:.0f} s", flush=True)
    crops, labels = (np.concatenate(part) for part in zip(*rows, strict=True))
    np.savez(out, crops=crops, labels=labels)
    print(f"{out}: {len(crops)} examples", flush=True)


def loss_of(seen: tuple[Tensor, ...], labels: Tensor) -> Tensor:
    """Mean cross entropy; of charges and hydrogens only where an element stands."""
    symbol = functional.cross_entropy(seen[0], labels[:, 0], label_smoothing=SMOOTHING)
    element = is_element(labels[:, 0])
    rest = [
        functional.cross_entropy(part[element], labels[element, i], label_smoothing=SMOOTHING)
        for i, part in ((1, seen[1]), (2, seen[2]))
    ]
    return symbol + 0.5 * (rest[0] + rest[1])


def common(labels: Tensor) -> Tensor:
    """(n,) bool, whether labels (n, 3) have ``COMMON`` symbols."""
    return torch.isin(labels[:, 0], torch.tensor([symbols().index(one) for one in COMMON]))


@torch.no_grad()
def right(reader: LabelReader, crops: Tensor, labels: Tensor) -> list[float]:
    """Share of symbols, of charges, of hydrogens, and of the symbols that are not ``COMMON``."""
    hits: list[list[Tensor]] = [[], [], [], []]
    for part in torch.arange(len(crops)).split(1000):
        seen = reader(crops[part].float() / 255)
        element = is_element(labels[part, 0])
        for i, logits in enumerate(seen):
            hit = logits.argmax(1) == labels[part, i]
            hits[i].append(hit[element] if i else hit)
            if not i:
                hits[3].append(hit[~common(labels[part])])
    return [float(torch.cat(one).float().mean()) for one in hits]


def train(reader: LabelReader, crops: Tensor, labels: Tensor, passes: int, kept: float) -> None:
    """Each pass shows ``kept`` of the examples of ``COMMON`` symbols, and all others."""
    trained = len(crops) - HELD
    optimiser = torch.optim.AdamW(reader.parameters(), RATE, weight_decay=0.01)
    often = common(labels[:trained])
    steps = int(float((~often).sum() + kept * often.sum()) * 0.99) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, RATE, total_steps=passes * steps + 1, pct_start=0.15
    )
    start = time.monotonic()
    for number in range(passes):
        reader.train()
        total = 0.0
        shown_now = torch.nonzero(~often | (torch.rand(trained) < kept))[:, 0]
        shown_now = shown_now[torch.randperm(len(shown_now))]
        for step, part in enumerate(shown_now.split(BATCH)[:steps]):
            shown = damaged(crops[part].float() / 255).clamp(-0.2, 1.2)
            with autocast("auto", torch.device("cpu")):
                seen = reader(shown)
            loss = loss_of(tuple(one.float() for one in seen), labels[part])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
            if step % 500 == 499:
                print(
                    f"{number}.{step}: loss {total / (step + 1):.3f}, {time.monotonic() - start:.0f} s",
                    flush=True,
                )
        found = right(reader.eval(), crops[trained:], labels[trained:])
        print(f"{number}: loss {total / steps:.3f}, right {found}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("cache", type=Path, help="folder for the examples")
    parser.add_argument("--drawings", type=int, default=12_000)
    parser.add_argument("--passes", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fonts", type=Path, help="folder of further fonts, see fonts.py")
    parser.add_argument("--kept", type=float, default=0.3, help="share of common labels in a pass")
    parser.add_argument("--begin", type=Path, help="file with weights to begin with")
    parser.add_argument("--only-draw", action="store_true", help="make the examples of this seed")
    parser.add_argument("--out", type=Path, default=FILE, help="file for the weights")
    options = parser.parse_args()
    RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]
    options.cache.mkdir(parents=True, exist_ok=True)
    path = options.cache / f"{options.seed}.npz"
    if not path.exists():
        smiles = real(Path(os.environ["ACML_DATA"]) / "library", "train")
        draw(smiles, options.drawings, options.seed, fonts_in(options.fonts), path)
    if options.only_draw:
        return
    torch.manual_seed(options.seed)
    parts = [np.load(one) for one in sorted(options.cache.glob("*.npz"))]
    crops = torch.from_numpy(np.concatenate([part["crops"] for part in parts]))
    labels = torch.from_numpy(np.concatenate([part["labels"] for part in parts])).long()
    print(f"{len(crops)} examples", flush=True)
    reader = LabelReader()
    if options.begin:
        reader.load_state_dict(load_file(options.begin))
    train(reader, crops, labels, options.passes, options.kept)
    save_half(reader, options.out)


if __name__ == "__main__":
    main()
