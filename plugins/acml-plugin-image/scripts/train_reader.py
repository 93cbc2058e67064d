"""Train the two small readers of the second opinion: what stands at an atom, what joins two.

    ACML_DATA=... python scripts/train_reader.py --drawings 2500 --passes 15

The last twentieth of the drawings, which show other molecules, says how often a reader is right.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import torch
from acml_plugin_image.overlay.reader import CLASSES, FOLDER, Reader, file_of
from drawings import real
from rdkit import RDLogger
from reader_examples import collect
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

BATCH = 128
RATE = 4e-3
HELD = 20
"""One of so many examples is not trained on."""
BENT, NOISE = 0.3, 0.06
"""Of a crop: log of the power of its ink, sd; noise, sd at most."""


def damaged(crops: Tensor) -> Tensor:
    """Crops (n, side, side), 0 to 1, of other contrast and with noise."""
    crops = crops ** torch.exp(BENT * torch.randn(len(crops), 1, 1))
    return crops + NOISE * torch.rand(len(crops), 1, 1) * torch.randn_like(crops)


def full(crops: Tensor) -> Tensor:
    """Bytes to shares of the darkest ink."""
    crops = crops.float() / 255
    return crops / crops.amax((1, 2), keepdim=True).clamp(min=0.15)


def train(reader: Reader, crops: Tensor, classes: Tensor, passes: int) -> None:
    held = len(crops) // HELD
    trained = len(crops) - held
    optimiser = torch.optim.AdamW(reader.parameters(), RATE, weight_decay=0.01)
    steps = trained // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=passes * steps + 1)
    for number in range(passes):
        reader.train()
        total = 0.0
        for part in torch.randperm(trained).split(BATCH)[:steps]:
            shown = damaged(full(crops[part]))
            loss = functional.cross_entropy(reader(shown), classes[part], label_smoothing=0.02)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        right = accuracy(reader.eval(), crops[trained:], classes[trained:])
        print(f"{number}: loss {total / steps:.3f}, right {right:.4f}", flush=True)


@torch.no_grad()
def accuracy(reader: nn.Module, crops: Tensor, classes: Tensor) -> float:
    return float((reader(full(crops)).argmax(1) == classes).float().mean())


def fonts_in(folder: Path | None) -> list[str]:
    """Files of the further fonts; none without a folder."""
    return sorted(map(str, folder.glob("*.ttf"))) if folder else []


def save_half(reader: nn.Module, path: Path) -> None:
    """Write a reader's weights, float16."""
    half = {k: v.half() if v.is_floating_point() else v for k, v in reader.state_dict().items()}
    save_file(half, path)
    print(f"{path}: {path.stat().st_size} bytes", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--drawings", type=int, default=2500)
    parser.add_argument("--passes", type=int, default=15)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--fonts", type=Path, help="folder of further fonts, see fonts.py")
    parser.add_argument("--cache", type=Path, help="where the examples are kept")
    parser.add_argument("--only", choices=CLASSES, help="train one of them")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder for the weights")
    options = parser.parse_args()
    RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]
    torch.manual_seed(options.seed)
    if options.cache and options.cache.exists():
        with np.load(options.cache) as file:
            data = tuple(file[f"arr_{i}"] for i in range(4))
    else:
        smiles = real(Path(os.environ["ACML_DATA"]) / "library", "train")
        fonts = fonts_in(options.fonts)
        data = collect(smiles, options.drawings, np.random.default_rng(options.seed), fonts)
        if options.cache:
            np.savez(options.cache, *data)
    for kind, crops, classes in (("atoms", *data[:2]), ("bonds", *data[2:])):
        if options.only not in (None, kind):
            continue
        reader = Reader(kind)
        print(f"{kind}: {len(crops)} examples", flush=True)
        train(reader, torch.from_numpy(crops), torch.from_numpy(classes).long(), options.passes)
        save_half(reader, options.out / file_of(kind).name)


if __name__ == "__main__":
    main()
