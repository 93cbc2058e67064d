"""For authors of plugins: pretrained tower weights inside the plugin's package.

The file is safetensors; its metadata say under ``settings``, as JSON, what the weights were made for.
Matrices may be stored at half precision.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acml_core.errors import ArtefactError

if TYPE_CHECKING:
    from torch import nn

SETTINGS = "settings"
"""Key of the metadata."""


def write(path: Path, encoder: nn.Module, settings: Mapping[str, Any], **about: str) -> None:
    """Write weights for ``BundledTower``: matrices at half precision, the rest as it is.

    Args:
        settings: what an encoder must share with them.
        about: further metadata.
    """
    from acml_core.files import write_tensors

    tensors = {
        name: value.half() if value.ndim > 1 else value
        for name, value in encoder.state_dict().items()
    }
    write_tensors(path, tensors, {SETTINGS: json.dumps(dict(settings)), **about})


@dataclass(frozen=True)
class BundledTower:
    """Weights of one encoder.

    Attributes:
        path: the file, which may be absent.
        distribution: that brings it, for the remedy.
    """

    path: Path
    distribution: str

    def fits(self, settings: Mapping[str, Any]) -> bool:
        """Whether there are weights, made with these settings (and perhaps further ones).

        Raises:
            ArtefactError: the file is damaged.
        """
        if not self.path.is_file():
            return False
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self.path, framework="numpy") as file:
                stated = json.loads((file.metadata() or {}).get(SETTINGS, "{}"))
        except (SafetensorError, OSError, ValueError) as error:
            raise self._damaged(error) from None
        wanted = json.loads(json.dumps(dict(settings)))  # tuples as lists, as in the file
        return all(name in stated and stated[name] == value for name, value in wanted.items())

    def load(self, encoder: nn.Module) -> None:
        """Fill an encoder.

        Raises:
            ArtefactError: the file is damaged.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            encoder.load_state_dict(load_file(self.path))
        except (SafetensorError, RuntimeError, OSError) as error:
            raise self._damaged(error) from None

    def _damaged(self, error: Exception) -> ArtefactError:
        return ArtefactError(
            f"the bundled weights are damaged ({error})",
            source=self.path,
            remedy=f"Run: pip install --force-reinstall --no-deps {self.distribution}",
        )
