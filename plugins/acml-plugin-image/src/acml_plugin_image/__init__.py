"""Image plugin of ACML: pictures of molecular structures."""

from __future__ import annotations

from typing import Any

from acml_core import hookimpl


@hookimpl
def acml_modalities() -> list[Any]:
    """The modality ``image``; imported here, so that finding the plugin costs nothing."""
    from acml_plugin_image.modality import Picture

    return [Picture]
