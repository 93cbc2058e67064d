"""A library: candidate molecules with their vectors under one model."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from acml_core.artefact import Artefact
from acml_core.cache import cache_dir
from acml_core.data import molecules
from acml_core.errors import ArtefactError, BadInput
from acml_core.files import naming, sha256
from acml_core.graphs.build import build
from acml_core.graphs.packed import PackedGraphs
from acml_core.rejects import Reject, write_csv

SCHEMA = 1
INFO = "library.json"
GRAPHS = "graphs"
REJECTS = "rejects.csv"


@dataclass
class Library:
    """Molecules, each InChIKey-14 once, and their vectors by modality.

    Attributes:
        graphs: N packed molecules.
        vectors: by modality, (N, p) float32 or float16 on the CPU.
        model: hash of the model's weights; another model's vectors mean nothing.
        rejects: rows of the source that were left out.
    """

    graphs: PackedGraphs
    vectors: dict[str, torch.Tensor]
    model: str
    rejects: list[Reject] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.graphs)


def encode(
    artefact: Artefact,
    source: str | Path,
    modalities: Sequence[str] | None = None,
    *,
    progress: bool = True,
) -> Library:
    """Read a file of molecules and encode them for a model's modalities (all by default)."""
    smiles = molecules.read(source)
    graphs, _, rejects = build(smiles, progress=progress, dedupe=True)
    if not len(graphs):
        raise BadInput(
            "no molecule of the file can be used", source=source, remedy=rejects[0].reason
        )
    names = list(modalities or artefact.model.heads)
    vectors = {name: artefact.model.encode_molecules(graphs, name) for name in names}
    return Library(graphs, vectors, artefact.hash, rejects)


def save(library: Library, out: str | Path) -> None:
    """Write a library's folder, whole or not at all."""
    out = Path(out)
    if out.exists() and not (out / INFO).exists() and any(out.iterdir()):
        raise BadInput("the folder holds something else", source=out, remedy="Give another --out.")
    part = out.with_name(out.name + f".{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        _fill(part, library)
        if out.exists():
            shutil.rmtree(out)
        os.replace(part, out)
    except OSError as error:
        raise naming(error, out) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _fill(folder: Path, library: Library) -> None:
    library.graphs.save(folder / GRAPHS)
    for name, vectors in library.vectors.items():
        np.save(folder / f"{name}.npy", vectors.half().numpy(), allow_pickle=False)
    info = {
        "schema": SCHEMA,
        "model": library.model,
        "modalities": sorted(library.vectors),
        "molecules": len(library),
        "rejects": len(library.rejects),
    }
    if library.rejects:
        write_csv(library.rejects, folder / REJECTS)
    (folder / INFO).write_text(json.dumps(info, indent=1), encoding="utf-8")


def info(folder: str | Path) -> dict[str, object]:
    """What a library's folder says of itself.

    Raises:
        ArtefactError: not a library, damaged, or of a later schema.
    """
    path = Path(folder) / INFO
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise ArtefactError(
            "not a library",
            source=folder,
            remedy="Make one: acml library build MOLECULES --out DIR",
        ) from None
    except ValueError:
        raise ArtefactError("damaged", source=path, remedy="Build the library again.") from None
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise ArtefactError(
            "the library is of another version", source=path, remedy="Build it again."
        )
    return found


def open_folder(folder: str | Path, artefact: Artefact, modality: str) -> Library:
    """Open a library's folder, memory-mapped, for one model and modality.

    Raises:
        ArtefactError: not a library, damaged, of another model, or without that modality.
    """
    folder = Path(folder)
    about = info(folder)
    if about.get("model") != artefact.hash:
        raise ArtefactError(
            "the library was built with another model",
            source=folder,
            remedy=f"Run: acml library build MOLECULES --model {artefact.path} --out {folder}",
        )
    if modality not in about.get("modalities", ()):  # type: ignore[operator]
        raise ArtefactError(
            f"the library has no vectors for {modality!r}",
            source=folder,
            remedy="Build it again with this model.",
        )
    graphs = PackedGraphs.open(folder / GRAPHS)
    try:
        vectors = np.load(folder / f"{modality}.npy", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ArtefactError(
            f"the vectors are damaged ({error})", source=folder, remedy="Build the library again."
        ) from None
    wanted = (len(graphs), artefact.model.head(modality).graph_projector.out_dim)
    if vectors.shape != wanted or vectors.dtype != np.float16:
        raise ArtefactError(
            f"the vectors are {vectors.dtype} {vectors.shape}, not float16 {wanted}",
            source=folder,
            remedy="Build the library again.",
        )
    return Library(graphs, {modality: torch.from_numpy(vectors)}, artefact.hash)


def open_any(
    source: str | Path,
    artefact: Artefact,
    modality: str,
    *,
    progress: bool = True,
    report: Callable[[str], None] = print,
) -> Library:
    """A library's folder, or a file of molecules, whose vectors are then cached for next time.

    What was left out of it is reported each time, with the file that lists the reasons.
    """
    source = Path(source)
    if source.is_dir():
        return _reported(source, artefact, modality, report)
    if not source.exists():
        raise BadInput("no such library", source=source, remedy="Check the path.")
    name = f"{sha256(source)[:24]}-{artefact.hash[:24]}-{modality}"
    cached = cache_dir() / "libraries" / name
    if not (cached / INFO).exists():
        report(f"encoding the molecules of {source.name}, once")
        cached.parent.mkdir(parents=True, exist_ok=True)
        save(encode(artefact, source, [modality], progress=progress), cached)
    return _reported(cached, artefact, modality, report)


def _reported(
    folder: Path, artefact: Artefact, modality: str, report: Callable[[str], None]
) -> Library:
    left_out = info(folder).get("rejects", 0)
    if left_out:
        report(f"{left_out} molecules of the library left out; reasons in {folder / REJECTS}")
    return open_folder(folder, artefact, modality)
