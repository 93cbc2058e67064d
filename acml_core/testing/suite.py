"""All standard tests of a modality plugin, together."""

from __future__ import annotations

from acml_core.testing.abilities import AbilityTests
from acml_core.testing.collating import CollatingTests
from acml_core.testing.contract import ContractTests
from acml_core.testing.damage import DamageTests
from acml_core.testing.encoding import EncodingTests
from acml_core.testing.preparing import PreparingTests
from acml_core.testing.reading import ReadingTests
from acml_core.testing.tables import TableTests
from acml_core.testing.training import TrainingTests


class ModalityTests(
    ContractTests,
    ReadingTests,
    DamageTests,
    PreparingTests,
    CollatingTests,
    EncodingTests,
    TableTests,
    AbilityTests,
    TrainingTests,
    suite=True,
):
    """What every modality keeps. Subclass it, and set ``modality`` and ``example``."""
