"""The standard tests that every modality keeps."""

from __future__ import annotations

from acml_core.testing import ModalityTests


class TestMs(ModalityTests):
    modality = "ms"
    example = "files/caffeine.mgf"


class TestMsOfMzml(ModalityTests):
    modality = "ms"
    example = "files/run.mzML"
    config = {"width": 64, "dim": 32, "peak_width": 32}  # noqa: RUF012
