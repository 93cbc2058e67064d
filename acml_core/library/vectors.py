"""Vectors of a library's molecules: parts, each a memory-mapped file, that are never joined."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from acml_core.errors import ArtefactError
from acml_core.files import whole


class Vectors:
    """``(N, p)`` in parts ``(n, p)`` of one dtype, float16 on disk.

    Attributes:
        codes: of every part, as ``acml_core.library.codes`` stores them; or none.
    """

    def __init__(self, parts: Sequence[Tensor], codes: Sequence[Tensor] = ()) -> None:
        self.parts = list(parts)
        self.codes = list(codes)
        self._starts = np.concatenate([[0], np.cumsum([len(part) for part in self.parts])])

    def __len__(self) -> int:
        return int(self._starts[-1])

    @property
    def dim(self) -> int:
        """p."""
        return int(self.parts[0].shape[1]) if self.parts else 0

    def take(self, index: np.ndarray) -> Tensor:
        """Some of the rows, in that order, in memory: ``(m, p)``."""
        order = np.argsort(index, kind="stable")
        wanted = index[order]
        bounds = np.searchsorted(wanted, self._starts)
        dtype = self.parts[0].dtype if self.parts else torch.float16
        found = torch.empty((len(index), self.dim), dtype=dtype)
        for number in np.flatnonzero(np.diff(bounds)):
            here = slice(int(bounds[number]), int(bounds[number + 1]))
            local = torch.from_numpy(wanted[here] - self._starts[number])
            torch.index_select(self.parts[number], 0, local, out=found[here])
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return torch.index_select(found, 0, torch.from_numpy(back))


def write(path: Path, array: np.ndarray) -> None:
    """A ``.npy`` file, whole or not at all."""
    with whole(path) as part, part.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def open_mapped(
    path: Path, shape: tuple[int, int], remedy: str, dtype: torch.dtype = torch.float16
) -> Tensor:
    """A ``.npy`` file as a tensor that reads it as it is used.

    numpy's own maps keep the file open, and a large library has more files than may be open.

    Raises:
        ArtefactError: no such file, damaged, or of another shape.
    """
    try:
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            if version != (1, 0):
                raise ValueError(f"version {version}")
            found, fortran, kind = np.lib.format.read_array_header_1_0(file)
            start = file.tell()
        size = path.stat().st_size
    except (OSError, ValueError, EOFError, SyntaxError) as error:
        raise ArtefactError(
            f"the vectors are damaged ({error})", source=path, remedy=remedy
        ) from None
    wanted = torch.empty(0, dtype=dtype).numpy().dtype
    if found != shape or fortran or kind != wanted:
        raise ArtefactError(
            f"the vectors are {kind} {found}, not {wanted} {shape}", source=path, remedy=remedy
        )
    width = wanted.itemsize
    count = shape[0] * shape[1]
    if size != start + count * width or start % width:
        raise ArtefactError(
            f"the vectors are damaged ({size} bytes, not {start + count * width})",
            source=path,
            remedy=remedy,
        )
    flat = torch.from_file(str(path), shared=False, size=size // width, dtype=dtype)
    return flat[start // width :].view(shape)
