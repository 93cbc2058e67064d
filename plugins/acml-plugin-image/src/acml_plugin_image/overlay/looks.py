"""What the readers see at places of a picture; near places are read once, for all candidates.

Candidates for one picture lie on the same ink: many of their atoms and bonds share a place.
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
    keys = np.stack([level, *_steps(at, size)], axis=1)
    cells, index = np.unique(keys, axis=0, return_inverse=True)

    def cut(part: np.ndarray, size: float) -> np.ndarray:
        return atom_crops(ground, _place(part[:, 1:3], size), size)

    return _read("atoms", cells, cut)[index.ravel()]


def bond_looks(ground: Ground, begin: np.ndarray, end: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """As ``atom_looks``, of what joins places ``begin`` and ``end`` (n,): (n, classes of bonds)."""
    level, size = _sizes(unit)
    first, last = np.stack(_steps(begin, size)), np.stack(_steps(end, size))
    swap = (first[0] > last[0]) | ((first[0] == last[0]) & (first[1] > last[1]))
    first, last = np.where(swap, last, first), np.where(swap, first, last)
    cells, index = np.unique(
        np.concatenate([level[None], first, last]).T, axis=0, return_inverse=True
    )

    def cut(part: np.ndarray, size: float) -> np.ndarray:
        return bond_crops(ground, _place(part[:, 1:3], size), _place(part[:, 3:5], size), size)

    return _read("bonds", cells, cut)[index.ravel()]


def label_looks(ground: Ground, at: np.ndarray, unit: np.ndarray, quarter: int) -> np.ndarray:
    """Log probabilities of what labels say; kept with the ground, for candidates come back to a place.

    Args:
        at, unit: as ``atom_looks``.
        quarter: quarter turns by which letters are turned, 0 to 3.

    Returns:
        (n, symbols + charges + hydrogens) float32, one after the other.
    """
    level, size = _sizes(unit)
    keys = np.stack([level, *_steps(at, size), np.full(len(at), quarter)], axis=1)
    cells, index = np.unique(keys, axis=0, return_inverse=True)
    names = [tuple(cell) for cell in cells.tolist()]
    new = cells[[name not in ground.read for name in names]]
    if len(new):
        crops = []
        for one in np.unique(new[:, 0]):  # rising, as the cells are
            length = float(np.exp(one * SIZE_STEP))
            place = _place(new[new[:, 0] == one, 1:3], length)
            crops.append(label_crops(ground, place, length, LABEL.grid * 1j**quarter))
        rows = read(np.concatenate(crops))
        ground.read.update(zip(map(tuple, new.tolist()), rows, strict=True))
    return np.stack([ground.read[name] for name in names])[index.ravel()]


def _read(
    kind: str, cells: np.ndarray, cut: Callable[[np.ndarray, float], np.ndarray]
) -> np.ndarray:
    """Log probabilities (m, classes) at cells (m, ...) that begin with their size's level."""
    crops = [
        cut(cells[cells[:, 0] == level], float(np.exp(level * SIZE_STEP)))
        for level in np.unique(cells[:, 0])  # rising, as the cells are
    ]
    return log_shares(kind, np.concatenate(crops))


def _sizes(unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lengths of bonds as levels (n,) int, and rounded (n,) [px]."""
    level = np.round(np.log(unit) / SIZE_STEP).astype(int)
    return level, np.exp(level * SIZE_STEP)


def _steps(at: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    step = PLACE_STEP * size
    return np.round(at.real / step).astype(int), np.round(at.imag / step).astype(int)


def _place(steps: np.ndarray, size: float) -> np.ndarray:
    return np.asarray(PLACE_STEP * size * (steps[:, 0] + 1j * steps[:, 1]))
