"""What the standard tests work on: the plugin, its example, and signals of several lengths."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from acml_core import plugins
from acml_core.config import parse
from acml_core.data.simulating import first_signals
from acml_core.errors import AcmlError
from acml_core.modality import Modality, Signal
from acml_core.testing.kept import KeepsStandardTests

MOST_STARTER = 32
"""Rows of the starter table that the tests use."""

SHARES = (0.75, 0.5, 0.25)
"""Lengths of the shortened copies of a signal, as shares of its own."""

MAX_PATH = 4096
"""Longest string that can be a path."""


class Samples(KeepsStandardTests):
    """Attributes that a plugin's test class sets, and the fixtures made of them.

    Attributes:
        modality: the plugin's name, or a ``Modality`` class.
        example: a path (relative to the test file) or literal text that ``read`` accepts.
        config: settings that make the plugin's encoder small, where the default one is slow.
        molecules: SMILES that ``simulate`` is asked for.
    """

    modality: ClassVar[Any]
    example: ClassVar[Any]
    config: ClassVar[dict[str, Any]] = {}
    molecules: ClassVar[tuple[str, ...]] = ("CCO", "Cc1ccccc1O", "CC(=O)Nc1ccccc1")

    @pytest.fixture
    def plugin(self) -> Modality:
        """The modality with the settings of ``config``."""
        return make(type(self))

    @pytest.fixture
    def source(self) -> Path | str:
        """The example as ``read`` takes it."""
        return source_of(type(self))

    @pytest.fixture
    def examples(self) -> list[Signal]:
        """The example's signals that have a measurement."""
        return _fresh(read_example(type(self)))

    @pytest.fixture
    def signals(self) -> list[Signal]:
        """The example's signals, shortened copies of them, and the first of the starter table."""
        return _fresh(all_signals(type(self)))


def _fresh(signals: tuple[Signal, ...]) -> list[Signal]:
    """Copies, so that a test which changes one changes no other test's."""
    return [one.model_copy(deep=True) for one in signals]


def class_of(cls: type[Samples]) -> type[Modality]:
    """The modality class that a test class names."""
    for attribute in ("modality", "example"):
        if not hasattr(cls, attribute):
            pytest.fail(f"{cls.__name__} must set {attribute!r}")
    return plugins.get(cls.modality) if isinstance(cls.modality, str) else cls.modality


def make(cls: type[Samples]) -> Modality:
    """A new instance of the modality under test."""
    modality = class_of(cls)
    return modality(parse(modality.Config, cls.config, source=f"{cls.__name__}.config"))


def source_of(cls: type[Samples]) -> Path | str:
    """A path where the example is one, else the text."""
    example = cls.example
    if isinstance(example, Path) or ("\n" not in example and len(example) < MAX_PATH):
        beside = Path(inspect.getfile(cls)).parent / example
        try:
            if beside.exists():
                return beside
        except OSError:  # too long for a file's name, so it is text
            pass
    return example


@cache
def read_example(cls: type[Samples]) -> tuple[Signal, ...]:
    """Signals of the example that have a measurement."""
    found = tuple(one for one in make(cls).read(source_of(cls)) if not one.missing)
    if not found:
        pytest.fail("the example gives no signal that has a measurement")
    return found


@cache
def starter_signals(cls: type[Samples]) -> tuple[Signal, ...]:
    """The first signals of the starter table; none where the plugin has no starter."""
    plugin = make(cls)
    if not plugin.supports("starter"):
        return ()
    return tuple(first_signals(plugin.starter(), plugin, MOST_STARTER))


@cache
def all_signals(cls: type[Samples]) -> tuple[Signal, ...]:
    """The example, its shortened copies, and rows of the starter table; each once."""
    found = list(read_example(cls)[:8])
    for signal in tuple(found[:2]):
        found += shortened(signal)
    with suppress(AcmlError):  # test_starter says so; the other tests do without
        found += starter_signals(cls)[:8]
    return tuple(found)


def shortened(signal: Signal) -> Iterator[Signal]:
    """Copies with each list cut to the same share, where the plugin takes them for signals."""
    lists = {
        name: value
        for name in signal.columns()
        if isinstance(value := getattr(signal, name), tuple) and value
    }
    lengths = set()
    for share in SHARES:
        cut = {name: value[: max(1, round(len(value) * share))] for name, value in lists.items()}
        length = tuple(len(value) for value in cut.values())
        if all(cut[name] == lists[name] for name in lists) or length in lengths:
            continue
        lengths.add(length)
        try:
            copy = type(signal)(**{**signal.model_dump(), **cut})
        except ValidationError:
            continue
        if not copy.missing:
            yield copy
