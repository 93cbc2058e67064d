"""Title spectra for ACML."""

from __future__ import annotations

from typing import Any

from acml_core import hookimpl


@hookimpl
def acml_modalities() -> list[Any]:
    """The modality; imported here, so that finding the plugin costs nothing."""
    from acml_plugin_NAME.modality import Title

    return [Title]
