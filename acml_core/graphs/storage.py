"""Packed graphs as a folder: ``.npy`` an array, ``molecules.parquet``, ``meta.json``.

The folder appears whole or not at all. Which arrays it holds is ``packed``'s affair; here it is only
that they come back as they were, or not at all.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from acml_core.errors import ArtefactError, BadInput
from acml_core.graphs.featurize import fingerprint

FORMAT = "acml-packed-graphs"
SCHEMA = 1
"""Version of the folder's layout."""

META, MOLECULES = "meta.json", "molecules.parquet"
REMEDY = "Delete the folder and build it again."


def write(folder: Path, molecules: pa.Table, arrays: Mapping[str, np.ndarray]) -> None:
    """Write the folder, in place of one of the same kind.

    Raises:
        BadInput: the path is taken by something that is no such folder.
    """
    if folder.exists() and not (folder / META).is_file() and _occupied(folder):
        raise BadInput(
            "something else is there already", source=folder, remedy="Choose another folder."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    tag = uuid.uuid4().hex[:8]  # two writers of one folder must not share a part
    part = folder.with_name(f"{folder.name}.{tag}.part")
    part.mkdir()
    try:
        for name, array in arrays.items():
            np.save(part / f"{name}.npy", array, allow_pickle=False)
        pq.write_table(molecules, part / MOLECULES)
        meta = {
            "format": FORMAT,
            "schema": SCHEMA,
            "features": fingerprint(),
            "molecules": molecules.num_rows,
            "rows": {name: len(array) for name, array in arrays.items()},
        }
        (part / META).write_text(json.dumps(meta, indent=1) + "\n", encoding="utf-8")
        old = folder.with_name(f"{folder.name}.{tag}.old.part")
        if folder.exists():
            os.replace(folder, old)
        os.replace(part, folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def read(
    folder: Path, schema: pa.Schema, names: Sequence[str], *, mmap: bool
) -> tuple[pa.Table, dict[str, np.ndarray]]:
    """The table of molecules and the arrays ``names``; with ``mmap`` they stay on disk until used.

    Raises:
        ArtefactError: no such folder, another format, schema or feature scheme, or a damaged file.
    """
    rows = _rows_stated(folder)
    # "c" maps copy-on-write: torch gets writable memory, the file never changes.
    mode: Any = "c" if mmap else None
    arrays = {}
    for name in names:
        path = folder / f"{name}.npy"
        try:
            arrays[name] = _load(path, mode)
        except (OSError, ValueError, EOFError) as error:
            raise ArtefactError(f"damaged ({error})", source=path, remedy=REMEDY) from None
        if len(arrays[name]) != rows.get(name):
            raise ArtefactError(
                f"{len(arrays[name])} rows, not {rows.get(name)}", source=path, remedy=REMEDY
            )
    path = folder / MOLECULES
    try:
        molecules = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise ArtefactError(f"damaged ({error})", source=path, remedy=REMEDY) from None
    if not molecules.schema.equals(schema):
        raise ArtefactError("its columns are not ours", source=path, remedy=REMEDY)
    return molecules, arrays


def _occupied(folder: Path) -> bool:
    return not folder.is_dir() or any(folder.iterdir())


def _load(path: Path, mode: Any) -> np.ndarray:
    array = np.load(path, mmap_mode=mode if path.stat().st_size else None, allow_pickle=False)
    # A map's base class keeps the file open; torch wants plain arrays in C order.
    return np.ascontiguousarray(np.asarray(array))


def _rows_stated(folder: Path) -> dict[str, Any]:
    """Rows of each array, as meta.json states them."""
    path = folder / META
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise ArtefactError(
            "not a folder of packed graphs: it has no meta.json", source=folder
        ) from None
    except (OSError, ValueError) as error:
        raise ArtefactError(f"damaged ({error})", source=path, remedy=REMEDY) from None
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        raise ArtefactError("not a folder of packed graphs", source=path)
    if meta.get("schema") != SCHEMA:
        raise ArtefactError(
            f"layout {meta.get('schema')!r}, while this version reads {SCHEMA}",
            source=path,
            remedy=REMEDY,
        )
    if meta.get("features") != fingerprint():
        raise ArtefactError(
            "made with another scheme of atom and bond features", source=path, remedy=REMEDY
        )
    rows = meta.get("rows")
    if not isinstance(rows, dict):
        raise ArtefactError("damaged (no row counts)", source=path, remedy=REMEDY)
    return rows
