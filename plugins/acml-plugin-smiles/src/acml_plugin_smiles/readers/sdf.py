"""MDL mol blocks (V2000, V3000), alone or in an SDF: each is written as a SMILES in the file's order.

The atoms of the string stand in the order of the block, so nothing is canonicalised.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from rdkit import Chem

from acml_core.errors import BadInput
from acml_core.modality import OnReject
from acml_core.sources import parsed
from acml_plugin_smiles.readers import check
from acml_plugin_smiles.signal import SmilesSignal

RECORD_END = "$$$$"
BLOCK_END = "M  END"
MOST_LINES = 20_000
"""Longest record [lines]; more means that the file is no SDF."""


def read_sdf(
    numbered: Iterable[tuple[int, str]], source: Path | str, *, on_reject: OnReject | None = None
) -> Iterator[SmilesSignal]:
    """Signals of the records of an SDF, or of one mol block.

    Raises:
        BadInput: no mol block at all; or a bad record, when ``on_reject`` is None. The line is the
            record's first.
    """
    empty = True
    records = _records(numbered, source)
    for one in parsed(records, lambda it: _record(it[1], source, it[0]), on_reject):
        empty = False
        yield one
    if empty:
        raise BadInput("no record could be read", source=source, remedy="Give an SDF or mol file.")


def _records(
    numbered: Iterable[tuple[int, str]], source: Path | str
) -> Iterator[tuple[int, list[str]]]:
    first = 1
    block: list[str] = []
    for number, line in numbered:
        if not block:
            first = number
        if line.rstrip() == RECORD_END:
            yield first, block
            block = []
            continue
        block.append(line)
        if len(block) > MOST_LINES:
            raise BadInput(
                f"a record without end ({RECORD_END!r}) in {MOST_LINES} lines",
                source=source,
                line=first,
                remedy="Is this an SDF?",
            )
    if any(line.strip() for line in block):
        yield first, block


def _record(block: list[str], source: Path | str, first: int) -> SmilesSignal:
    if not any(line.rstrip() == BLOCK_END for line in block):
        raise BadInput(
            f"a record without {BLOCK_END!r}",
            source=source,
            line=first,
            remedy="The file is truncated, or no SDF.",
        )
    mol = Chem.MolFromMolBlock("\n".join(block) + "\n")
    if mol is None or mol.GetNumAtoms() == 0:
        raise BadInput(
            "RDKit cannot read the record's mol block",
            source=source,
            line=first,
            remedy="Check the counts line, bonds and valences.",
        )
    label = source.name if isinstance(source, Path) else "text"
    name = block[0].strip()
    origin = f"{label}:{first}" + (f" ({name[:60]})" if name else "")
    text = Chem.MolToSmiles(mol, canonical=False)
    one = check.signal(text, origin=origin, source=source, line=first)
    return one.model_copy(update={"smiles": Chem.MolToSmiles(mol)})
