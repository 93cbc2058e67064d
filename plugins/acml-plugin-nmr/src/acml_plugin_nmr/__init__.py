"""NMR plugin of ACML: 13C and 1H peak lists."""

from __future__ import annotations

from typing import Any

from acml_core import hookimpl


@hookimpl
def acml_modalities() -> list[Any]:
    """The modality ``nmr``; imported here, so that finding the plugin costs nothing."""
    from acml_plugin_nmr.modality import Nmr

    return [Nmr]
