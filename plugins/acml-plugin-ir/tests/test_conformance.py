"""The standard tests that every modality keeps."""

from __future__ import annotations

from acml_core.testing import ModalityTests


class TestIr(ModalityTests):
    modality = "ir"
    example = "files/acetone.jdx"
