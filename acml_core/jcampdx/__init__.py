"""JCAMP-DX, which several kinds of measurement share: blocks of labelled records, and data tables.

What the records mean is each plugin's own business.
"""

from acml_core.jcampdx.asdf import Ordinates, ordinates, pairs
from acml_core.jcampdx.blocks import NUMBER, Block, Record, blocks, each, truncated

__all__ = [
    "NUMBER",
    "Block",
    "Ordinates",
    "Record",
    "blocks",
    "each",
    "ordinates",
    "pairs",
    "truncated",
]
