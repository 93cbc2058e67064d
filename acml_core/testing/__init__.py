"""The conformance suite: the tests that every modality plugin inherits.

A plugin's ``tests/test_conformance.py``::

    from acml_core.testing import ModalityTests


    class TestRaman(ModalityTests):
        modality = "raman"
        example = "300 1\\n1000 4\\n3000 2"

``modality`` is the plugin's name (or a ``Modality`` class that no distribution declares), and
``example`` a file, a folder or literal text that ``read`` accepts; a relative path counts from the
test file. Further class attributes are described in ``acml_core.testing.samples.Samples``.

This package needs pytest, which ACML itself does not.
"""

from __future__ import annotations

try:
    import pytest
except ImportError:
    raise ImportError(
        "acml_core.testing runs plugins' tests and needs pytest. Run: pip install pytest"
    ) from None

# Failed assertions of the inherited tests show their values, as those in a test file do.
pytest.register_assert_rewrite(
    *(
        f"acml_core.testing.{module}"
        for module in (
            *("contract", "reading", "damage", "preparing", "collating", "encoding", "tables"),
            *("abilities", "training", "kept"),
        )
    )
)

from acml_core.testing.suite import ModalityTests  # noqa: E402

__all__ = ["ModalityTests"]
