"""Mass spectrometry plugin of ACML: electron-ionisation and tandem mass spectra."""

from __future__ import annotations

from typing import Any

from acml_core import hookimpl


@hookimpl
def acml_modalities() -> list[Any]:
    """The modality ``ms``; imported here, so that finding the plugin costs nothing."""
    from acml_plugin_ms.modality import Ms

    return [Ms]
