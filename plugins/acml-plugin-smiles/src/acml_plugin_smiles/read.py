"""The one entry to all readers: a file or literal text to ``SmilesSignal``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from acml_core import sources
from acml_core.errors import BadInput, did_you_mean
from acml_core.modality import OnReject
from acml_plugin_smiles.signal import SmilesSignal

SUFFIXES = (
    ".smi", ".smiles", ".ism", ".can", ".txt", ".csv", ".tsv", ".parquet", ".sdf", ".sd", ".mol",
)  # fmt: skip
"""Lower-case suffixes that ``read`` takes."""

FORMATS = ("smi", "csv", "table", "sdf", "text")
"""Names for ``read(..., format=)``."""

_BY_SUFFIX = {
    ".parquet": "table", ".csv": "csv", ".tsv": "csv", ".sdf": "sdf", ".sd": "sdf", ".mol": "sdf",
}  # fmt: skip
EXAMPLE = "a SMILES such as 'CC(=O)Nc1ccc(O)cc1'"
NOT_TEXT = "Give a SMILES file, a table or an SDF."
"""What to give instead of nothing, and of a binary file."""


def read(
    source: Path | str, *, format: str | None = None, on_reject: OnReject | None = None
) -> Iterator[SmilesSignal]:
    """Signals of a file or of literal text.

    A string is a path when that path exists; a string that only looks like one (a single word with a
    known suffix) is taken for a path with a mistake; everything else is the text itself.

    Args:
        source: a path, or SMILES, one a line.
        format: one of ``FORMATS``; None to find out by suffix and content.
        on_reject: receives bad records of a file whose others are good.

    Raises:
        BadInput: at once where the source or format is wrong, else while iterating.
    """
    if format is not None and format not in FORMATS:
        raise BadInput(
            f"no SMILES format is called {format!r}", remedy=did_you_mean(format, FORMATS)
        )
    path = sources.locate(source, SUFFIXES, example=EXAMPLE)
    if path is None:
        return _literal(str(source), format, on_reject)
    if path.is_dir():
        raise BadInput("a folder is no SMILES", source=path, remedy="Give one file of it.")
    return _file(path, format, on_reject)


def _literal(text: str, format: str | None, on_reject: OnReject | None) -> Iterator[SmilesSignal]:
    from acml_plugin_smiles.readers import check, foreign, lines, sdf

    if format == "table":
        raise BadInput("the format 'table' needs a file", source=text, remedy="Give its path.")
    numbered = list(enumerate(text.splitlines(), start=1))
    if format == "sdf" or (format is None and sdf.BLOCK_END in text):
        return sdf.read_sdf(numbered, text, on_reject=on_reject)
    foreign.refuse(text[: sources.PROBE], text)
    if len(numbered) == 1:
        try:
            return iter([check.signal(text.split()[0], origin="text", source=text)])
        except BadInput:
            known = check.other(text.strip())
            if known is None:
                raise
            what, remedy = known  # of the whole: "acetic acid", and not "acetic" alone
            raise BadInput(f"{check.shown(text.strip())} is {what}", remedy=remedy) from None
    return lines.read_lines(numbered, text, table=format == "csv", on_reject=on_reject)


def _file(path: Path, format: str | None, on_reject: OnReject | None) -> Iterator[SmilesSignal]:
    from acml_plugin_smiles.readers import foreign, lines, sdf, tables

    head = sources.probe(path)
    kind = format or _BY_SUFFIX.get(path.suffix.lower(), "")
    if head.startswith(b"PAR1") or path.suffix.lower() == ".parquet":
        return tables.read_parquet(path, on_reject=on_reject)
    if kind == "table":  # of text: CSV or TSV
        kind = "csv"
    sources.refuse_binary(head, path, remedy=NOT_TEXT)
    if kind == "sdf" or (not kind and sdf.BLOCK_END.encode() in head):
        return sdf.read_sdf(sources.lines(path, remedy=NOT_TEXT), path, on_reject=on_reject)
    encoding = sources.text_encoding(path, remedy=NOT_TEXT)
    foreign.refuse(head.decode(encoding, errors="replace"), path)
    numbered = sources.lines(path, remedy=NOT_TEXT)
    return lines.read_lines(numbered, path, table=kind == "csv", on_reject=on_reject)
