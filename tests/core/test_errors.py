"""Errors: one line, where and what to do."""

from __future__ import annotations

import pickle

import pytest

from acml_core import errors
from acml_core.errors import AcmlError, BadInput, did_you_mean


def test_place_cause_and_remedy_in_one_line() -> None:
    error = BadInput("the shift is no number", source="peaks.csv", line=7, remedy="Use ppm.")
    assert str(error) == "peaks.csv:7: the shift is no number. Use ppm."
    assert str(BadInput("it is empty.")) == "it is empty."
    assert str(BadInput("it is empty", source="a\nb  c")) == "a b c: it is empty."


def test_a_librarys_message_of_several_lines_becomes_one() -> None:
    assert str(BadInput("2 errors:\n  first\n  second")) == "2 errors: first second."


def test_long_literal_text_is_shortened() -> None:
    text = str(BadInput("no peaks", source="13C NMR " * 100))
    assert len(text) < 150
    assert text.endswith("...: no peaks.")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("AcmlError", 1),
        ("PluginError", 1),
        ("ArtefactError", 1),
        ("BadInput", 2),
        ("ConfigError", 2),
        ("UnknownName", 2),
        ("Unsupported", 2),
    ],
)
def test_exit_codes(name: str, code: int) -> None:
    cls = getattr(errors, name)
    assert issubclass(cls, AcmlError)
    assert cls("x").exit_code == code


def test_an_error_survives_the_way_back_from_a_worker_process() -> None:
    error = BadInput("it is empty", source="a.csv", line=3, remedy="Fill it.")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is BadInput
    assert (copy.what, copy.source, copy.line, copy.remedy) == (
        "it is empty",
        "a.csv",
        3,
        "Fill it.",
    )
    assert str(copy) == str(error)


def test_did_you_mean() -> None:
    assert did_you_mean("gine_", ["gine", "gps"]) == "Did you mean 'gine'?"
    assert did_you_mean("NMR", ["nmr", "ms"]) == "Did you mean 'nmr'?"
    assert did_you_mean("zzz", ["gps", "gine", "gps"]) == "Known: gine, gps."
    assert did_you_mean("zzz", []) == "None is known."
