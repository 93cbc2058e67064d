"""``acml data import``: a plugin's reader, and the one way tables are written."""

from __future__ import annotations

from pathlib import Path

from acml_core import plugins
from acml_core.data import table
from acml_core.errors import BadInput, UnknownName, did_you_mean
from acml_core.modality import Modality
from acml_core.reading import read
from acml_core.rejects import Reject


def import_table(
    format: str, source: str, out: Path, modality: str | None = None
) -> tuple[int, list[Reject]]:
    """Read ``source`` and write the rows that have a structure and a measurement.

    Returns:
        the number of rows written, and what was left out.

    Raises:
        BadInput: nothing to write. UnknownName: no plugin reads that format.
    """
    plugin = _reader(format, modality)
    rejects: list[Reject] = []

    def reject(error: BadInput) -> None:
        rejects.append(Reject(error.line or 0, error.source or "", error.what))

    kept = []
    for number, signal in enumerate(read(plugin, source, format=format, on_reject=reject), 1):
        if signal.missing:
            rejects.append(Reject(number, signal.origin, "it holds no measurement"))
        elif not signal.smiles:
            rejects.append(Reject(number, signal.origin, "it states no structure"))
        else:
            kept.append(signal)
    if not kept:
        raise BadInput(
            "no record has both a structure and a measurement",
            source=source,
            remedy=f"First: {rejects[0].reason}." if rejects else "",
        )
    return table.write(out, kept, {"format": format, "origin": Path(source).name}), rejects


def _reader(format: str, modality: str | None) -> Modality:
    if modality is not None:
        cls = plugins.get(modality)
        if format not in cls.formats:
            raise UnknownName(
                f"the plugin {modality!r} has no format {format!r}",
                remedy=did_you_mean(format, cls.formats),
            )
        return cls()
    found: dict[str, type[Modality]] = {}
    known: set[str] = set()
    for info in plugins.installed():
        if plugins.check(info.name).status in ("ok", "slow"):
            cls = plugins.get(info.name)
            known |= set(cls.formats)
            if format in cls.formats:
                found[info.name] = cls
    if not found:
        raise UnknownName(
            f"no installed plugin reads the format {format!r}", remedy=did_you_mean(format, known)
        )
    if len(found) > 1:
        raise BadInput(
            f"several plugins read {format!r}", remedy=f"Give --modality: {', '.join(found)}."
        )
    return next(iter(found.values()))()
