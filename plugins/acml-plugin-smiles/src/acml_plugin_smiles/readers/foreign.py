"""Files of other kinds, by how they begin, so that their first line is not called a bad SMILES."""

from __future__ import annotations

import re
from pathlib import Path

from acml_core.errors import BadInput

GIVE = "Give a SMILES file, a table or an SDF."
_BEGINNINGS = (
    (r"##\w", "a JCAMP-DX file", GIVE),
    (r"BEGIN IONS", "an MGF file", GIVE),
    (r"(?i:NAME): [\s\S]*(?i:NUM ?PEAKS)", "an MSP file", GIVE),
    (r"ACCESSION: ", "a MassBank record", GIVE),
    (r"(1H|13C|\S*1H|\S*13C)[ -]?NMR", "an NMR peak list", GIVE),
    (r"(FT-?)?IR\b", "a list of infrared bands", GIVE),
    (r"data_", "a STAR or CIF file", GIVE),
    (r"(HEADER|COMPND|ATOM  |HETATM)", "a PDB file", "Convert it to SDF."),
    (r"@<TRIPOS>", "a MOL2 file", "Convert it to SDF."),
    (r"<(\?xml|svg|!DOCTYPE|html)", "XML or HTML", GIVE),
    (r"[{\[]\s*\"", "JSON", GIVE),
)  # fmt: skip
_FOREIGN = [(re.compile(r"\s*" + start), what, remedy) for start, what, remedy in _BEGINNINGS]


def refuse(head: str, source: Path | str) -> None:
    """Raise where a text begins as files of another kind do.

    Raises:
        BadInput: says what it is, and what to give instead.
    """
    for pattern, what, remedy in _FOREIGN:
        if pattern.match(head):
            raise BadInput(f"{what}, not SMILES", source=source, remedy=remedy)
