"""What a library says of its molecules: an Arrow table, memory-mapped, looked at by column."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from acml_core import arrow
from acml_core.errors import ArtefactError
from acml_core.files import whole
from acml_core.graphs.packed import PackedGraphs
from acml_core.molecule import KEY_LENGTH

COLUMNS = pa.schema(
    [
        ("smiles", pa.string()),
        ("inchikey", pa.string()),
        ("formula", pa.dictionary(pa.int32(), pa.string())),
        ("mass", pa.float64()),
        ("source", pa.int32()),
        ("row", pa.int64()),
    ]
)
"""Canonical SMILES; InChIKey (27 characters); Hill formula; exact mass [Da]; number of the source, from
0, and the row in it, from 1, that the molecule came from."""

FEW = 64
"""Up to this many rows are fetched one by one; more, a chunk of the table at a time."""


class Records:
    """Columns of N molecules.

    Attributes:
        table: with ``COLUMNS``; its chunks are the library's shards.
    """

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        lengths = [len(chunk) for chunk in table["smiles"].chunks]
        self._starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])

    @classmethod
    def of(cls, graphs: PackedGraphs, source: int = 0, rows: np.ndarray | None = None) -> Records:
        """Those of packed molecules. ``rows``: (N,) where they came from; by default their order."""
        names = graphs.molecules
        rows = np.arange(1, len(graphs) + 1) if rows is None else rows
        columns = {
            "smiles": names["smiles"],
            "inchikey": names["inchikey"],
            "formula": names["formula"].combine_chunks().dictionary_encode(),
            "mass": names["mass"],
            "source": arrow.numbers(np.full(len(graphs), source, dtype=np.int32)),
            "row": arrow.numbers(np.asarray(rows, dtype=np.int64)),
        }
        return cls(pa.table(columns, schema=COLUMNS).combine_chunks())

    @classmethod
    def concatenate(cls, parts: Sequence[Records]) -> Records:
        """The molecules of ``parts``, one after another."""
        tables = [part.table for part in parts]
        return cls(pa.concat_tables(tables) if tables else COLUMNS.empty_table())

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def select(self, index: np.ndarray) -> Records:
        """Some of the rows, in that order, in memory and in one chunk."""
        rows = arrow.numbers(np.asarray(index, dtype=np.int64))
        chosen = self.table.take(rows).unify_dictionaries()
        return Records(pa.table(chosen.combine_chunks().columns, schema=COLUMNS))

    def behind(self, sources: int) -> Records:
        """The same molecules, whose sources are numbered behind that many others."""
        import pyarrow.compute as pc  # late, here and below: most searches need none of it

        place = COLUMNS.get_field_index("source")
        numbers = pc.add(self.table["source"], pa.scalar(sources, pa.int32()))
        return Records(self.table.set_column(place, COLUMNS.field(place), numbers))

    # ---- columns -------------------------------------------------------------------------------

    @cached_property
    def mass(self) -> np.ndarray:
        """``(N,)`` float64 exact masses [Da]."""
        return arrow.values(self.table["mass"])

    @cached_property
    def formulas(self) -> list[str]:
        """The different formulas; ``formula_codes`` are numbers in this list."""
        chunks = self._formula.chunks
        return chunks[0].dictionary.to_pylist() if chunks else []

    @cached_property
    def formula_codes(self) -> np.ndarray:
        """``(N,)`` int32."""
        codes = [arrow.values(chunk.indices) for chunk in self._formula.chunks]
        return np.concatenate([np.empty(0, np.int32), *codes])

    @cached_property
    def _formula(self) -> pa.ChunkedArray:
        return self.table["formula"].unify_dictionaries()

    @cached_property
    def keys(self) -> pa.ChunkedArray:
        """``(N,)`` InChIKey-14."""
        import pyarrow.compute as pc

        return pc.utf8_slice_codeunits(self.table["inchikey"], 0, KEY_LENGTH)

    def first_seen(self) -> np.ndarray:
        """``(N,)`` bool: False where an earlier row is the same molecule (InChIKey-14)."""
        keys = self.keys.combine_chunks()
        if isinstance(keys, pa.ChunkedArray):  # how some versions of Arrow combine no chunk at all
            return np.empty(0, dtype=bool)
        # codes are given in the order of appearance, so a new key has the highest code so far
        codes = arrow.values(keys.dictionary_encode().indices)
        highest = np.maximum.accumulate(codes) if len(codes) else codes
        return np.diff(highest, prepend=-1) > 0

    def places(self, wanted: pa.ChunkedArray) -> np.ndarray:
        """Where each InChIKey-14 of ``wanted`` is, int64; -1 where it is not."""
        import pyarrow.compute as pc

        found = pc.index_in(wanted, value_set=self.keys)
        none = arrow.numbers(np.array([-1], dtype=np.int32))[0]
        return arrow.values(pc.fill_null(found, none)).astype(np.int64)

    # ---- some rows -----------------------------------------------------------------------------

    def smiles(self, index: np.ndarray) -> list[str]:
        """Canonical SMILES of some molecules, in their order."""
        if len(index) <= FEW:
            return [self.row(int(i), ["smiles"])["smiles"] for i in index]
        found = np.empty(len(index), dtype=object)
        column = self.table["smiles"]
        owner = np.searchsorted(self._starts, index, side="right") - 1
        order = np.argsort(owner, kind="stable")
        for group in np.split(order, np.flatnonzero(np.diff(owner[order])) + 1):
            number = int(owner[group[0]])
            local = arrow.numbers(index[group] - self._starts[number])
            found[group] = column.chunk(number).take(local).to_pylist()
        return list(found)

    def row(self, number: int, columns: Sequence[str] = COLUMNS.names) -> dict[str, Any]:
        """Some columns of one molecule."""
        owner = int(np.searchsorted(self._starts, number, side="right")) - 1
        place = number - int(self._starts[owner])
        return {name: self.table[name].chunk(owner)[place].as_py() for name in columns}

    # ---- files ---------------------------------------------------------------------------------

    def write(self, path: Path) -> None:
        """As an Arrow file, uncompressed, so that opening it is mapping it."""
        with whole(path) as part, pa.OSFile(str(part), "wb") as sink:
            table = self.table.unify_dictionaries().combine_chunks()
            with pa.ipc.new_file(sink, COLUMNS) as writer:
                writer.write_table(table)

    @classmethod
    def open(cls, path: Path, remedy: str) -> Records:
        """What ``write`` wrote, memory-mapped.

        Raises:
            ArtefactError: no such file, damaged, or with other columns.
        """
        try:
            with pa.memory_map(str(path)) as source:
                table = pa.ipc.open_file(source).read_all()
        except (OSError, pa.ArrowException) as error:
            what = str(error).splitlines()[0]
            raise ArtefactError(f"damaged ({what})", source=path, remedy=remedy) from None
        if not table.schema.equals(COLUMNS):
            raise ArtefactError("its columns are not ours", source=path, remedy=remedy)
        return cls(table)
