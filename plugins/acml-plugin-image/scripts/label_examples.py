"""Crops of drawings around labels, and what these say: examples for ``train_labels.py``.

Molecules of the training split in the styles ``train``, with further fonts where a folder of them is
given. Elements that are rare in molecules stand in for others in half of the drawings.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from acml_plugin_image.degrade import degrade
from acml_plugin_image.depict import DISPLAYED, depict_with_atoms
from acml_plugin_image.overlay.crops import LABEL, label_crops
from acml_plugin_image.overlay.ground import Ground
from acml_plugin_image.overlay.labels import NOTHING, OFF, Label, label, label_of
from acml_plugin_image.styles import Style
from drawings import STRAIGHT
from rdkit import Chem
from reader_examples import SLANTED, as_bytes, grid_of, style_of, thicker

from acml_core.errors import BadInput

Examples = tuple[np.ndarray, np.ndarray]
"""Crops (n, height, side) uint8, labels (n, 3) uint8."""

MAX_ATOMS = 45
BRACKET = r"\[\d*([A-Z][a-z]?)"
HEAVIEST, SELDOM, OFTEN = 103, 20, 400
"""The last element that is put in; all count as if so many molecules more had them, but none as if
more than the last number had it."""
STRANGE, SWAPPED, SALT, IONS = 0.5, 3, 0.4, 0.15
"""Share of drawings with strange elements; of these, atoms that are swapped at most; share that get
lone ions; share that show ions alone."""
SPELT, SHORT = 0.1, 0.35
"""Share of drawings with all carbons spelt out, and with abbreviations, beside what styles have."""
MOVED, SCALED, CROOKED = 0.07, 0.18, 0.06
"""Of a crop: shift, sd [bond lengths]; log of its size, sd; turn, sd [radian]."""
VIEWS = 2
"""Times that each drawing's crops are cut, each distorted in its own way."""
PLAIN, BESIDE = 3, 2
"""Carbon atoms without letters, and places beside labels, for each view, at most."""
ASIDE = (0.35, 1.3)
"""How far such a place lies from a label [bond lengths]."""
CLEAR = 0.3
"""Other atoms are further than this from it [bond lengths]."""
LONE = (
    "O",
    "N",
    "Cl",
    "[Cl-]",
    "[Br-]",
    "[I-]",
    "[F-]",
    "[Na+]",
    "[K+]",
    "[OH-]",
    "[NH4+]",
    "[H+]",
    "[O-2]",
)


def strange(smiles: Sequence[str]) -> np.ndarray:
    """(119,) how often elements, by atomic number, are to be put in: by the root of how many molecules
    have them in brackets, but each sometimes."""
    table = Chem.GetPeriodicTable()
    found = Counter(symbol for one in smiles for symbol in set(re.findall(BRACKET, one)))
    share = np.zeros(119)
    for number in range(1, HEAVIEST + 1):
        share[number] = min(found[table.GetElementSymbol(number)] + SELDOM, OFTEN) ** 0.5
    return share / share.sum()


def molecule(smiles: Sequence[str], often: np.ndarray, rng: np.random.Generator) -> Chem.Mol | None:
    """One of the molecules, or one like it with strange elements.

    Args:
        often: as ``strange`` gives.
    """
    mol = Chem.MolFromSmiles(smiles[int(rng.integers(len(smiles)))])
    if mol is None or not 0 < mol.GetNumAtoms() <= MAX_ATOMS:
        return None
    if rng.random() > STRANGE:
        return mol
    if rng.random() < IONS:
        mol = Chem.MolFromSmiles("")
        count = int(rng.integers(2, 8))
    else:
        mol = _swapped(mol, often, rng)
        count = int(rng.integers(1, 4)) if rng.random() < SALT else 0
    for _ in range(count):
        mol = Chem.CombineMols(mol, _ion(often, rng))
    mol.UpdatePropertyCache(strict=False)
    Chem.GetSymmSSSR(mol)
    return mol


