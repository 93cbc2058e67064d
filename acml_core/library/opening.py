"""Open what a user gives as a library: its folder, or a file of molecules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from acml_core.artefact import Artefact
from acml_core.cache import cache_dir
from acml_core.errors import BadInput
from acml_core.files import sha256
from acml_core.library import manifest
from acml_core.library.library import Library, open_folder


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

    Raises:
        BadInput: no such library, or a file of which no molecule can be used.
        ArtefactError: a library that cannot be opened with this model.
    """
    folder = Path(source)
    if not folder.exists():
        raise BadInput("no such library", source=folder, remedy="Check the path.")
    if not folder.is_dir():
        folder = _cached(folder, artefact, modality, progress, report)
    for one in manifest.read(folder).sources:
        if one.rejects and one.rejects_file:
            report(
                f"{one.rejects} molecules of the library left out; reasons in"
                f" {folder / one.rejects_file}"
            )
    return open_folder(folder, artefact, modality, report)


def _cached(
    file: Path,
    artefact: Artefact,
    modality: str,
    progress: bool,
    report: Callable[[str], None],
) -> Path:
    name = f"{manifest.SCHEMA}-{sha256(file)[:24]}-{artefact.hash[:24]}-{modality}"
    folder = cache_dir() / "libraries" / name
    if not manifest.exists(folder):
        from acml_core.library.build import build  # late: most searches open what is there

        report(f"encoding the molecules of {file.name}, once")
        # another process may be at it: wait for it, and find its library
        build(artefact, file, folder, modalities=[modality], progress=progress, wait=True)
    return folder
