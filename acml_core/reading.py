"""Reading a source with a plugin; where that fails, which other plugin reads it.

The commonest mistake with several modalities is to name the wrong one. A plugin cannot know what all
the others read, so that the core asks them, and only after a failure: the plugins that are installed,
one after the other, whether they read a first measurement. One that is broken is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from acml_core import plugins, sources
from acml_core.errors import AcmlError, BadInput
from acml_core.modality import Modality, OnReject, Signal


def read(
    plugin: Modality,
    source: Path | str,
    *,
    format: str | None = None,
    on_reject: OnReject | None = None,
) -> Iterator[Signal]:
    """``plugin.read``, whose failure names the installed plugins that read the source.

    Raises:
        BadInput: as ``plugin.read``; or it found no measurement where another plugin finds one.
    """
    measured = False
    try:
        for signal in plugin.read(source, format=format, on_reject=on_reject):
            measured = measured or not signal.missing
            yield signal
    except BadInput as error:
        others = [] if measured else readers(source, other_than=plugin.name)
        if not others:
            raise
        raise told(error, source, others) from None
    if not measured and (others := readers(source, other_than=plugin.name)):
        raise told(BadInput("no measurement could be read", source=source), source, others)


def told(error: BadInput, source: Path | str, others: list[str]) -> BadInput:
    """The same error, whose remedy begins with the plugins that read the source."""
    path = sources.locate(source, (), example="a file")
    kind = "text" if path is None else "folder" if path.is_dir() else "file"
    names = " and ".join(map(repr, others))
    reads = f"The plugin {names} reads" if len(others) == 1 else f"The plugins {names} read"
    remedy = f"{reads} this {kind}: use --modality {' or '.join(others)}."
    own = error.remedy
    if own and not any(f"--modality {name}" in own or repr(name) in own for name in others):
        remedy += f" Otherwise: {own}"
    return BadInput(error.what, source=error.source, line=error.line, remedy=remedy)


def readers(source: Path | str, *, other_than: str) -> list[str]:
    """Names of the installed plugins that read a first measurement from ``source``.

    A file is shown to those plugins that have its suffix; a folder and literal text to all.
    """
    found = []
    for info in plugins.installed():
        if info.name == other_than or plugins.check(info.name).status not in plugins.HEALTHY:
            continue
        try:
            plugin = plugins.get(info.name)()
            if _for(plugin, source) and _reads(plugin, source):
                found.append(info.name)
        except Exception:  # a stranger's plugin may raise anything; it is not what was asked for
            continue
    return found


def _for(plugin: Modality, source: Path | str) -> bool:
    path = sources.locate(source, plugin.suffixes, example="a file")
    if path is None or path.is_dir() or not path.suffix:
        return True
    return path.suffix.lower() in plugin.suffixes


def _reads(plugin: Modality, source: Path | str) -> bool:
    """Whether the first measurement is there. Records before it may be bad, as in any file."""
    try:
        signals = plugin.read(source, on_reject=lambda error: None)
        return any(not signal.missing for signal in signals)
    except AcmlError:
        return False
