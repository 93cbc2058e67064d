"""Is this text a SMILES? And if not, what is it instead?"""

from __future__ import annotations

import re
from pathlib import Path

from acml_core.errors import BadInput
from acml_core.molecule import parse_smiles
from acml_plugin_smiles.signal import SmilesSignal
from acml_plugin_smiles.tokenise import NotSmiles, tokenise

SHOWN = 60
"""Characters of bad text that a message repeats."""

_OTHERS = (
    (
        re.compile(r"InChI=\S+|1S?/\S+"),
        "an InChI, not a SMILES",
        "Convert it, e.g. with RDKit: Chem.MolToSmiles(Chem.MolFromInchi(text)).",
    ),
    (
        re.compile(r"(InChIKey=)?[A-Z]{14}-[A-Z]{10}-[A-Z]"),
        "an InChIKey, not a SMILES",
        "A key cannot be turned back into a structure: look the molecule up.",
    ),
    (
        re.compile(r"\d{2,7}-\d\d-\d"),
        "a CAS number, not a SMILES",
        "Look up the molecule's SMILES.",
    ),
    (
        re.compile(r"[\d.,;:eE+\s-]+"),
        "numbers, not a SMILES",
        "If this is a spectrum, name the modality that it is of.",
    ),
    (
        # Each element once, carbon first: "C1CC" is a SMILES with a mistake.
        re.compile(r"(?=.*\d)C\d*(H\d*)?(?:([A-BD-GI-Z][a-z]?|C[a-z])\d*(?!.*\2))*[+-]?"),
        "a molecular formula, not a SMILES",
        "Give a structure.",
    ),
    (
        re.compile(r"[\w\s,()'\[\]+-]*(?!Cl|Br)[A-Za-z][d-mq-zD-EJLMQ-Zaw]{2}[\w\s,()'\[\]+-]*"),
        "a name, not a SMILES",
        "Look up the molecule's SMILES, or draw it and export SMILES.",
    ),
)
"""What people give instead: pattern of the whole text, what it is, remedy. Tried only on bad text."""


def signal(text: str, *, origin: str, source: str | Path, line: int | None = None) -> SmilesSignal:
    """The signal of one SMILES, kept as written.

    Raises:
        BadInput: the grammar or RDKit does not allow it; says what it looks like instead.
    """
    text = text.strip()
    try:
        tokenise(text)
        parse_smiles(text)
    except (NotSmiles, BadInput) as error:
        known = other(text)
        if known is not None:
            what, remedy = known
            raise BadInput(
                f"{shown(text)} is {what}", source=source, line=line, remedy=remedy
            ) from None
        if isinstance(error, BadInput):
            raise BadInput(error.what, source=source, line=line, remedy=error.remedy) from None
        raise BadInput(
            f"{shown(text)} is not a SMILES: {error}",
            source=source,
            line=line,
            remedy="Check brackets, branches and ring closures.",
        ) from None
    return SmilesSignal(string=text, smiles=text, origin=origin)


def other(text: str) -> tuple[str, str] | None:
    """What text that is no SMILES looks like, and the remedy; None where it looks like nothing."""
    for pattern, what, remedy in _OTHERS:
        if pattern.fullmatch(text):
            return what, remedy
    return None


def shown(text: str) -> str:
    """Bad text for a message, not all of it."""
    return repr(text if len(text) <= SHOWN else text[: SHOWN - 3] + "...")