def _swapped(mol: Chem.Mol, often: np.ndarray, rng: np.random.Generator) -> Chem.Mol:
    """Some atoms outside of rings and double bonds are other elements."""
    mol = Chem.RWMol(mol)
    free = [
        atom.GetIdx()
        for atom in mol.GetAtoms()
        if not atom.IsInRing()
        and all(b.GetBondType() == Chem.BondType.SINGLE for b in atom.GetBonds())
    ]
    for i in rng.permutation(free)[: int(rng.integers(1, SWAPPED + 1))]:
        _strange(mol.GetAtomWithIdx(int(i)), often, rng)
    return mol.GetMol()


def _strange(atom: Chem.Atom, often: np.ndarray, rng: np.random.Generator) -> None:
    atom.SetAtomicNum(int(rng.choice(len(often), p=often)))
    atom.SetFormalCharge(int(rng.choice([0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, -1, -1, -2, -3])))
    atom.SetNoImplicit(True)
    atom.SetNumExplicitHs(int(rng.choice([0, 0, 0, 0, 1, 2, 3, 4])))
    atom.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)


def _ion(often: np.ndarray, rng: np.random.Generator) -> Chem.Mol:
    if rng.random() < 0.4:
        return Chem.MolFromSmiles(LONE[int(rng.integers(len(LONE)))])
    mol = Chem.MolFromSmiles("[Na+]")
    _strange(mol.GetAtomWithIdx(0), often, rng)
    return mol


def examples(mol: Chem.Mol, rng: np.random.Generator, fonts: Sequence[str] = ()) -> list[Examples]:
    """Views of one drawing; none where it cannot be drawn."""
    style = style_of(rng, fonts)
    chance = rng.random()
    if chance < SPELT:
        style = replace(style, labels="all", abbreviate=0.0)
    elif chance < SPELT + SHORT:
        style = replace(style, abbreviate=0.9)
    try:
        picture, drawn, places = depict_with_atoms(mol, style, rng)
    except BadInput:
        return []
    before = picture.width
    picture = degrade(picture, STRAIGHT, rng)
    ground = Ground.of(picture)
    if ground is None:
        return []
    at = (places[:, 0] + 1j * places[:, 1]) * (picture.width / before * ground.factor)
    at = at + complex(*ground.shift)
    bonds = [(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in drawn.GetBonds()]
    unit = float(np.mean([abs(at[a] - at[b]) for a, b in bonds])) if bonds else ground.lone_unit
    shown = [_shown(atom, style) for atom in drawn.GetAtoms()]
    return [_view(at, shown, unit, thicker(ground, rng), rng) for _ in range(VIEWS)]


def _shown(atom: Chem.Atom, style: Style) -> Label:
    """The label that stands at an atom, or none."""
    plain = atom.GetAtomicNum() == 6 and not atom.GetFormalCharge() and atom.GetDegree()
    spelt = atom.HasProp(DISPLAYED) or (style.labels == "methyl" and atom.GetDegree() == 1)
    return label(NOTHING) if plain and not spelt else label_of(atom)


def _view(
    at: np.ndarray, shown: Sequence[Label], unit: float, ground: Ground, rng: np.random.Generator
) -> Examples:
    nothing = label(NOTHING)
    lettered = np.array([one != nothing for one in shown])
    kept = np.concatenate(
        [np.flatnonzero(lettered), rng.permutation(np.flatnonzero(~lettered))[:PLAIN]]
    ).astype(int)
    places, labels = at[kept], [shown[i] for i in kept]
    beside = rng.permutation(np.flatnonzero(lettered))[:BESIDE]
    far = rng.uniform(*ASIDE, len(beside)) * rng.choice([-1, 1], len(beside))
    for place in at[beside] + unit * (far + 1j * rng.normal(0, 0.1, len(beside))):
        if np.abs(at - place).min() > CLEAR * unit:
            places, labels = np.append(places, place), [*labels, label(OFF)]
    places = places + unit * MOVED * (
        rng.normal(size=len(places)) + 1j * rng.normal(size=len(places))
    )
    grid = grid_of(LABEL, rng.normal(0, SLANTED), rng.normal(0, CROOKED), rng, SCALED)
    crops = label_crops(ground, places, unit, grid)
    return as_bytes(crops), np.array(labels, dtype=np.uint8).reshape(-1, 3)
