"""Many molecular graphs in a few flat arrays, and batches gathered from them.

A batch of B molecules costs a fixed number of tensor operations, whatever B is: nothing loops over
molecules in Python. The arrays can be memory-mapped files, or lie on a GPU as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from acml_core import arrow
from acml_core.errors import ArtefactError
from acml_core.graphs import storage
from acml_core.graphs.featurize import ATOM_FEATURES, BOND_FEATURES, MolGraph
from acml_core.molecule import KEY_LENGTH, Molecule

MOLECULE_SCHEMA = pa.schema(
    [
        ("smiles", pa.string()),
        ("inchikey", pa.string()),
        ("formula", pa.string()),
        ("mass", pa.float64()),
    ]
)
ARRAYS: dict[str, tuple[torch.dtype, tuple[int, ...]]] = {
    "atoms": (torch.uint8, (len(ATOM_FEATURES),)),
    "bonds": (torch.int32, (2,)),
    "bond_features": (torch.uint8, (len(BOND_FEATURES),)),
    "atom_offsets": (torch.int64, ()),
    "bond_offsets": (torch.int64, ()),
}
"""Every array's dtype and the shape after its first axis."""

Index = np.ndarray | Tensor | Sequence[int]


class GraphBatch:
    """Graphs as one disconnected graph, under the names that torch-geometric uses.

    Attributes:
        x: ``(V, A)`` int64 atom features, ready for embedding tables.
        edge_index: ``(2, 2E)`` int64 source and target atoms. Both directions of a bond are
            neighbouring columns, ``2k`` and ``2k + 1`` for bond ``k``; bonds are in the order of
            their molecules, so a molecule's edges are contiguous.
        edge_attr: ``(2E, B)`` int64 bond features.
        batch: ``(V,)`` int64 number of each atom's graph, ascending.
        ptr: ``(num_graphs + 1,)`` int64 first atom of each graph.
        mass: ``(num_graphs,)`` float32 exact masses [Da].
        num_graphs: number of graphs.
    """

    __slots__ = ("batch", "edge_attr", "edge_index", "mass", "num_graphs", "ptr", "x")

    def __init__(
        self,
        x: Tensor,
        edge_index: Tensor,
        edge_attr: Tensor,
        batch: Tensor,
        ptr: Tensor,
        mass: Tensor,
    ) -> None:
        self.x = x
        self.edge_index = edge_index
        self.edge_attr = edge_attr
        self.batch = batch
        self.ptr = ptr
        self.mass = mass
        self.num_graphs = len(ptr) - 1

    @property
    def num_nodes(self) -> int:
        """Atoms of all graphs together."""
        return len(self.x)

    @property
    def num_edges(self) -> int:
        """Directed edges: twice the bonds."""
        return self.edge_index.shape[1]

    @property
    def device(self) -> torch.device:
        return self.x.device

    def to(self, device: torch.device | str, *, non_blocking: bool = False) -> GraphBatch:
        """The batch on ``device``; itself when it is there already."""
        tensors = (self.x, self.edge_index, self.edge_attr, self.batch, self.ptr, self.mass)
        moved = [tensor.to(device, non_blocking=non_blocking) for tensor in tensors]
        return (
            self if all(a is b for a, b in zip(moved, tensors, strict=True)) else GraphBatch(*moved)
        )

    def __repr__(self) -> str:
        return (
            f"GraphBatch(num_graphs={self.num_graphs}, num_nodes={self.num_nodes}, "
            f"num_edges={self.num_edges}, device={str(self.device)!r})"
        )


