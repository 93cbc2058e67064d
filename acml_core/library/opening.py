"""Open what a user gives as a library: its folder, or a file of molecules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from acml_core.artefact import Artefact
from acml_core.files import sha256
from acml_core.library import kept, manifest
from acml_core.library.library import Library, open_folder


def open_any(
    source: str | Path,
    artefact: Artefact,
    modality: str,
    *,
    progress: bool = True,
    report: Callable[[str], None] = print,
) -> Library:
    """A library's folder, or molecules, whose vectors are then cached for next time: a file, a name of
    a registry, or a data set of the Hub.

    What was left out of it is reported each time, with the file that lists the reasons.

    Raises:
        BadInput: nothing is there, or molecules of which none can be used.
        ArtefactError: a library that cannot be opened with this model.
    """
    folder = Path(source)
    if not folder.is_dir():
        folder = _cached(source, artefact, modality, progress, report)
    for one in manifest.read(folder).sources:
        if one.rejects and one.rejects_file:
            report(
                f"{one.rejects} molecules of the library left out; reasons in"
                f" {folder / one.rejects_file}"
            )
    return open_folder(folder, artefact, modality, report)


def _cached(
    source: str | Path,
    artefact: Artefact,
    modality: str,
    progress: bool,
    report: Callable[[str], None],
) -> Path:
    if Path(source).is_file():
        digest = sha256(Path(source))
    else:
        from acml_core.library.source import find  # late: it knows the Hub, which takes long

        digest = find(source, report).digest
    folder = kept.folder(digest, artefact.hash, modality)
    if not manifest.exists(folder):
        from acml_core.library.build import build  # late: most searches open what is there

        report(f"encoding the molecules of {Path(source).name}, once")
        # another process may be at it: wait for it, and find its library
        build(artefact, source, folder, modalities=[modality], progress=progress, wait=True)
    return folder
