"""The core's readers of text files, with what to say of a file that is no text."""

from __future__ import annotations

from functools import partial

from acml_core import sources

NOT_TEXT = (
    "Unpack it if it is compressed; convert a vendor's file to mzML (ProteoWizard's msconvert does), "
    "or give a parquet table."
)
refuse_binary = partial(sources.refuse_binary, remedy=NOT_TEXT)
text_encoding = partial(sources.text_encoding, remedy=NOT_TEXT)
read_text = partial(sources.read_text, remedy=NOT_TEXT)
lines = partial(sources.lines, remedy=NOT_TEXT)
