"""Infrared plugin of ACML: absorption spectra and band lists."""

from __future__ import annotations

from typing import Any

from acml_core import hookimpl


@hookimpl
def acml_modalities() -> list[Any]:
    """The modality ``ir``; imported here, so that finding the plugin costs nothing."""
    from acml_plugin_ir.modality import Ir

    return [Ir]
