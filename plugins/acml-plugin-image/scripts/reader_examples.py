"""Crops of drawings, and what they show: examples for ``train_reader.py``.

Molecules of the training split in the styles ``train``, with further fonts where a folder of them is
given. Crops are moved, stretched, slanted, turned, thickened and thinned, so that other fonts and lines
are not too strange.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from acml_plugin_image.degrade import degrade
from acml_plugin_image.depict import depict_with_places
from acml_plugin_image.overlay.crops import ATOM, BOND, Window, atom_crops, bond_crops
from acml_plugin_image.overlay.ground import Ground
from acml_plugin_image.overlay.reader import atom_class, bond_class
from acml_plugin_image.styles import Style, sample
from drawings import STRAIGHT
from rdkit import Chem
from scipy.ndimage import grey_dilation, grey_erosion

from acml_core.errors import BadInput

Examples = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Crops (n, side, side) uint8 and classes (n,) of atoms, then of bonds."""

MAX_ATOMS = 45
MORE_FONTS = 0.75
"""Share of the drawings with one of the further fonts, where there are some."""
MOVED, MOVED_END, SCALED = 0.11, 0.06, 0.12
"""Of a crop: shift, sd, of an atom and of a bond's ends [bond lengths]; log of its size, sd. Where a
label ends its bond, little holds the layout to the middle of the letter."""
STRETCHED, SLANTED = 0.1, 0.12
"""Of letters: log of width over height, sd; slant, sd."""
QUARTER, ANYHOW = 0.35, 0.15
"""Share of drawings that lie on a side or upside down, and turned by any angle."""
CROOKED = 0.08
"""Turn of the others, sd [radian]."""
THICKER, THINNER = 0.3, 0.15
"""Share of drawings."""
THICKEST = 6
"""Pixels of the ground's ink by which lines become wider or narrower, and one, at most."""
PLAIN = 0.5
"""Share of the carbon atoms that are kept: most atoms are."""
VIEWS = 2
"""Times that each drawing's crops are cut, each distorted in its own way."""
NOT_BONDED = 9
"""Pairs without a bond, for each view, at most."""
FAR = 2.1
"""Distance of such a pair, at most [bond lengths]."""


def collect(
    smiles: Sequence[str], count: int, rng: np.random.Generator, fonts: Sequence[str] = ()
) -> Examples:
    """Examples of ``count`` drawings, each of another molecule.

    Args:
        fonts: files of further fonts.
    """
    rows: list[Examples] = []
    drawn, start = 0, time.process_time()
    for i in rng.permutation(len(smiles)):
        mol = Chem.MolFromSmiles(smiles[i])
        if mol is None or not 3 < mol.GetNumAtoms() <= MAX_ATOMS:
            continue
        found = examples(mol, rng, fonts)
        if found:
            rows += found
            drawn += 1
            if drawn % 250 == 0:
                print(f"{drawn} drawings, {time.process_time() - start:.0f} s", flush=True)
        if drawn == count:
            break
    atoms, elements, bonds, kinds = (np.concatenate(part) for part in zip(*rows, strict=True))
    return atoms, elements, bonds, kinds


def examples(mol: Chem.Mol, rng: np.random.Generator, fonts: Sequence[str] = ()) -> list[Examples]:
    """Views of one drawing; none where it cannot be drawn."""
    style = style_of(rng, fonts)
    try:
        picture, places = depict_with_places(mol, style, rng)
    except BadInput:
        return []
    before = picture.width
    picture = degrade(picture, STRAIGHT, rng)
    ground = Ground.of(picture)
    if ground is None or len(places) < 3:
        return []
    at = np.full(mol.GetNumAtoms(), np.nan + 0j, dtype=np.complex64)
    z = (places[:, 0] + 1j * places[:, 1]) * (picture.width / before * ground.factor)
    at[places[:, 2].astype(int)] = z + complex(*ground.shift)
    drawn = ~np.isnan(at.real)
    bonds = [b for b in mol.GetBonds() if drawn[b.GetBeginAtomIdx()] and drawn[b.GetEndAtomIdx()]]
    if not bonds:
        return []
    return [_view(mol, at, bonds, thicker(ground, rng), rng) for _ in range(VIEWS)]


