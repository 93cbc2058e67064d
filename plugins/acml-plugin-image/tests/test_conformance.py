"""The standard tests that every modality keeps."""

from __future__ import annotations

from acml_core.testing import ModalityTests


class TestPicture(ModalityTests):
    modality = "image"
    example = "files/paracetamol.png"
