"""Further candidates of an evaluation: a file of molecules, or a library that was built."""

from __future__ import annotations

from pathlib import Path

from acml_core.data import molecules
from acml_core.graphs.build import cached
from acml_core.graphs.packed import PackedGraphs
from acml_core.library import manifest
from acml_core.library.library import open_records
from acml_core.rejects import Reject


def further(source: Path) -> tuple[PackedGraphs, list[Reject]]:
    """The molecules, each InChIKey-14 once, and what was left out.

    Of a library's folder the molecules alone are read: an evaluation encodes all its candidates alike,
    in full precision, so that the library of any model will do.

    Args:
        source: a file of molecules, or a folder that ``acml library build`` made.

    Raises:
        BadInput: no such file, or one without molecules.
        ArtefactError: a folder that is no library, or a damaged one.
    """
    if source.is_dir():
        records = open_records(source, manifest.read(source).shards)
        smiles = records.table["smiles"].to_pylist()
    else:
        smiles = molecules.read(source)
    built = cached(smiles)
    return built.graphs, built.rejects
