"""What a molecule's structure says of the ions it breaks into, beyond the kinds of bonds that broke.

``cleavage`` gives each fragment ion a weight by a sum over kinds of bonds and atoms. Here a small
network corrects its logarithm: messages pass over atoms and bonds (the charge is not held where a bond
breaks, and a ring or a substituent further away counts), and each fragment is described by the atoms it
kept, by those it lost, and by the bonds between the two. The correction depends on the hydrogens that
moved and, linearly, on the logarithm of the collision energy. ``scripts/train_breaking.py`` trained it
on spectra of molecules of the training side alone.
"""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from rdkit import Chem
from torch import Tensor, nn

from acml_plugin_ms import atoms, cleavage
from acml_plugin_ms.atoms import ATOMS, HALOGENS
from acml_plugin_ms.cleavage import AWAY, BONDS
from acml_plugin_ms.fragments import Fragments
from acml_plugin_ms.ions import Ion

log = logging.getLogger("acml")

WEIGHTS = Path(__file__).parent / "data" / "breaking.safetensors"

TERMS = (
    "second opinion on mass spectra: its weights are for non-commercial use only (CC-BY-NC-SA-4.0);"
    " a model with modality.ms.trained_ions=false does without them"
)

ATOM_FEATURES = len(ATOMS) + len(HALOGENS) + 8
"""Kind; which halogen; hydrogens, neighbours, charge, in a ring, in a small ring, in two rings; and
whether the ion is a deprotonated molecule, and whether it is of electron ionisation."""

BOND_FEATURES = len(BONDS) + 3
"""Kind; order, conjugated, in a ring."""

FRAGMENT_FEATURES = 9
"""Share of the atoms and of the hydrogens, a second cut, unsaturation, and how many bonds broke."""

SMALL_RING = 5
"""Atoms of a ring that is called small."""

MOST_BONDS = 5
"""Broken bonds from which on they are no longer told apart."""


class Described(NamedTuple):
    """One molecule and its fragments as numbers.

    Attributes:
        atoms: (N, ATOM_FEATURES) float32.
        ends: (D, 2) int64, each bond in both directions: the atom kept, and the one lost.
        bonds: (D, BOND_FEATURES) float32.
        inside: (F, N) bool, atoms of each fragment.
        cut: (F, D) bool, directed bonds that broke.
        fragments: (F, FRAGMENT_FEATURES) float32.
    """

    atoms: np.ndarray
    ends: np.ndarray
    bonds: np.ndarray
    inside: np.ndarray
    cut: np.ndarray
    fragments: np.ndarray


def describe(mol: Chem.Mol, found: Fragments, ion: Ion) -> Described:
    """The network's view of a molecule without explicit hydrogens."""
    rings = mol.GetRingInfo()
    each = np.zeros((mol.GetNumAtoms(), ATOM_FEATURES), dtype=np.float32)
    for number, atom in enumerate(mol.GetAtoms()):
        each[number, atoms.kind(atom)] = 1
        if atom.GetAtomicNum() in HALOGENS:
            each[number, len(ATOMS) + HALOGENS.index(atom.GetAtomicNum())] = 1
        sizes = rings.AtomRingSizes(number)
        each[number, -8:] = (
            atom.GetTotalNumHs() / 3,
            atom.GetDegree() / 3,
            atom.GetFormalCharge(),
            bool(sizes),
            any(size <= SMALL_RING for size in sizes),
            len(sizes) > 1,
            ion == "[M-H]-",
            ion == "EI",
        )
    bonds = list(mol.GetBonds())
    ends = np.array([(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in bonds], dtype=np.int64)
    ends = ends.reshape(-1, 2)
    ends = np.concatenate([ends, ends[:, ::-1]])
    of_bond = np.zeros((len(bonds), BOND_FEATURES), dtype=np.float32)
    for number, bond in enumerate(bonds):
        of_bond[number, cleavage.kind(bond)] = 1
        of_bond[number, -3:] = (
            bond.GetBondTypeAsDouble() / 2,
            bond.GetIsConjugated(),
            bond.IsInRing(),
        )
    of_bond = np.concatenate([of_bond, of_bond])
    cut = found.atoms[:, ends[:, 0]] & ~found.atoms[:, ends[:, 1]]
    return Described(each, ends, of_bond, found.atoms, cut, _of_fragments(mol, found))


class Breaking(nn.Module):
    """Corrections of the logarithms of ions' weights.

    Args:
        width: of atoms and bonds.
        hidden: of the layers over a fragment.
        layers: of messages.
        dropout: in training.
    """

    def __init__(
        self, width: int = 48, hidden: int = 64, layers: int = 4, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.atom = nn.Linear(ATOM_FEATURES, width)
        self.bond = nn.Linear(BOND_FEATURES, width)
        self.sent = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.kept = nn.ModuleList(nn.Linear(2 * width, width) for _ in range(layers))
        self.norm = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers))
        self.start, self.stop = nn.Linear(width, width), nn.Linear(width, width)
        self.charge = nn.Linear(width, 1)
        self.inside, self.outside = nn.Linear(width, hidden), nn.Linear(width, hidden)
        self.cut, self.fragment = nn.Linear(width, hidden), nn.Linear(FRAGMENT_FEATURES + 1, hidden)
        self.deep = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, 2 * len(AWAY))
        self.drop = nn.Dropout(dropout)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(
        self,
        atoms: Tensor,
        present: Tensor,
        ends: Tensor,
        bonds: Tensor,
        inside: Tensor,
        cut: Tensor,
        fragments: Tensor,
    ) -> Tensor:
        """Of M molecules, padded to N atoms, D directed bonds and F fragments.

        Args:
            atoms: (M, N, ATOM_FEATURES).
            present: (M, N), 1 for atoms and 0 for padding.
            ends: (M, D, 2) numbers of atoms within the molecule.
            bonds: (M, D, BOND_FEATURES + 1), the last 1 for bonds and 0 for padding.
            inside: (M, F, N) of 0 and 1.
            cut: (M, F, D) of 0 and 1.
            fragments: (M, F, FRAGMENT_FEATURES).

        Returns:
            (M, F, 2, len(AWAY)): what is added to the logarithm of each ion's weight, at the typical
            energy and for each factor e of it.
        """
        count, size, _ = atoms.shape
        place = ends + size * torch.arange(count).view(-1, 1, 1)
        from_, to = place[..., 0].flatten(), place[..., 1].flatten()
        real = bonds[..., -1:].flatten(0, 1)
        bond = self.bond(bonds[..., :-1]).flatten(0, 1)
        state = self.atom(atoms).flatten(0, 1)
        for sent, kept, norm in zip(self.sent, self.kept, self.norm, strict=True):
            message = torch.relu(sent(state)[from_] + bond) * real
            heard = torch.zeros_like(state).index_add(0, to, message)
            state = state + self.drop(torch.relu(kept(torch.cat([norm(state), heard], 1))))
        at = torch.relu(self.start(state)[from_] + self.stop(state)[to] + bond) * real
        at, state = (
            at.view(count, -1, at.shape[1]),
            state.view(count, size, -1) * present[..., None],
        )
        charge = self.charge(state)[..., 0].clamp(-MOST_CHARGE, MOST_CHARGE).exp() * present
        held = (inside @ charge[..., None])[..., 0] / charge.sum(1, keepdim=True)
        own = inside.sum(2, keepdim=True)
        total = present.sum(1)[:, None, None]
        mean = inside @ self.inside(state) / own.clamp(min=1)
        outside = self.outside(state)
        rest = ((outside * present[..., None]).sum(1, keepdim=True) - inside @ outside) / (
            total - own
        ).clamp(min=1)
        log = held.clamp(min=LEAST_HELD).log()[..., None]
        pooled = mean + rest + cut @ self.cut(at) + self.fragment(torch.cat([fragments, log], 2))
        deep = self.drop(torch.relu(self.deep(self.drop(torch.relu(pooled)))))
        return self.out(deep).unflatten(2, (2, len(AWAY)))


