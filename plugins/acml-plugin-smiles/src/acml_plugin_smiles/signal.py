"""One SMILES string, as it was written."""

from __future__ import annotations

from pydantic import field_validator

from acml_core.modality import Signal
from acml_plugin_smiles.tokenise import tokenise


class SmilesSignal(Signal):
    """A molecule as somebody wrote it.

    Attributes:
        string: the SMILES as written: any order of atoms, Kekule or aromatic, with or without
            hydrogens and stereochemistry; never canonicalised. "" means none.

    ``smiles``, which every signal has, is the record's structure in a table, and no encoder sees it.
    """

    string: str = ""

    @field_validator("string")
    @classmethod
    def _grammatical(cls, text: str) -> str:
        text = text.strip()
        if text:
            tokenise(text)  # raises NotSmiles, a ValueError
        return text
