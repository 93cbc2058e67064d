"""Settings: what a wrong one is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError, model_validator

from acml_core.config import Settings, merge, parse, read_toml
from acml_core.errors import BadInput, ConfigError


class Inner(Settings):
    width: int = Field(64, gt=0, description="channels of a layer")
    depth: int = 5


class Outer(Settings):
    rate: float = Field(1e-3, gt=0, le=1)
    inner: Inner = Inner()
    perhaps: Inner | None = None
    table: dict[str, Inner] = Field(default_factory=dict)
    named: int = Field(1, alias="schema")

    @model_validator(mode="after")
    def _rule(self) -> Outer:
        if self.rate == 0.5:
            raise ValueError("rate and inner do not go together")
        return self


def refused(**data) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse(Outer, data, source="run.toml")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("run.toml: ")
    assert caught.value.exit_code == 2
    return caught.value


def test_good_settings() -> None:
    settings = parse(Outer, {"rate": 0.1, "inner": {"width": 8}, "schema": 3})
    assert (settings.rate, settings.inner.width, settings.inner.depth) == (0.1, 8, 5)
    assert settings.named == 3


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Outer().rate = 0.2


@pytest.mark.parametrize(
    ("data", "what", "remedy"),
    [
        ({"rat": 1}, "unknown setting 'rat'", "Did you mean 'rate'?"),
        ({"inner": {"widht": 1}}, "unknown setting 'inner.widht'", "Did you mean 'width'?"),
        ({"perhaps": {"widht": 1}}, "'perhaps.widht'", "Did you mean 'width'?"),
        ({"table": {"a": {"dept": 1}}}, "'table.a.dept'", "Did you mean 'depth'?"),
        ({"shema": 1}, "unknown setting 'shema'", "Did you mean 'schema'?"),
        ({"rate": -1}, "'rate' = -1: Input should be greater than 0", ""),
        ({"inner": {"width": 0}}, "'inner.width' = 0", "It is: channels of a layer"),
        ({"rate": 0.5}, "rate and inner do not go together", ""),
        ({"rate": [7] * 9999}, "'rate' = [7, 7, 7, 7, 7, 7, ...]", ""),
    ],
)
def test_a_wrong_setting_is_named_with_its_remedy(data: dict, what: str, remedy: str) -> None:
    error = refused(**data)
    assert what in error.what
    assert error.remedy == remedy


def test_a_missing_setting_is_named() -> None:
    class Needs(Settings):
        molecules: str = Field(description="the table's path")

    with pytest.raises(ConfigError, match=r"setting 'molecules' is missing\. It is: the table's"):
        parse(Needs, {})


def test_toml_errors_say_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text("a = 1\nb = = 2\n")
    with pytest.raises(BadInput, match=r"recipe\.toml: not valid TOML: .*line 2"):
        read_toml(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="not valid TOML"):
        read_toml(path)
    with pytest.raises(BadInput, match="no such file"):
        read_toml(tmp_path / "other.toml")
    with pytest.raises(BadInput, match="cannot be read"):
        read_toml(tmp_path)
    path.write_text('a = 1\n[b]\nc = "δ"\n', encoding="utf-8")
    assert read_toml(path) == {"a": 1, "b": {"c": "δ"}}


def test_merge_goes_key_by_key_and_changes_no_argument() -> None:
    base = {"a": 1, "b": {"c": 2, "d": 3}}
    assert merge(base, {"b": {"c": 9}}, {"e": 4}) == {"a": 1, "b": {"c": 9, "d": 3}, "e": 4}
    assert merge(base, {"b": 5}) == {"a": 1, "b": 5}
    assert base == {"a": 1, "b": {"c": 2, "d": 3}}


TREES = st.recursive(
    st.integers(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
)


@given(
    st.dictionaries(st.sampled_from("abc"), TREES), st.dictionaries(st.sampled_from("abc"), TREES)
)
def test_merge_keeps_every_key_and_the_later_value_wins(base: dict, other: dict) -> None:
    merged = merge(base, other)
    assert set(merged) == set(base) | set(other)
    assert merge(merged, other) == merged
    assert merge(base, {}) == base
