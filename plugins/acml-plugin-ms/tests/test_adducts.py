"""Adducts and measuring conditions in the spellings that files use."""

from __future__ import annotations

import pytest
from acml_plugin_ms.conditions import SIZES, analyser, categories, energy_of, ionisation, mode_of
from hypothesis import given
from hypothesis import strategies as st

from acml_core.adducts import NAMES, normalise, parse

GLUCOSE = 180.0633881


@pytest.mark.parametrize(
    ("text", "mode", "name"),
    [
        ("[M+H]+", "", "[M+H]+"),
        ("M+H", "", "[M+H]+"),
        ("(M+H)+", "", "[M+H]+"),
        ("[M+H]1+", "", "[M+H]+"),
        ("[M-H]", "NEGATIVE", "[M-H]-"),
        ("[M-H2O+H]+", "", "[M+H-H2O]+"),
        ("[M-2H2O+H]+", "", "[M+H-2H2O]+"),
        ("[M+FA-H]-", "", "[M+HCOO]-"),
        ("[M+HCO2]-", "", "[M+HCOO]-"),
        ("[M+HCOOH-H]-", "", "[M+HCOO]-"),
        ("[M+CH3COOH-H]-", "", "[M+CH3COO]-"),
        ("[M+OAc]-", "", "[M+CH3COO]-"),
        ("[M]+.", "", "[M]+*"),
        ("M+*", "", "[M]+*"),
        ("[M]++", "", "[M]+"),
        ("[M+2H]++", "", "[M+2H]2+"),
        ("[M-2H]--", "", "[M-2H]2-"),
        ("[M+ACN+H]+", "", "[M+C2H3N+H]+"),
        ("[2M+H]+", "", "[2M+H]+"),
    ],
)
def test_spellings(text, mode, name):
    assert normalise(text, mode) == name


@pytest.mark.parametrize("text", ["", "?", "[M+Xx]+", "[M+CH3COO]-/[M-CH3]-", "protonated"])
def test_what_is_not_understood_stays(text):
    assert parse(text) is None
    assert normalise(text) == text


@pytest.mark.parametrize(
    ("name", "mz"),
    [
        ("[M+H]+", 181.0707),
        ("[M+Na]+", 203.0526),
        ("[M-H]-", 179.0561),
        ("[M+HCOO]-", 225.0616),
        ("[M+2H]2+", 91.0390),
        ("[2M+H]+", 361.1341),
    ],
)
def test_masses_of_glucose(name, mz):
    assert parse(name).mz(GLUCOSE) == pytest.approx(mz, abs=2e-4)


@given(st.sampled_from(NAMES), st.floats(50, 1500))
def test_mass_and_mz_are_inverse(name, mass):
    adduct = parse(name)
    assert adduct.name == name
    assert adduct.neutral_mass(adduct.mz(mass)) == pytest.approx(mass)


@given(st.text(max_size=20))
def test_no_text_is_too_strange(text):
    numbers = categories(text, text, text, text, text)
    assert all(0 <= n < size for n, size in zip(numbers, SIZES.values(), strict=True))


def test_nothing_known_is_category_zero():
    assert set(categories("", "", "", "", "")) == {0}


@pytest.mark.parametrize(
    ("text", "value", "normalised"),
    [
        ("35 eV", 35, False),
        ("6V", 6, False),
        ("40", 40, False),
        ("30 % (nominal)", 30, True),
        ("Ramp 20%-70% (nominal)", 45, True),
        ("15, 30, 45, 60, 70 or 90 (nominal)", None, False),
        ("", None, False),
    ],
)
def test_energies(text, value, normalised):
    assert energy_of(text) == (value, normalised)


def test_instruments_and_modes():
    assert [ionisation(t) for t in ("EI-B", "LC-ESI-QTOF", "GC-APCI-QTOF", "x")] == [
        "EI", "ESI", "APCI", "other",
    ]  # fmt: skip
    assert [analyser(t) for t in ("LC-ESI-ITFT", "LC-ESI-QTOF", "LC-ESI-QQQ", "EI-B")] == [
        "FT", "TOF", "unit", "sector",
    ]  # fmt: skip
    assert [mode_of(t) for t in ("P", "negative", "+", "1-", "n/a")] == [
        "POSITIVE", "NEGATIVE", "POSITIVE", "NEGATIVE", "",
    ]  # fmt: skip
