"""The registry of named components."""

from __future__ import annotations

import pytest

from acml_core.errors import PluginError, UnknownName
from acml_core.registry import Registry


def colours(**kwargs) -> Registry:
    registry: Registry = Registry("number", "numbers:Number", **kwargs)
    registry.add("fraction", "fractions:Fraction")
    return registry


def test_get_imports_and_gives_the_class() -> None:
    from fractions import Fraction

    assert colours().get("fraction") is Fraction
    registry = colours()
    registry.add("own", Fraction, owner="acml-plugin-x")
    assert registry.get("own") is Fraction
    assert registry.owner("own") == "acml-plugin-x"
    assert registry.owner("fraction") == "acml-core"


def test_a_typo_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(UnknownName, match=r"no number is called 'Fracton'\. Did you mean 'fracti"):
        colours().get("Fracton")
    with pytest.raises(UnknownName, match=r"Known: fraction\."):
        colours().get("zzz")


def test_what_is_not_of_the_kind_is_refused() -> None:
    registry = colours()
    registry.add("path", "pathlib:Path", owner="acml-plugin-x")
    registry.add("function", "math:sqrt", owner="acml-plugin-x")
    for name in ("path", "function"):
        with pytest.raises(PluginError, match=f"'{name}' of acml-plugin-x is not a Number"):
            registry.get(name)


def test_a_name_taken_by_something_else_is_a_clash_and_the_same_again_is_none() -> None:
    registry = colours()
    registry.add("fraction", "fractions:Fraction")
    registry.get("fraction")
    registry.add("fraction", "fractions:Fraction")
    with pytest.raises(PluginError, match="of acml-plugin-x clashes with that of acml-core"):
        registry.add("fraction", "decimal:Decimal", owner="acml-plugin-x")
    assert registry.get("fraction").__name__ == "Fraction"


@pytest.mark.parametrize("entry", ["nosuchmodule:Thing", "math:nosuchname", "math"])
def test_a_plugins_entry_that_cannot_be_imported_is_its_plugins_error(entry: str) -> None:
    registry = colours()
    registry.add("bad", entry, owner="acml-plugin-x")
    with pytest.raises(PluginError, match="'bad' of acml-plugin-x cannot be imported") as caught:
        registry.get("bad")
    assert caught.value.remedy == "Run: pip install --force-reinstall acml-plugin-x"


def test_a_disputed_name_is_refused_unless_it_is_the_cores() -> None:
    registry = colours()
    registry.add("own", "decimal:Decimal", owner="acml-plugin-x")
    clash = PluginError("two claim it")
    registry.dispute("own", clash)
    registry.dispute("fraction", clash)
    with pytest.raises(PluginError, match="two claim it"):
        registry.get("own")
    assert registry.get("fraction").__name__ == "Fraction"


def test_the_fallback_is_asked_once_and_only_for_an_unknown_name() -> None:
    calls = []

    def fallback(registry: Registry) -> None:
        calls.append(1)
        registry.add("decimal", "decimal:Decimal", owner="acml-plugin-x")

    registry: Registry = Registry("number", "builtins:object", fallback=fallback)
    registry.add("fraction", "fractions:Fraction")
    registry.get("fraction")
    assert calls == []
    assert registry.get("decimal").__name__ == "Decimal"
    assert registry.names() == ["decimal", "fraction"]
    with pytest.raises(UnknownName):
        registry.get("other")
    assert calls == [1]
