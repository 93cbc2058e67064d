"""The registries of named components: graph encoders, projectors, losses.

Built-in entries are strings, so that a name can be listed without importing torch; plugins add
theirs through the hook ``acml_components`` when a name is not found among the built-in ones.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict

from acml_core import plugins
from acml_core.config import parse
from acml_core.registry import Registry


class Choice(BaseModel):
    """A component by name, with its own settings beside it: ``{name = "gine", dim = 128}``."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str

    @property
    def options(self) -> dict[str, Any]:
        """The settings beside the name."""
        return dict(self.model_extra or {})


def _registry(kind: str, base: str, **built_in: str) -> Registry[Any]:
    label = kind.replace("_", " ")
    registry: Registry[Any] = Registry(
        label, base, fallback=partial(plugins.load_components, kind=kind)
    )
    for name, entry in built_in.items():
        registry.add(name, entry)
    return registry


graph_encoders = _registry(
    "graph_encoder",
    "acml_core.graphs.encoders.base:GraphEncoder",
    gine="acml_core.graphs.encoders.gine:Gine",
    gin="acml_core.graphs.encoders.gin:Gin",
    gatv2="acml_core.graphs.encoders.gatv2:Gatv2",
    gps="acml_core.graphs.encoders.gps:Gps",
)

projectors = _registry(
    "projector",
    "acml_core.projectors:Projector",
    residual="acml_core.projectors:ResidualProjector",
    mlp="acml_core.projectors:MlpProjector",
)

losses = _registry(
    "loss",
    "acml_core.losses:AsymmetricLoss",
    acml="acml_core.losses:AcmlLoss",
    infonce="acml_core.losses:InfoNceLoss",
    siglip="acml_core.losses:SiglipLoss",
)


def make(registry: Registry[Any], choice: Choice, *args: Any) -> Any:
    """An instance of the chosen component: ``cls(*args, config)``.

    Raises:
        UnknownName: no component of that name.
        ConfigError: an unknown or unfit setting of it.
    """
    cls = registry.get(choice.name)
    return cls(*args, parse(cls.Config, choice.options, source=f"{registry.kind} {choice.name!r}"))


def complete(registry: Registry[Any], choice: Choice) -> Choice:
    """The same choice with every setting written out, defaults included: what an artefact keeps."""
    cls = registry.get(choice.name)
    config = parse(cls.Config, choice.options, source=f"{registry.kind} {choice.name!r}")
    return Choice(name=choice.name, **config.model_dump())
