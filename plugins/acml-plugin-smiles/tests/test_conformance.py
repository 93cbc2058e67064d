"""The standard tests that every modality keeps."""

from __future__ import annotations

from typing import Any, ClassVar

from acml_core.testing import ModalityTests


class TestSmiles(ModalityTests):
    modality = "smiles"
    example = "files/molecules.smi"
    config: ClassVar[dict[str, Any]] = {
        "dim": 64,
        "width": 32,
        "layers": 3,
        "attention_layers": 1,
        "heads": 2,
        "pool_width": 64,
    }