def style_of(rng: np.random.Generator, fonts: Sequence[str]) -> Style:
    """A style of training, often with one of the further fonts where there are some."""
    style = sample(rng, "train")
    if fonts and rng.random() < MORE_FONTS:
        style = replace(style, font=fonts[rng.integers(len(fonts))])
    return style


def thicker(ground: Ground, rng: np.random.Generator) -> Ground:
    """Sometimes with thicker or thinner ink."""
    chance = rng.random()
    if chance > THICKER + THINNER:
        return ground
    size = int(rng.integers(2, THICKEST + 1))
    change = grey_dilation if chance < THICKER else grey_erosion
    return replace(ground, ink=change(ground.ink, size=(size, size)), _small={})


def _view(
    mol: Chem.Mol,
    at: np.ndarray,
    bonds: Sequence[Chem.Bond],
    ground: Ground,
    rng: np.random.Generator,
) -> Examples:
    """Of atoms at ``at`` (n,) [px], nan where one is not drawn."""
    ends = np.array([(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in bonds])
    unit = float(np.abs(at[ends[:, 0]] - at[ends[:, 1]]).mean())
    kinds = [bond_class(round(b.GetBondTypeAsDouble()), b.GetIsAromatic()) for b in bonds]
    near = np.argwhere(np.triu(np.abs(at[:, None] - at[None]) < FAR * unit, 1))
    pairs = [p for p in near if mol.GetBondBetweenAtoms(*map(int, p)) is None]
    if pairs:
        chosen = np.array(pairs)[rng.permutation(len(pairs))[:NOT_BONDED]]
        ends = np.concatenate([ends, chosen])
        kinds += [0] * len(chosen)
    swap = rng.random(len(ends)) < 0.5
    ends[swap] = ends[swap, ::-1]

    atoms = [mol.GetAtomWithIdx(int(i)) for i in np.flatnonzero(~np.isnan(at.real))]
    elements = np.array([atom_class(a.GetAtomicNum(), a.GetFormalCharge()) for a in atoms])
    index = np.array([a.GetIdx() for a in atoms])
    kept = (elements != 0) | (rng.random(len(index)) < PLAIN)
    index, elements = index[kept], elements[kept]

    def moved(z: np.ndarray, by: float) -> np.ndarray:
        return z + unit * by * (rng.normal(size=len(z)) + 1j * rng.normal(size=len(z)))

    letters = grid_of(ATOM, rng.normal(0, SLANTED), _turn(rng), rng)
    crops = atom_crops(ground, moved(at[index], MOVED), unit, letters)
    begin, end = (moved(at[ends[:, i]], MOVED_END) for i in range(2))
    joined = bond_crops(ground, begin, end, unit, grid_of(BOND, 0.0, 0.0, rng))
    return as_bytes(crops), elements, as_bytes(joined), np.array(kinds)


def grid_of(
    window: Window, slant: float, turn: float, rng: np.random.Generator, scaled: float = SCALED
) -> np.ndarray:
    """As ``window.grid``: of a picture that is turned by ``turn`` [radian], then distorted."""
    size, stretch = np.exp(rng.normal(0, scaled)), np.exp(rng.normal(0, STRETCHED))
    x = window.grid.real * stretch + slant * window.grid.imag
    y = window.grid.imag / stretch
    return np.asarray(size * (x + 1j * y) * np.exp(1j * turn), dtype=np.complex64)


def _turn(rng: np.random.Generator) -> float:
    """[radian]"""
    chance = rng.random()
    if chance < ANYHOW:
        return float(rng.uniform(0, 2 * np.pi))
    quarter = int(rng.integers(1, 4)) if chance < ANYHOW + QUARTER else 0
    return float(rng.normal(0, CROOKED) + quarter * np.pi / 2)


def as_bytes(crops: np.ndarray) -> np.ndarray:
    return (255 * crops).astype(np.uint8)