MOST_CHARGE = 8.0
"""Bound of how much better one atom holds the charge than another, as a logarithm."""

LEAST_HELD = 1e-6
"""Of the charge, a fragment holds at least this share."""


def padded(every: list[Described]) -> tuple[Tensor, ...]:
    """What ``Breaking`` takes, of several molecules."""
    n, d, f = (max(len(one[k]) for one in every) for k in (0, 1, 3))
    m = len(every)
    atoms_, present = np.zeros((m, n, ATOM_FEATURES), np.float32), np.zeros((m, n), np.float32)
    ends, bonds = np.zeros((m, d, 2), np.int64), np.zeros((m, d, BOND_FEATURES + 1), np.float32)
    inside, cut = np.zeros((m, f, n), np.float32), np.zeros((m, f, d), np.float32)
    rows = np.zeros((m, f, FRAGMENT_FEATURES), np.float32)
    for k, one in enumerate(every):
        a, b, c = len(one.atoms), len(one.ends), len(one.fragments)
        atoms_[k, :a], present[k, :a] = one.atoms, 1
        ends[k, :b], bonds[k, :b, :-1], bonds[k, :b, -1] = one.ends, one.bonds, 1
        inside[k, :c, :a], cut[k, :c, :b], rows[k, :c] = one.inside, one.cut, one.fragments
    arrays = (atoms_, present, ends, bonds, inside, cut, rows)
    return tuple(torch.from_numpy(array) for array in arrays)


def correction(mol: Chem.Mol, found: Fragments, ion: Ion) -> np.ndarray:
    """Corrections of one molecule's ions, (F, 2, len(AWAY)) float32, as ``Breaking`` returns them."""
    with torch.no_grad():
        (values,) = trained()(*padded([describe(mol, found, ion)]))
    return np.asarray(values.numpy())


@cache
def trained() -> Breaking:
    """The network that comes with this plugin; its licence is logged."""
    from safetensors.torch import load_file

    log.warning(TERMS)
    network = Breaking()
    network.load_state_dict({name: value.float() for name, value in load_file(WEIGHTS).items()})
    return network.eval()


def _of_fragments(mol: Chem.Mol, found: Fragments) -> np.ndarray:
    """(F, FRAGMENT_FEATURES)."""
    own = found.atoms.sum(1)
    hydrogens = max(sum(atom.GetTotalNumHs() for atom in mol.GetAtoms()), 1)
    broken = np.minimum(found.bonds, MOST_BONDS)[:, None] == np.arange(1, MOST_BONDS + 1)
    valence = np.array([atom.GetTotalValence() - 2 for atom in mol.GetAtoms()])
    # half of what is missing to a saturated chain: rings and double bonds, the broken bonds open
    open_ = (found.atoms @ valence - found.hydrogens - found.bonds) / 2 + 1
    rest = [own / mol.GetNumAtoms(), found.hydrogens / hydrogens, found.depth == 2, open_ / own / 2]
    return np.concatenate([np.stack(rest, 1), broken], 1).astype(np.float32)
