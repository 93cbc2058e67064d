"""A library: candidate molecules with their vectors under one model, opened memory-mapped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from acml_core.artefact import Artefact
from acml_core.errors import ArtefactError, Unsupported
from acml_core.library import manifest as manifests
from acml_core.library.codes import STEP_ROWS
from acml_core.library.manifest import AGAIN, INDEX, SHARDS, Manifest, ShardInfo
from acml_core.library.nearest import Nearest, open_index
from acml_core.library.records import Records
from acml_core.library.shard import MOLECULES, codes_file, vectors_file
from acml_core.library.vectors import Vectors, open_mapped

Report = Callable[[str], None]


@dataclass(frozen=True)
class Library:
    """Molecules, each InChIKey-14 once, and their vectors by modality.

    Attributes:
        molecules: N of them.
        vectors: by modality, (N, p).
        model: hash of the model's weights; another model's vectors mean nothing.
        nearest: by modality, the index that finds the best without looking at all; without one the
            search is exact.
    """

    molecules: Records
    vectors: dict[str, Vectors]
    model: str
    nearest: dict[str, Nearest] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.molecules)

    def exact(self) -> Library:
        """The same without an index."""
        return replace(self, nearest={})


def open_folder(
    folder: str | Path, artefact: Artefact, modality: str, report: Report = lambda _: None
) -> Library:
    """Open a library's folder, memory-mapped, for one model and modality.

    Where faiss is not installed, a library with an index is searched without it, and ``report`` told.

    Raises:
        ArtefactError: not a library, half built, damaged, of another version, of another model, or
            without that modality.
    """
    folder = Path(folder)
    about = manifests.read(folder)
    check_model(about, folder, artefact)
    wanted = artefact.model.head(modality).graph_projector.out_dim
    if modality not in about.dims:
        raise ArtefactError(
            f"the library has no vectors for {modality!r}",
            source=folder,
            remedy="Build it again with this model, without --modality or with this one.",
        )
    if about.dims[modality] != wanted:
        raise ArtefactError(
            f"the vectors have {about.dims[modality]} numbers, not {wanted}",
            source=folder,
            remedy=AGAIN,
        )
    molecules = open_records(folder, about.shards)
    vectors = open_vectors(folder, about, modality)
    nearest = {}
    if modality in about.nearest:
        try:
            info = about.nearest[modality]
            nearest[modality] = open_index(info, vectors, folder / INDEX, AGAIN)
        except Unsupported as error:
            report(f"{error.what}: the library is searched without its index. {error.remedy}")
    return Library(molecules, {modality: vectors}, about.model, nearest)


def check_model(about: Manifest, folder: Path, artefact: Artefact) -> None:
    """Refuse a library of another model.

    Raises:
        ArtefactError: it is.
    """
    if about.model != artefact.hash:
        raise ArtefactError(
            "the library was built with another model",
            source=folder,
            remedy=f"Use that model, or run: acml library build MOLECULES --model {artefact.path}"
            " --out DIR",
        )


def open_records(folder: Path, shards: Sequence[ShardInfo]) -> Records:
    """The molecules of some of a library's shards.

    Raises:
        ArtefactError: a shard is missing or damaged.
    """
    parts = []
    for shard in shards:
        path = folder / SHARDS / shard.name / MOLECULES
        part = Records.open(path, AGAIN)
        if len(part) != shard.molecules:
            raise ArtefactError(
                f"damaged ({len(part)} molecules, not {shard.molecules})", source=path, remedy=AGAIN
            )
        parts.append(part)
    return Records.concatenate(parts)


def open_vectors(folder: Path, about: Manifest, modality: str) -> Vectors:
    """A modality's vectors, with their codes where every shard has them.

    Raises:
        ArtefactError: a shard is missing or damaged.
    """
    dim = about.dims[modality]
    shards = [(folder / SHARDS / shard.name, shard.molecules) for shard in about.shards]
    parts = [open_mapped(path / vectors_file(modality), (n, dim), AGAIN) for path, n in shards]
    coded = [(path / codes_file(modality), n) for path, n in shards]
    codes = []
    if all(path.exists() for path, _ in coded):
        rows = dim + STEP_ROWS
        codes = [open_mapped(path, (rows, n), AGAIN, torch.int8) for path, n in coded]
    return Vectors(parts, codes)
