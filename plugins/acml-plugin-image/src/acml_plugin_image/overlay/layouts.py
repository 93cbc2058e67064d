"""The ways in which a candidate may be laid out on paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from itertools import combinations, islice

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdAbbreviations, rdCoordGen, rdDepictor

from acml_plugin_image.depict import (
    MAX_HYDROGEN_ATOMS,
    NUMBER,
    abbreviations,
    fits_coordgen,
)
from acml_plugin_image.overlay.labels import label_of

MAX_ATOMS = 150
"""Larger molecules are not laid out: their drawings cannot be read at this resolution."""

ABBREVIATED, LEAST, FEWER = 0.6, 0.3, 5
"""Largest share of the atoms that one abbreviation may cover; down to the least, the largest groups are
drawn after all, one size after the other, in so many ways at most: more or less of a long chain."""

LABEL = "atomLabel"
"""Property in which RDKit keeps what an abbreviation is called."""

CROWDED = 4
"""Neighbours of an atom whose substituents may have other places than in the layout."""

KEPT_LAYOUTS = 6000
"""Layouts that are kept, of about 10 kB each."""


@dataclass(frozen=True)
class Layout:
    """A drawing of a molecule in the plane, with bonds of about length 1.

    Attributes:
        at: (n,) complex64, places x + iy of what is drawn: atoms, or groups that are abbreviated.
        bonds: (b, 2) int, numbers of the two ends.
        order: (b,) int: 1, 2 or 3; aromatic bonds as in one Kekule structure.
        aromatic: (b,) bool.
        number: (n,) int, index in the molecule; -1 for an abbreviation or a drawn hydrogen.
        element: (n,) int, atomic number; 0 for an abbreviation.
        charge: (n,) int.
        labelled: (n,) bool, whether letters stand there.
        lettered: (n,) bool, whether letters may stand there: a methyl group may be spelt out.
        label: (n, 3) int, what letters say where they stand, as ``labels.Label``.
        mol: what is drawn.
    """

    at: np.ndarray
    bonds: np.ndarray
    order: np.ndarray
    aromatic: np.ndarray
    number: np.ndarray
    element: np.ndarray
    charge: np.ndarray
    labelled: np.ndarray
    lettered: np.ndarray
    label: np.ndarray
    mol: Chem.Mol

    @property
    def count(self) -> int:
        """What is drawn: n."""
        return len(self.at)

    def part(self, chosen: np.ndarray) -> Layout:
        """The layout of some of what is drawn, ``chosen`` (m,) in rising order, and their bonds."""
        inside = np.isin(self.bonds, chosen).all(axis=1)
        return replace(
            self,
            at=self.at[chosen],
            bonds=np.searchsorted(chosen, self.bonds[inside]),
            order=self.order[inside],
            aromatic=self.aromatic[inside],
            number=self.number[chosen],
            element=self.element[chosen],
            charge=self.charge[chosen],
            labelled=self.labelled[chosen],
            lettered=self.lettered[chosen],
            label=self.label[chosen],
        )

    @cached_property
    def spelt(self) -> Layout:
        """The same where letters stand at every atom, carbon too."""
        every = np.ones(self.count, dtype=bool)
        return replace(self, labelled=every, lettered=every)

    @cached_property
    def components(self) -> list[np.ndarray]:
        """Numbers of what hangs together, the component of most bonds first."""
        found = [np.sort(np.array(part)) for part in Chem.GetMolFrags(self.mol)]
        return sorted(found, key=lambda part: (-len(part), int(part[0])))

    @cached_property
    def sides(self) -> list[tuple[int, int, np.ndarray]]:
        """Substituents that could lie on the other side of the bond that holds them.

        Each is the numbers of the bond's two ends, and of the atoms behind the second; of a bond's
        two sides the smaller one, or either where there are several components, since none of them is
        mirrored alone.
        """
        return _sides(self)

    @cached_property
    def swaps(self) -> list[tuple[int, tuple[int, int], tuple[np.ndarray, np.ndarray]]]:
        """Substituents of an atom with four neighbours that could have each other's place.

        Each is the number of the atom, those of two of its neighbours, and what hangs on either, with
        it. Which of four lies where follows from the order of the atoms, which is not known.
        """
        return _swaps(self)


def layouts(mol: Chem.Mol) -> Iterator[Layout]:
    """Layouts of a molecule, the commonest first; none where it cannot be laid out.

    Args:
        mol: sanitised; not changed.
    """
    for drawn in WAYS:
        layout = _in_one_way(mol, drawn)
        if layout is not None:
            yield layout


def layouts_of(smiles: str, orders: bool = False) -> Iterator[Layout]:
    """As ``layouts``, of a molecule's SMILES: each is made once, for candidates come up again.

    Args:
        orders: also those of ``ORDERS``.
    """
    for number in range(len(WAYS) + len(ORDERS) * orders):
        layout = _kept(smiles, number)
        if layout is not None:
            yield layout


@lru_cache(maxsize=KEPT_LAYOUTS)
def _kept(smiles: str, number: int) -> Layout | None:
    mol = Chem.MolFromSmiles(smiles)
    return None if mol is None else _in_one_way(mol, (*WAYS, *ORDERS)[number])


def _in_one_way(mol: Chem.Mol, way: Callable[[Chem.Mol], Chem.Mol | None]) -> Layout | None:
    """None where the molecule is not drawn so, or RDKit cannot."""
    if not 0 < mol.GetNumAtoms() <= MAX_ATOMS:
        return None
    mol = Chem.Mol(mol)
    for atom in mol.GetAtoms():
        atom.SetIntProp(NUMBER, atom.GetIdx())
    try:
        drawn = way(Chem.RemoveHs(mol))
        return None if drawn is None else _layout(drawn)
    except (RuntimeError, ValueError):
        return None


def _plain(mol: Chem.Mol) -> Chem.Mol:
    Chem.Kekulize(mol)
    rdDepictor.Compute2DCoords(mol)
    return mol


def _with_coordgen(mol: Chem.Mol) -> Chem.Mol | None:
    if not fits_coordgen(mol):
        return None
    Chem.Kekulize(mol)
    rdCoordGen.AddCoords(mol)
    return mol


def _condensed(mol: Chem.Mol) -> Iterator[Chem.Mol]:
    """With groups abbreviated: all, then all but the largest, and so on; each a drawing of its own."""
    share = ABBREVIATED
    while share >= LEAST:
        short = rdAbbreviations.CondenseMolAbbreviations(mol, abbreviations(), share)
        used = [a.GetProp(LABEL) for a in short.GetAtoms() if a.HasProp(LABEL)]
        if not used:
            return
        yield short
        share = (max(_sizes()[label] for label in used) - 0.5) / mol.GetNumAtoms()


@lru_cache(maxsize=1)
def _sizes() -> dict[str, int]:
    """Atoms of each abbreviation; the one that its pattern begins with is not of the group."""
    return {one.label: one.mol.GetNumAtoms() - 1 for one in abbreviations()}


def _abbreviated(mol: Chem.Mol, number: int) -> Chem.Mol | None:
    short = next(islice(_condensed(mol), number, None), None)
    return None if short is None else _plain(Chem.Mol(short))


def _abbreviated_with_coordgen(mol: Chem.Mol) -> Chem.Mol | None:
    short = next(_condensed(mol), None)
    return None if short is None else _with_coordgen(Chem.Mol(short))


def _in_another_order(mol: Chem.Mol, seed: int) -> Chem.Mol | None:
    """None where the order of the atoms hardly matters: without an atom of four neighbours."""
    if not any(atom.GetDegree() == CROWDED for atom in mol.GetAtoms()):
        return None
    order = np.random.default_rng(seed).permutation(mol.GetNumAtoms())
    return _plain(Chem.RenumberAtoms(mol, order.tolist()))


def _with_hydrogens(mol: Chem.Mol) -> Chem.Mol | None:
    few = mol.GetNumHeavyAtoms() <= MAX_HYDROGEN_ATOMS
    return _plain(Chem.AddHs(mol)) if few else None


WAYS: tuple[Callable[[Chem.Mol], Chem.Mol | None], ...] = (
    _plain,
    _with_coordgen,
    partial(_abbreviated, number=0),
    _abbreviated_with_coordgen,
    *(partial(_abbreviated, number=number) for number in range(1, FEWER)),
    _with_hydrogens,
)

ORDERS: tuple[Callable[[Chem.Mol], Chem.Mol | None], ...] = tuple(
    partial(_in_another_order, seed=seed) for seed in range(4)
)
"""Further ways: what hangs on a crowded atom may stand in any order around it."""


def _layout(mol: Chem.Mol) -> Layout:
    places = mol.GetConformer().GetPositions()
    at = places[:, 0] + 1j * places[:, 1]
    bonds = np.array(
        [(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in mol.GetBonds()], dtype=np.intp
    ).reshape(-1, 2)
    length = np.abs(at[bonds[:, 0]] - at[bonds[:, 1]])
    unit = float(np.median(length)) if len(bonds) else 1.5
    atoms = np.array(
        [
            (
                a.GetAtomicNum(),
                a.GetFormalCharge(),
                a.GetDegree(),
                a.GetIntProp(NUMBER) if a.HasProp(NUMBER) else -1,
            )
            for a in mol.GetAtoms()
        ]
    )
    element, charge, degree, number = atoms.T
    labelled = (element != 6) | (charge != 0) | (degree == 0)
    joins = [(round(b.GetBondTypeAsDouble()), b.GetIsAromatic()) for b in mol.GetBonds()]
    order, aromatic = np.array(joins, dtype=int).reshape(-1, 2).T
    return Layout(
        at=((at - at.mean()) / max(unit, 1e-3)).astype(np.complex64),
        bonds=bonds,
        order=order,
        aromatic=aromatic.astype(bool),
        number=number,
        element=element,
        charge=charge,
        labelled=labelled,
        lettered=labelled | (degree == 1),
        label=np.array([label_of(a) for a in mol.GetAtoms()]),
        mol=mol,
    )


def _neighbours(layout: Layout) -> list[list[int]]:
    near: list[list[int]] = [[] for _ in range(layout.count)]
    for a, b in layout.bonds:
        near[a].append(int(b))
        near[b].append(int(a))
    return near


def _swaps(
    layout: Layout,
) -> list[tuple[int, tuple[int, int], tuple[np.ndarray, np.ndarray]]]:
    near, found = _neighbours(layout), []
    for centre, around in enumerate(near):
        if len(around) != CROWDED:
            continue
        hanging = {}
        for one in around:
            behind = _behind(near, centre, one, layout.count)
            if behind is not None and len(behind) < layout.count // 2:
                hanging[one] = np.append(behind, one).astype(int)
        for first, second in combinations(hanging, 2):
            found.append((centre, (first, second), (hanging[first], hanging[second])))
    return found


def _sides(layout: Layout) -> list[tuple[int, int, np.ndarray]]:
    n, near = layout.count, _neighbours(layout)
    fewest = 2 if len(layout.components) == 1 else 1  # an ion of several may be turned over whole
    found = []
    for a, b in layout.bonds.tolist():
        if len(near[a]) < fewest or len(near[b]) < fewest:
            continue
        for begin, start in ((a, b), (b, a)):
            if len(near[start]) < 2:
                continue
            moving = _behind(near, begin, start, n // 2 + 1)
            if moving is not None:
                found.append((begin, start, moving))
                if len(layout.components) == 1:
                    break  # the other side gives its mirror image, which is tried as a whole
    return found


def _behind(near: list[list[int]], begin: int, start: int, most: int) -> np.ndarray | None:
    """Atoms behind a bond's end ``start``; None where a ring leads back, or there are many."""
    seen, todo = {start}, [start]
    while todo:
        here = todo.pop()
        for i in near[here]:
            if i == begin and here != start:
                return None
            if i != begin and i not in seen:
                seen.add(i)
                todo.append(i)
        if len(seen) > most:
            return None
    return np.array(sorted(seen - {start}))
