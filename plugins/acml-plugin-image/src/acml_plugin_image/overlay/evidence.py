"""What layouts on the ink say for their molecules: atoms, bonds, and ink that nothing explains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from acml_plugin_image.overlay import reader
from acml_plugin_image.overlay.align import Laid
from acml_plugin_image.overlay.ground import Ground
from acml_plugin_image.overlay.looks import atom_looks, bond_looks
from acml_plugin_image.overlay.stray import stray_letters

LEAST = -4.0
"""Log probability of one atom or bond, at least: a smudge does not rule a candidate out."""

ABBREVIATION = -2.0
"""Log probability that letters, which are not read, are those of a group that is abbreviated."""


class Evidence(NamedTuple):
    """Each a sum over the drawing.

    Attributes:
        atoms, bonds: log probabilities that atoms and bonds look as they do.
        unexplained: length of strokes that belong to nothing, but for a legend [bond lengths, as
            ``Ground.counted_in``].
        bare: length of strokes without ink [bond lengths].
        stray: number of letters that belong to nothing.
    """

    atoms: float
    bonds: float
    unexplained: float
    bare: float
    stray: float


WEIGHTS = Evidence(atoms=0.55, bonds=1.05, unexplained=-5.5, bare=-1.0, stray=-4.4)
"""Of the parts of the evidence: the likeliest on 268 drawings of validation molecules, half of them in
the styles ``held_out`` (``scripts/fit_evidence.py``)."""


def evidence(laid: Sequence[Laid], ground: Ground) -> list[Evidence]:
    """See ``Evidence``; of each. The readers are asked once, for all."""
    if not laid:
        return []
    atoms, bonds = _atoms(laid, ground), _bonds(laid, ground)
    return [
        Evidence(
            atoms=atoms[i],
            bonds=bonds[i],
            unexplained=float(np.where(ground.in_legend, 0, 1 - one.explained).mean())
            * (ground.length / ground.counted_in(one.unit)),
            bare=float((1 - one.inked).sum()),
            stray=stray_letters(one, ground),
        )
        for i, one in enumerate(laid)
    ]


def weighed(laid: Sequence[Laid], ground: Ground) -> list[float]:
    """The evidence of each as one log likelihood, see ``WEIGHTS``."""
    return [float(np.dot(WEIGHTS, one)) for one in evidence(laid, ground)]


def _atoms(laid: Sequence[Laid], ground: Ground) -> list[float]:
    at = np.concatenate([one.at for one in laid])
    count = [one.layout.count for one in laid]
    size = [ground.unit_of_letters(one.unit) for one in laid]
    shown = atom_looks(ground, at, np.repeat(size, count))
    kind = np.concatenate([reader.atom_classes(one.layout) for one in laid])
    element = np.concatenate([one.layout.element for one in laid])
    carbon = shown[:, reader.ATOMS.index("C")]
    letters = np.log(np.maximum(1 - np.exp(carbon), 1e-6)) + ABBREVIATION
    seen = np.where(element == 0, letters, shown[np.arange(len(kind)), kind])
    return _sums(seen, count)


def _bonds(laid: Sequence[Laid], ground: Ground) -> list[float]:
    count = [len(one.layout.bonds) for one in laid]
    if not sum(count):
        return [0.0] * len(laid)
    begin, end = (
        np.concatenate([one.at[one.layout.bonds[:, i]] for one in laid]) for i in range(2)
    )
    shown = bond_looks(ground, begin, end, np.repeat([one.unit for one in laid], count))
    kind = np.concatenate([reader.bond_classes(one.layout) for one in laid])
    return _sums(shown[np.arange(len(kind)), kind], count)


def _sums(seen: np.ndarray, count: Sequence[int]) -> list[float]:
    """Of log probabilities (n,), one after the other ``count`` of them for each layout."""
    parts = np.split(np.logaddexp(seen, LEAST), np.cumsum(count)[:-1])
    return [float(part.sum()) for part in parts]
