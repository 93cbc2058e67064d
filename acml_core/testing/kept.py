"""A standard test that a plugin drops, overrides or marks as skipped needs a stated reason."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

SKIPPING = {"skip", "skipif", "xfail"}
"""Marks with which a test no longer fails."""

ALL = "all"
"""Key of ``reasons`` for a mark on the whole class."""

GUARD = "test_standard_tests_are_kept"


class _WatchesMarks(type):
    """Sees marks that a decorator puts on a class after it was made.

    A class marked as skipped would skip the test that looks for skipped tests.
    """

    def __setattr__(cls, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "pytestmark":
            _refuse_skipped_class(cls)


class KeepsStandardTests(metaclass=_WatchesMarks):
    """Base of the suite.

    Attributes:
        reasons: by name of a standard test, why a subclass drops or overrides it; by ``"all"``, why
            the whole class is marked as skipped.
    """

    reasons: ClassVar[dict[str, str]] = {}
    _standard: ClassVar[dict[str, Any]] = {}
    _suite: ClassVar[bool] = True

    def __init_subclass__(cls, suite: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._suite = suite
        if suite:
            cls._standard = {
                name: getattr(cls, name) for name in dir(cls) if name.startswith("test_")
            }
            return
        if not cls._standard:  # a part of the suite
            cls._suite = True
            return
        if getattr(cls, GUARD, None) is not cls._standard[GUARD]:
            raise TypeError(f"{cls.__name__} may not override {GUARD}")
        unknown = sorted(set(cls.reasons) - set(cls._standard) - {ALL})
        if unknown:
            raise TypeError(
                f"{cls.__name__}.reasons names {unknown[0]!r}, which is no standard test"
            )
        _refuse_skipped_class(cls)

    def test_standard_tests_are_kept(self) -> None:
        """Every standard test runs as it is, or ``reasons`` says why it does not."""
        silent = [name for name in changed(type(self)) if not _stated(type(self), name)]
        assert not silent, (
            f"{', '.join(silent)}: dropped, overridden or skipped without a reason. State it: "
            f'reasons = {{"{silent[0]}": "..."}} in {type(self).__name__}'
        )


def changed(cls: type[KeepsStandardTests]) -> list[str]:
    """Names of the standard tests that a subclass does not run as they are."""
    return [
        name
        for name, standard in cls._standard.items()
        if getattr(cls, name, None) is not standard or _skipped(getattr(cls, name))
    ]


def _refuse_skipped_class(cls: Any) -> None:
    if not cls._suite and _skipped(cls) and not _stated(cls, ALL):
        raise TypeError(
            f"{cls.__name__} is marked as skipped without a reason. State it: "
            f'reasons = {{"{ALL}": "..."}}'
        )


def _skipped(item: Any) -> bool:
    marks = getattr(item, "pytestmark", [])
    marks = marks if isinstance(marks, list) else [marks]
    return any(
        (mark.mark if isinstance(mark, pytest.MarkDecorator) else mark).name in SKIPPING
        for mark in marks
    )


def _stated(cls: type[KeepsStandardTests], name: str) -> bool:
    return bool(cls.reasons.get(name, "").strip())
