"""What the readers see at places of a picture; near places are read once, for all candidates.

Candidates for one picture lie on the same ink: many of their atoms and bonds share a place, and they
come back to it when something else in them was moved.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from acml_plugin_image.overlay.crops import LABEL, atom_crops, bond_crops, label_crops
from acml_plugin_image.overlay.ground import Ground
from acml_plugin_image.overlay.label_reader import read
from acml_plugin_image.overlay.reader import log_shares

PLACE_STEP, SIZE_STEP = 0.08, 0.06
"""Places are rounded to multiples [bond lengths], lengths of bonds to powers [log]."""


def atom_looks(ground: Ground, at: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Log probabilities of what stands at places.

    Args:
        at: (n,) complex, places [px].
        unit: (n,) length of a bond there [px].

    Returns:
        (n, classes of atoms) float32.
    """
    level, size = _sizes(unit)

    def seen(part: np.ndarray, size: float) -> np.ndarray:
        return atom_crops(ground, _place(part[:, 1:3], size), size)

    keys = np.stack([level, *_steps(at, size)], axis=1)
    return _looks(ground, "atoms", keys, seen, lambda crops: log_shares("atoms", crops))


def bond_looks(ground: Ground, begin: np.ndarray, end: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """As ``atom_looks``, of what joins places ``begin`` and ``end`` (n,): (n, classes of bonds)."""
    level, size = _sizes(unit)
    first, last = np.stack(_steps(begin, size)), np.stack(_steps(end, size))
    swap = (first[0] > last[0]) | ((first[0] == last[0]) & (first[1] > last[1]))
    first, last = np.where(swap, last, first), np.where(swap, first, last)

    def seen(part: np.ndarray, size: float) -> np.ndarray:
        return bond_crops(ground, _place(part[:, 1:3], size), _place(part[:, 3:5], size), size)

    keys = np.concatenate([level[None], first, last]).T
    return _looks(ground, "bonds", keys, seen, lambda crops: log_shares("bonds", crops))


def label_looks(ground: Ground, at: np.ndarray, unit: np.ndarray, quarter: int) -> np.ndarray:
    """Log probabilities of what labels say.

    Args:
        at, unit: as ``atom_looks``.
        quarter: quarter turns by which letters are turned, 0 to 3.

    Returns:
        (n, symbols + charges + hydrogens) float32, one after the other.
    """
    level, size = _sizes(unit)

    def seen(part: np.ndarray, size: float) -> np.ndarray:
        return label_crops(ground, _place(part[:, 1:3], size), size, LABEL.grid * 1j**quarter)

    keys = np.stack([level, *_steps(at, size)], axis=1)
    return _looks(ground, f"labels {quarter}", keys, seen, read)


def _looks(
    ground: Ground,
    kind: str,
    keys: np.ndarray,
    cut: Callable[[np.ndarray, float], np.ndarray],
    read: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """What is seen at keys (n, ...) that begin with their size's level; kept with the ground."""
    cells, index = np.unique(keys, axis=0, return_inverse=True)
    names, kept = [tuple(cell) for cell in cells.tolist()], ground.read.setdefault(kind, {})
    new = cells[[name not in kept for name in names]]
    if len(new):
        crops = [
            cut(new[new[:, 0] == level], float(np.exp(level * SIZE_STEP)))
            for level in np.unique(new[:, 0])  # rising, as the cells are
        ]
        rows = read(np.concatenate(crops))
        kept.update(zip(map(tuple, new.tolist()), rows, strict=True))
    return np.stack([kept[name] for name in names])[index.ravel()]


def _sizes(unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lengths of bonds as levels (n,) int, and rounded (n,) [px]."""
    level = np.round(np.log(unit) / SIZE_STEP).astype(int)
    return level, np.exp(level * SIZE_STEP)


def _steps(at: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    step = PLACE_STEP * size
    return np.round(at.real / step).astype(int), np.round(at.imag / step).astype(int)


def _place(steps: np.ndarray, size: float) -> np.ndarray:
    return np.asarray(PLACE_STEP * size * (steps[:, 0] + 1j * steps[:, 1]))
