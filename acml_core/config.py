"""Settings: pydantic models that forbid unknown keys, and TOML to and from them."""

from __future__ import annotations

import reprlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from acml_core.errors import BadInput, ConfigError, did_you_mean


class Settings(BaseModel):
    """Base of every settings class: immutable, and a key it does not have is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


S = TypeVar("S", bound=BaseModel)


def parse(model: type[S], data: Mapping[str, Any], *, source: str | Path | None = None) -> S:
    """``model(**data)``, with errors that name the key and the nearest valid one.

    Raises:
        ConfigError: an unknown key, or a value of the wrong type or range.
    """
    try:
        return model.model_validate(dict(data))
    except ValidationError as error:
        # A misspelt key that is required is both unknown and missing; the first says more.
        found = error.errors()
        first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
        where = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        if not where:  # a rule between several settings
            raise ConfigError(message, source=source) from None
        if first["type"] == "extra_forbidden":
            owner = _model_at(model, first["loc"][:-1])
            raise ConfigError(
                f"unknown setting {where!r}",
                source=source,
                remedy=did_you_mean(str(first["loc"][-1]), _names(owner)),
            ) from None
        if first["type"] == "missing":
            raise ConfigError(
                f"setting {where!r} is missing",
                source=source,
                remedy=_meaning(model, first["loc"]),
            ) from None
        value = reprlib.repr(first["input"])
        raise ConfigError(
            f"setting {where!r} = {value}: {message}",
            source=source,
            remedy=_meaning(model, first["loc"]),
        ) from None


def read_toml(path: str | Path) -> dict[str, Any]:
    """A TOML file as a dictionary.

    Raises:
        BadInput: no such file, or not TOML; says the line.
    """
    path = Path(path)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput("no such file", source=path) from None
    except OSError as error:  # a folder, or not readable
        raise BadInput(f"cannot be read: {error.strerror}", source=path) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"not valid TOML: {error}", source=path) from None


def merge(base: Mapping[str, Any], *others: Mapping[str, Any]) -> dict[str, Any]:
    """Nested dictionaries laid over one another; later ones win, key by key."""
    result = dict(base)
    for other in others:
        for key, value in other.items():
            old = result.get(key)
            both = isinstance(old, Mapping) and isinstance(value, Mapping)
            result[key] = merge(old, value) if both else value  # type: ignore[arg-type]
    return result


def _names(model: type[BaseModel]) -> list[str]:
    """What the user calls the settings of a model."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_at(model: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel]:
    """The model that owns the setting at ``location``; table keys and indices are passed over."""
    for part in location:
        field = model.model_fields.get(str(part))
        inner = None if field is None else _model_in(field.annotation)
        model = inner or model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The first pydantic model in a type such as ``Model | None`` or ``dict[str, Model]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _model_in(arg))), None)


def _meaning(model: type[BaseModel], location: tuple[int | str, ...]) -> str:
    if not location:
        return ""
    owner = _model_at(model, location[:-1])
    field = owner.model_fields.get(str(location[-1]))
    return f"It is: {field.description}" if field is not None and field.description else ""
