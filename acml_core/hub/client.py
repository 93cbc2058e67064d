"""The one place that knows where the Hub is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import acml_core

if TYPE_CHECKING:
    from huggingface_hub import HfApi


def endpoint() -> str:
    """Address of the Hub: ``HF_ENDPOINT`` where a mirror is used, as it is set now.

    The client itself reads the variable only once, when it is imported.
    """
    from huggingface_hub import constants

    return (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")


def api(token: str | bool | None = None) -> HfApi:
    """The client; the token is the usual one (``hf auth login``, ``HF_TOKEN``) unless given."""
    from huggingface_hub import HfApi

    return HfApi(
        endpoint=endpoint(),
        token=token,
        library_name="acml",
        library_version=acml_core.__version__,
    )
