"""The standard tests that every modality keeps."""

from acml_core.testing import ModalityTests


class TestTitle(ModalityTests):
    modality = "NAME"
    example = "example.csv"
