"""Which pictures are not recognised: one way of drawing or spoiling at a time.

    ACML_DATA=... python benchmarks/picture_styles.py --model image/gine5.v1 --molecules 200

Validation molecules of ``library/real_molecules.parquet`` are drawn in the styles that the model learnt
from and in the held-out ones: as they are, with the other family's fonts, abbreviated, with every
carbon spelt out, and with each single held-out effect. Each picture is looked for among 3,000
validation molecules. The test molecules are not touched, so what is learnt here may guide how to train.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from acml_plugin_image.degrade import HELD_OUT, TRAIN, Effect, degrade
from acml_plugin_image.depict import depict
from acml_plugin_image.prepare import ink_map
from acml_plugin_image.styles import Family, Style, sample
from PIL import Image
from rdkit import Chem

from acml_core.data.split import SPLITS, SplitConfig, assign
from acml_core.graphs.build import build
from acml_core.hub.pretrained import load

CANDIDATES = 3000
Make = Callable[[Chem.Mol, np.random.Generator], Image.Image]
Spoil = Callable[[Image.Image, np.random.Generator], Image.Image]
Change = Callable[[Style, np.random.Generator], Style]


def drawn(family: Family, spoil: Spoil | None = None, change: Change | None = None) -> Make:
    """Pictures in the styles of a family, changed, then spoilt."""

    def make(mol: Chem.Mol, rng: np.random.Generator) -> Image.Image:
        style = sample(rng, family)
        picture = depict(mol, style if change is None else change(style, rng), rng)
        return picture if spoil is None else spoil(picture, rng)

    return make


def several(effects: Sequence[Effect]) -> Spoil:
    """Up to three of the effects, or none, as in training."""
    return lambda picture, rng: degrade(picture, effects, rng)


def fonts_of(family: Family) -> Change:
    """Letters as another family has them."""
    return lambda style, rng: replace(style, font=sample(rng, family).font)


def abbreviated(style: Style, rng: np.random.Generator) -> Style:
    """Ph, OMe, CF3 and the like wherever they may stand."""
    return replace(style, abbreviate=1.0, hydrogens=False)


def spelt_out(style: Style, rng: np.random.Generator) -> Style:
    """Every carbon atom with its letter."""
    return replace(style, abbreviate=0.0, labels="all")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="image/gine5.v1", help="folder or name")
    parser.add_argument("--molecules", type=int, default=200, help="pictures of each kind")
    parser.add_argument("--only", default="", help="kinds of pictures whose names contain this")
    options = parser.parse_args()
    table = pq.read_table(Path(os.environ["ACML_DATA"]) / "library" / "real_molecules.parquet")
    side = assign(table["inchikey14"].to_pylist(), SplitConfig())
    chosen = np.flatnonzero(side == SPLITS.index("validation"))[:CANDIDATES]
    graphs = build(table["smiles"].take(chosen).to_pylist()).graphs
    model = load(options.model).model
    config = model.modalities["image"].config
    vectors = model.encode_molecules(graphs, "image")
    mols = [Chem.MolFromSmiles(text) for text in graphs.smiles[: options.molecules]]

    kinds: dict[str, Make] = {}
    families: tuple[tuple[Family, Family, str], ...] = (
        ("train", "held_out", "styles of training"),
        ("held_out", "train", "held-out styles"),
    )
    for family, other, name in families:
        kinds[name] = drawn(family)
        kinds[f"{name}, the other's fonts"] = drawn(family, change=fonts_of(other))
        kinds[f"{name}, abbreviated"] = drawn(family, change=abbreviated)
        kinds[f"{name}, carbons spelt out"] = drawn(family, change=spelt_out)
        kinds[f"{name}, effects of training"] = drawn(family, several(TRAIN))
        kinds[f"{name}, held-out effects"] = drawn(family, several(HELD_OUT))
        for effect in HELD_OUT:
            kinds[f"{name}, {effect.__name__}"] = drawn(family, effect)
    print(f"| pictures, {len(mols)} each, among {len(graphs)} molecules | recall@1 | recall@10 |")
    print("|---|---|---|")
    for name, make in kinds.items():
        if options.only not in name:
            continue
        items = []
        for number, mol in enumerate(mols):
            picture = make(mol, np.random.default_rng(number))
            items.append({"image": ink_map(picture, config.size, config.margin)})
        found = model.encode_items("image", items) @ vectors.T
        own = found[torch.arange(len(mols)), torch.arange(len(mols))]
        rank = (found > own[:, None]).sum(1).numpy()
        print(f"| {name} | {(rank < 1).mean():.3f} | {(rank < 10).mean():.3f} |", flush=True)
    print(f"\nBy chance {1 / len(graphs):.4f} and {10 / len(graphs):.4f}.")


if __name__ == "__main__":
    main()
