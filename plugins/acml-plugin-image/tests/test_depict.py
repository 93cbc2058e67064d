"""Drawings: styles, families, determinism, odd molecules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from acml_plugin_image import degrade, styles
from acml_plugin_image.config import ImageConfig
from acml_plugin_image.depict import MAX_COORDGEN_RING, depict, depict_with_places
from acml_plugin_image.modality import Picture
from acml_plugin_image.prepare import fit, ink_map
from rdkit import Chem

SMILES = (
    "CC(=O)Nc1ccc(O)cc1",
    "C[N+](C)(C)CC(=O)[O-]",
    "O=S(=O)(O)c1cccc2ncccc12",
    "CC(C)(C)OC(=O)N[C@@H](C)C(=O)OC",
    "c1ccc2[nH]ccc2c1",
    "[Na+].[Cl-]",
    "C",
    "FC(F)(F)c1ccc(I)c(Br)c1",
)


@pytest.mark.parametrize("family", ["train", "held_out"])
def test_every_molecule_leaves_ink(family: styles.Family) -> None:
    rng = np.random.default_rng(0)
    for smiles in SMILES:
        for _ in range(3):
            picture = depict(Chem.MolFromSmiles(smiles), styles.sample(rng, family), rng)
            found = ink_map(picture, 96, 0.04)
            assert found.max() == 255, smiles
            assert (found > 128).mean() < 0.6, f"{smiles}: more ink than paper"


def test_families_share_no_font_width_or_effect() -> None:
    rng = np.random.default_rng(1)
    train = [styles.sample(rng, "train") for _ in range(300)]
    held_out = [styles.sample(rng, "held_out") for _ in range(300)]
    for field in ("font", "size", "palette", "background"):
        shared = {getattr(s, field) for s in train} & {getattr(s, field) for s in held_out}
        assert not shared, f"{field}: {shared}"
    for field in ("line", "font_size", "label_padding", "offset", "margin"):
        inside = [getattr(s, field) for s in train]
        for style in held_out:
            value = getattr(style, field)
            assert not min(inside) <= value <= max(inside), f"{field} = {value} is in both families"
    assert not set(degrade.TRAIN) & set(degrade.HELD_OUT)


def test_atoms_are_where_they_are_drawn() -> None:
    """A labelled atom has ink around its place, in the picture and in the ink map."""
    rng = np.random.default_rng(7)
    mol = Chem.MolFromSmiles("C[N+](C)(C)CC(=O)[O-]")
    oxygens = {atom.GetIdx() for atom in mol.GetAtoms() if atom.GetSymbol() == "O"}
    for _ in range(10):
        style = replace(styles.sample(rng, "train"), abbreviate=0.0, background=styles.WHITE)
        picture, places = depict_with_places(mol, style, rng)
        assert sorted(places[:, 2]) == list(range(mol.GetNumAtoms()))
        found, (factor, dx, dy) = fit(picture, 144, 0.04)
        for x, y, number in places:
            if number in oxygens:
                mx, my = round(factor * x + dx), round(factor * y + dy)
                assert found[max(0, my - 8) : my + 9, max(0, mx - 8) : mx + 9].max() > 100


@pytest.mark.parametrize("effect", [*degrade.TRAIN, *degrade.HELD_OUT], ids=lambda e: e.__name__)
def test_effects_keep_the_structure(effect: degrade.Effect) -> None:
    rng = np.random.default_rng(2)
    style = styles.sample(rng, "train")
    clean = depict(Chem.MolFromSmiles(SMILES[0]), style, rng)
    for picture in (clean, clean.convert("L")):
        changed = effect(picture, rng)
        assert changed.mode in ("L", "RGB")
        found = ink_map(changed, 96, 0.04) > 100
        assert 0.005 < found.mean() < 0.5, "the structure is gone"


def test_simulate_follows_torch_seed_and_style() -> None:
    mol = Chem.MolFromSmiles(SMILES[0])
    plugin = Picture(ImageConfig(styles="held_out"))
    torch.manual_seed(3)
    first, second = plugin.simulate(mol), plugin.simulate(mol)
    torch.manual_seed(3)
    assert plugin.simulate(mol).image == first.image
    assert second.image != first.image
    torch.manual_seed(3)
    assert Picture(ImageConfig(styles="train")).simulate(mol).image != first.image


def test_circles_stand_for_aromatic_bonds() -> None:
    rng = np.random.default_rng(4)
    plain = replace(
        styles.sample(rng, "train"),
        aromatic="kekule", abbreviate=0.0, labels="none", comic=False, acs=False, shuffle=False,
        legend="", size=240, line=1.5, background=styles.WHITE, layout="rdkit", rotate=0.0,
        mirror=False,
    )  # fmt: skip
    mol = Chem.MolFromSmiles("c1ccncc1")
    kekule = depict(mol, plain, rng)
    circle = np.asarray(depict(mol, replace(plain, aromatic="circle"), rng).convert("L"))
    assert (np.asarray(kekule.convert("L")) != circle).any()
    # In the middle of each quarter of the ring there is the circle, and nothing at its centre.
    ys, xs = np.nonzero(circle < 128)
    y, x = (ys.min() + ys.max()) // 2, (xs.min() + xs.max()) // 2
    assert (circle[y - 5 : y + 5, x - 5 : x + 5] > 200).all()


def test_molecule_is_not_changed() -> None:
    mol = Chem.MolFromSmiles(SMILES[3])
    before = mol.ToBinary()
    rng = np.random.default_rng(5)
    for _ in range(10):
        depict(mol, styles.sample(rng, "train"), rng)
    assert mol.ToBinary() == before


def test_large_rings_are_not_given_to_coordgen() -> None:
    """CoordGen would need hours for this one."""
    rng = np.random.default_rng(6)
    mol = Chem.MolFromSmiles("C1" + "C" * (MAX_COORDGEN_RING + 20) + "C1")
    style = replace(styles.sample(rng, "train"), layout="coordgen", abbreviate=0.0)
    assert depict(mol, style, rng).size == (style.size, style.size)
