"""The standard tests that every modality keeps."""

from __future__ import annotations

from acml_core.testing import ModalityTests


class TestNmr(ModalityTests):
    modality = "nmr"
    example = "13C NMR (101 MHz, CDCl3) δ 170.1, 128.4, 21.0"