class PackedGraphs:
    """N molecules: their graphs as flat tensors, their names as columns.

    Molecule ``i`` owns rows ``atom_offsets[i]:atom_offsets[i + 1]`` of ``atoms``, and likewise of
    the bonds.

    Attributes:
        atoms: ``(sum V, A)`` uint8, columns as ``ATOM_FEATURES``.
        bonds: ``(sum E, 2)`` int32, atom numbers within the molecule; each bond once.
        bond_features: ``(sum E, B)`` uint8, columns as ``BOND_FEATURES``.
        atom_offsets: ``(N + 1,)`` int64.
        bond_offsets: ``(N + 1,)`` int64.
        molecules: Arrow table of N rows with ``MOLECULE_SCHEMA``; always in main memory.
    """

    atoms: Tensor
    bonds: Tensor
    bond_features: Tensor
    atom_offsets: Tensor
    bond_offsets: Tensor
    molecules: pa.Table

    def __init__(self, molecules: pa.Table, **arrays: Tensor | np.ndarray) -> None:
        self.molecules = molecules
        if arrays.keys() != ARRAYS.keys():
            raise TypeError(f"PackedGraphs needs exactly the arrays {', '.join(ARRAYS)}")
        for name, array in arrays.items():
            tensor = torch.from_numpy(array) if isinstance(array, np.ndarray) else array
            setattr(self, name, tensor)
        self._check()

    def _check(self) -> None:
        for name, (dtype, shape) in ARRAYS.items():
            tensor = getattr(self, name)
            if tensor.dtype != dtype or tensor.ndim != 1 + len(shape) or tensor.shape[1:] != shape:
                raise ValueError(
                    f"{name} is {tensor.dtype} {tuple(tensor.shape)}, not {dtype} (n, *{shape})"
                )
        for offsets, flat in (
            (self.atom_offsets, self.atoms),
            (self.bond_offsets, self.bonds),
            (self.bond_offsets, self.bond_features),
        ):
            if len(offsets) != self.molecules.num_rows + 1 or int(offsets[-1]) != len(flat):
                raise ValueError("the arrays' lengths do not fit one another")

    def __len__(self) -> int:
        return len(self.atom_offsets) - 1

    def __repr__(self) -> str:
        return f"PackedGraphs({len(self)} molecules, {len(self.atoms)} atoms, {self.device})"

    @property
    def device(self) -> torch.device:
        return self.atoms.device

    @property
    def nbytes(self) -> int:
        """Size of the flat arrays [bytes]."""
        return sum(tensor.nbytes for tensor in self._arrays().values())

    @cached_property
    def smiles(self) -> np.ndarray:
        """``(N,)`` canonical SMILES, as Python strings."""
        return self._strings("smiles")

    @cached_property
    def inchikeys(self) -> np.ndarray:
        """``(N,)`` InChIKeys, 27 characters, as Python strings."""
        return self._strings("inchikey")

    @cached_property
    def keys(self) -> np.ndarray:
        """``(N,)`` first blocks of the InChIKeys (14 characters), as Python strings."""
        keys = np.empty(len(self), dtype=object)
        keys[:] = [inchikey[:KEY_LENGTH] for inchikey in self.inchikeys]
        return keys

    @cached_property
    def formula(self) -> np.ndarray:
        """``(N,)`` Hill formulas, as Python strings."""
        return self._strings("formula")

    @cached_property
    def mass(self) -> np.ndarray:
        """``(N,)`` float64 exact masses [Da]."""
        return arrow.values(self.molecules["mass"])

    def _strings(self, column: str) -> np.ndarray:
        strings = np.empty(len(self), dtype=object)
        strings[:] = self.molecules[column].to_pylist()
        return strings

    def _arrays(self) -> dict[str, Tensor]:
        return {name: getattr(self, name) for name in ARRAYS}

    # ---- making --------------------------------------------------------------------------------

    @classmethod
    def from_molecules(cls, pairs: Sequence[tuple[Molecule, MolGraph]]) -> PackedGraphs:
        """Pack featurised molecules; none is allowed."""
        graphs = [graph for _, graph in pairs]
        columns = [
            arrow.strings([molecule.smiles for molecule, _ in pairs]),
            arrow.strings([molecule.inchikey for molecule, _ in pairs]),
            arrow.strings([molecule.formula for molecule, _ in pairs]),
            arrow.numbers(np.array([molecule.mass for molecule, _ in pairs], dtype=np.float64)),
        ]
        return cls(
            pa.Table.from_arrays(columns, schema=MOLECULE_SCHEMA),
            atoms=_stack([graph.atoms for graph in graphs], len(ATOM_FEATURES), np.uint8),
            bonds=_stack([graph.bonds for graph in graphs], 2, np.int32),
            bond_features=_stack(
                [graph.bond_features for graph in graphs], len(BOND_FEATURES), np.uint8
            ),
            atom_offsets=_offsets([len(graph.atoms) for graph in graphs]),
            bond_offsets=_offsets([len(graph.bonds) for graph in graphs]),
        )

    @classmethod
    def concatenate(cls, parts: Sequence[PackedGraphs]) -> PackedGraphs:
        """The molecules of ``parts``, one after another, duplicates and all."""
        if not parts:
            return cls.from_molecules([])

        def offsets(name: str) -> Tensor:
            counts = torch.cat([getattr(part, name).diff() for part in parts])
            return torch.cat([counts.new_zeros(1), counts.cumsum(0)])

        return cls(
            pa.concat_tables([part.molecules for part in parts]),
            atoms=torch.cat([part.atoms for part in parts]),
            bonds=torch.cat([part.bonds for part in parts]),
            bond_features=torch.cat([part.bond_features for part in parts]),
            atom_offsets=offsets("atom_offsets"),
            bond_offsets=offsets("bond_offsets"),
        )

    def select(self, index: Index) -> PackedGraphs:
        """The molecules ``index`` (numbers, or a mask of N booleans), in that order."""
        index = self._numbers(index)
        atom_rows, atom_ptr, _ = _rows(self.atom_offsets, index)
        bond_rows, bond_ptr, _ = _rows(self.bond_offsets, index)
        return PackedGraphs(
            self.molecules.take(arrow.numbers(index.cpu().numpy())),
            atoms=self.atoms[atom_rows],
            bonds=self.bonds[bond_rows],
            bond_features=self.bond_features[bond_rows],
            atom_offsets=atom_ptr,
            bond_offsets=bond_ptr,
        )

    def to(self, device: torch.device | str) -> PackedGraphs:
        """The set with its arrays on ``device``; ``batch`` then gathers there."""
        moved = {name: tensor.to(device) for name, tensor in self._arrays().items()}
        return PackedGraphs(self.molecules, **moved)

    # ---- batches -------------------------------------------------------------------------------

    def batch(self, index: Index) -> GraphBatch:
        """The molecules ``index`` as one graph on this set's device.

        ``x`` and ``edge_attr`` are int64, which ``embedding`` takes without a conversion. Edges are
        not sorted by target: at 256 molecules a sort costs 15 % of gathering the batch.

        Args:
            index: ``(B,)`` molecule numbers, in any order and with repeats; or N booleans.

        Raises:
            IndexError: a number outside ``0 <= number < N`` (checked for an ``index`` in main
                memory).
        """
        index = self._numbers(index)
        rows, ptr, owner = _rows(self.atom_offsets, index)
        x = self.atoms.index_select(0, rows).long()
        rows, _, bond_owner = _rows(self.bond_offsets, index)
        ends = self.bonds.index_select(0, rows) + ptr[bond_owner, None]  # int64, batch numbers
        return GraphBatch(
            x=x,
            edge_index=torch.stack([ends.view(-1), ends.flip(1).view(-1)]),
            edge_attr=self.bond_features.index_select(0, rows).long().repeat_interleave(2, 0),
            batch=owner,
            ptr=ptr,
            mass=self._masses.index_select(0, index),
        )

    @cached_property
    def _masses(self) -> Tensor:
        return torch.from_numpy(self.mass.astype(np.float32)).to(self.device)

    def _numbers(self, index: Index) -> Tensor:
        index = index if isinstance(index, Tensor) else torch.as_tensor(np.asarray(index))
        if index.dtype == torch.bool:
            if len(index) != len(self):
                raise IndexError(f"a mask of {len(index)} for {len(self)} molecules")
            index = index.nonzero().view(-1)
        elif len(index) and (index.is_floating_point() or index.is_complex()):
            raise IndexError(f"molecule numbers must be integers, not {index.dtype}")
        index = index.long()
        if index.ndim != 1:
            raise IndexError(f"molecule numbers must have one axis, not shape {tuple(index.shape)}")
        if index.device.type == "cpu" and len(index):
            low, high = torch.aminmax(index)
            if low < 0 or high >= len(self):
                raise IndexError(
                    f"molecule numbers {int(low)} to {int(high)}, outside 0 to {len(self) - 1}"
                )
        return index.to(self.device, non_blocking=True)

    # ---- files ---------------------------------------------------------------------------------

    def save(self, folder: str | Path) -> None:
        """Write a folder that ``open`` reads; it appears whole or not at all.

        Raises:
            BadInput: the path is taken by something that is no such folder.
        """
        arrays = {name: tensor.cpu().numpy() for name, tensor in self._arrays().items()}
        storage.write(Path(folder), self.molecules, arrays)

    @classmethod
    def open(cls, folder: str | Path, *, mmap: bool = True) -> PackedGraphs:
        """What ``save`` wrote; with ``mmap`` the arrays are read from disk as they are used.

        Raises:
            ArtefactError: no such folder, another format, schema or feature scheme, or a damaged
                file.
        """
        molecules, arrays = storage.read(Path(folder), MOLECULE_SCHEMA, list(ARRAYS), mmap=mmap)
        try:
            return cls(molecules, **arrays)
        except (ValueError, TypeError) as error:
            raise ArtefactError(str(error), source=folder, remedy=storage.REMEDY) from None


def _rows(offsets: Tensor, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Flat rows of the molecules ``index``.

    Returns:
        rows ``(R,)``; where each molecule's rows begin in them ``(B + 1,)``; and the position in
        ``index`` that each row belongs to ``(R,)``. All int64.
    """
    start = offsets.index_select(0, index)
    counts = offsets.index_select(0, index + 1) - start
    ptr = counts.new_zeros(len(index) + 1)
    torch.cumsum(counts, 0, out=ptr[1:])
    total = int(ptr[-1])
    positions = torch.arange(len(index), device=index.device)
    owner = torch.repeat_interleave(positions, counts, output_size=total)
    rows = torch.arange(total, device=index.device) + (start - ptr[:-1])[owner]
    return rows, ptr, owner


def _stack(arrays: list[np.ndarray], width: int, dtype: type) -> np.ndarray:
    return np.concatenate([np.empty((0, width), dtype=dtype), *arrays])


def _offsets(counts: list[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64)
