"""SMILES plugin of ACML: a structure as toolkits and papers write it."""

from __future__ import annotations

from typing import Any

from acml_core import hookimpl


@hookimpl
def acml_modalities() -> list[Any]:
    """The modality ``smiles``; imported here, so that finding the plugin costs nothing."""
    from acml_plugin_smiles.modality import Smiles

    return [Smiles]
