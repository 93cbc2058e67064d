"""Arrow arrays from Python values and back, without ``pyarrow.array`` and ``to_numpy``: these import
pandas where they find it.

That takes a good part of a second, and a search has none to spare.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa


def numbers(values: np.ndarray) -> pa.Array:
    """One-dimensional numbers as an array of their type."""
    values = np.ascontiguousarray(values)
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def values(column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Numbers without nulls as numpy has them; perhaps not to be written to."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    parts = [np.from_dlpack(chunk) for chunk in chunks]
    if len(parts) == 1:
        return parts[0]
    return np.concatenate([np.empty(0, column.type.to_pandas_dtype()), *parts])


def strings(values: Sequence[str]) -> pa.Array:
    """Texts as an array, 2 GB of them at most.

    Raises:
        OverflowError: more than that.
    """
    encoded = [value.encode() for value in values]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    if ends[-1] > np.iinfo(np.int32).max:
        raise OverflowError(f"{ends[-1]:,} bytes of text in one array")
    offsets, content = pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(b"".join(encoded))
    return pa.Array.from_buffers(pa.string(), len(encoded), [None, offsets, content])
