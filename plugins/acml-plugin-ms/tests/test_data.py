"""Real records, where they are: every one is read, or refused for a reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from acml_plugin_ms.modality import Ms

from acml_core.errors import BadInput

DATA = os.environ.get("ACML_DATA")


@pytest.mark.data
@pytest.mark.skipif(not DATA, reason="ACML_DATA is not set")
def test_every_raw_file_is_read_or_refused_for_a_reason():
    ms = Ms()
    read, refused = 0, []
    for path in sorted(Path(str(DATA), "raw", "ms").iterdir()):
        try:
            signals = list(ms.read(path))
            assert all(ms.prepare(signal)["mz"].size for signal in signals)
            read += 1
        except BadInput as error:
            refused.append(str(error))
    assert read >= 59
    # a labelled glycan: its precursor is heavier than the structure stated
    assert all("of the structure stated" in reason for reason in refused)
