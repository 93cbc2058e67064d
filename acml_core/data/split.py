"""The split of molecules into train, validation and test: a function of the InChIKey-14 alone.

A molecule falls on the same side in every table and every modality, today and in any later version
of a table, so no model is ever tested on a molecule that another modality has shown it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from acml_core.config import Settings

SplitName = Literal["train", "validation", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")


class SplitConfig(Settings):
    """How molecules are divided."""

    test: float = Field(0.1, ge=0, lt=1, description="share of molecules held out for the test")
    validation: float = Field(0.1, ge=0, lt=1, description="share of molecules for validation")
    salt: str = Field("acml-1", description="another salt gives another split")

    @model_validator(mode="after")
    def _leaves_something(self) -> SplitConfig:
        if self.test + self.validation >= 1:
            raise ValueError("the shares of test and validation leave nothing to train on")
        return self


def fraction(key: str, salt: str) -> float:
    """A number in [0, 1) that depends on nothing but the two strings."""
    digest = hashlib.sha256(f"{salt}:{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def assign(keys: Sequence[str], config: SplitConfig) -> np.ndarray:
    """``(len(keys),)`` int8: index into ``SPLITS`` of each InChIKey-14."""
    place = np.array([fraction(key, config.salt) for key in keys])
    result = np.zeros(len(keys), dtype=np.int8)
    result[place < config.test + config.validation] = SPLITS.index("validation")
    result[place < config.test] = SPLITS.index("test")
    return result
