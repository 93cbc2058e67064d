"""Every setting of a training run. A recipe is a TOML file of these keys."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from acml_core.components import Choice
from acml_core.config import Settings, merge, parse, read_toml
from acml_core.data.split import SplitConfig
from acml_core.errors import UnknownName, did_you_mean
from acml_core.modality import Modality

Unlock = Literal["none", "last", "all"]
Precision = Literal["auto", "float32", "bfloat16"]
LOCKED_PRETRAIN_SHARE = 0.3
"""A tower that will be locked first learns alone for this share of the time: else it is random."""


class TowerConfig(Settings):
    """How the measurement's encoder gets worth locking before the alignment begins.

    The tower learns alone to predict molecular fingerprints (Morgan, radius 2) from measurements of
    training molecules; then it is locked, or unlocked as ``unlock`` says.
    """

    pretrain_share: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="share of the training time spent on the tower alone; by default 0.3 for a tower"
        " that will be locked, wholly or but for its last layers, and 0 for one that learns",
    )
    pretrain_epochs: int = Field(
        10, ge=0, description="epochs of the tower alone when no time limit is set"
    )
    fingerprint_bits: int = Field(2048, ge=64, description="length of the predicted fingerprint")
    lr: float = Field(1e-3, gt=0, description="learning rate of the tower's pretraining")
    lr_ratio: float = Field(
        1.0, gt=0, description="learning rate of unlocked tower layers over that of the rest"
    )


class HardConfig(Settings):
    """Hard negatives: molecules that the graph encoder finds alike, together in a batch; and many."""

    group: int = Field(
        0, ge=0, description="molecules in a group of neighbours; 0 for random batches"
    )
    from_epoch: int = Field(1, ge=1, description="first epoch (from 0) that uses groups")
    isomers: bool = Field(
        False, description="molecules of one formula stand together first, the others by likeness"
    )
    bank: int = Field(
        0,
        ge=0,
        description="graph embeddings of the last steps that stand beside each batch as further"
        " negatives of its measurements [molecules]; many more than ten batches are out of date",
    )


class TrainConfig(Settings):
    """A training run."""

    seed: int = Field(0, ge=0, description="of weights, order, augmentation and bootstrap")
    split: SplitConfig = SplitConfig()
    graph: Choice = Choice(name="gine")
    projector: Choice = Choice(name="residual", dims=(512, 256))
    loss: Choice = Choice(name="infonce")
    modality: dict[str, dict[str, Any]] = Field(
        {}, description="settings of each modality's plugin, by modality name"
    )
    unlock: Unlock = Field("none", description="what of the tower learns: none, last, all")
    tower: TowerConfig = TowerConfig()
    hard: HardConfig = HardConfig()
    augment: bool | None = Field(
        None,
        description="augment measurements while aligning; by default where the tower learns: a locked"
        " one then runs once, not once an epoch",
    )
    batch_size: int = Field(256, ge=2, description="molecules a step")
    views: int = Field(
        1,
        ge=1,
        description="measurements of each molecule that a step draws, each augmented by itself: where"
        " the tower is much the cheaper side, two teach the graph encoder more",
    )
    epochs: int = Field(40, ge=1, description="passes over the training molecules, at most")
    max_minutes: float | None = Field(
        None, gt=0, description="training time, at most [min]; the schedule ends with it"
    )
    lr: float = Field(1e-3, gt=0, description="highest learning rate")
    weight_decay: float = Field(0.01, ge=0, description="AdamW's, on matrices only")
    warmup: float = Field(0.05, ge=0, lt=1, description="share of the run that warms up")
    clip: float = Field(1.0, gt=0, description="largest gradient norm")
    patience: int = Field(
        10, ge=1, description="validations without a better MRR before training stops"
    )
    validate_every: int = Field(1, ge=1, description="epochs between validations")
    checkpoint_minutes: float = Field(1.0, ge=0, description="time between checkpoints [min]")
    workers: int = Field(
        0,
        ge=0,
        description="processes that collate measurements ahead of the training step; worth it where a"
        " plugin augments slowly beside a GPU; 0 for none",
    )
    assess: bool = Field(
        True,
        description="calibrate on validation molecules and measure on test molecules at the end;"
        " without, 'acml models calibrate' does so later, on another machine perhaps",
    )
    precision: Precision = Field(
        "auto", description="of matrix products; auto measures which is faster here"
    )

    @property
    def augments(self) -> bool:
        """Whether measurements are augmented while aligning."""
        return self.unlock != "none" if self.augment is None else self.augment

    @property
    def tower_share(self) -> float:
        """Share of the training time that the tower spends alone."""
        stated = self.tower.pretrain_share
        if stated is not None:
            return stated
        return 0.0 if self.unlock == "all" else LOCKED_PRETRAIN_SHARE


def from_recipe(
    modality: type[Modality],
    recipe: str | None,
    overrides: dict[str, Any] | None = None,
    *,
    others: Sequence[type[Modality]] = (),
) -> TrainConfig:
    """The settings of a plugin's recipe (or a TOML file), with overrides laid over them.

    Args:
        others: modalities that are trained beside the first. What their recipes of the same name set
            and the first one's does not (the masses that a spectrometer asks for, say) counts too.
        recipe: name of a recipe that the plugin ships, a path ending in ".toml", or None for the
            plugin's ``default`` recipe if it has one.

    Raises:
        UnknownName: no such recipe.
        ConfigError: a setting that does not exist or cannot be.
    """
    recipes = modality.recipes()
    if recipe is None:
        path = recipes.get("default")
    elif recipe.endswith(".toml"):
        path = Path(recipe)
    elif recipe in recipes:
        path = recipes[recipe]
    else:
        raise UnknownName(
            f"the plugin {modality.name!r} has no recipe {recipe!r}",
            remedy=did_you_mean(recipe, recipes),
        )
    settings = read_toml(path) if path is not None else {}
    parse(TrainConfig, _named(settings), source=path)  # a fault of the recipe names its file
    for other in others:
        beside = other.recipes().get(recipe or "default")
        if beside is not None and path is not None:
            settings = merge(read_toml(beside), settings)
    return parse(TrainConfig, _named(merge(settings, overrides or {})))


def _named(settings: dict[str, Any]) -> dict[str, Any]:
    """``{graph = {dim = 64}}`` without a name means the default component with that setting."""
    result = dict(settings)
    for key, field in TrainConfig.model_fields.items():
        given = settings.get(key)
        if isinstance(field.default, Choice) and isinstance(given, dict) and "name" not in given:
            result[key] = merge(field.default.model_dump(), given)
    return result
