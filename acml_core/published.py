"""One row of a registry: a published model or locked encoder, and all that a user should know."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from acml_core.config import Settings
from acml_core.layout import FILES, escapes, max_bytes

COMMIT = re.compile(r"[0-9a-f]{40}")
"""A full commit of a Hub repository: a branch or tag may move, so it cannot name weights."""

NAME = re.compile(r"[a-z0-9_]+/[a-z0-9_]+\.[a-z0-9][a-z0-9._-]*")
"""Names of rows, ``modality/arch.tag``: "nmr/gine5.13c-v1"."""

JOINT = "all"
"""First part of the name of a model of several modalities."""

NON_COMMERCIAL = re.compile(r"\bNC\b|non[- ]?commercial", re.IGNORECASE)


class Bundled(Settings):
    """Weights inside an installed Python package.

    Attributes:
        package: its import name.
        folder: inside the package, with "/".
    """

    kind: Literal["bundled"]
    package: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    folder: str

    @field_validator("folder")
    @classmethod
    def _inside(cls, folder: str) -> str:
        return _inside(folder)


class Hub(Settings):
    """Weights in a repository of the Hub, at one commit.

    Attributes:
        repo: "owner/name".
        revision: the full commit.
    """

    kind: Literal["hf"]
    repo: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    revision: str

    @field_validator("revision")
    @classmethod
    def _full(cls, revision: str) -> str:
        if not COMMIT.fullmatch(revision):
            raise ValueError("must be a full commit of 40 hexadecimal digits, which cannot move")
        return revision


class Local(Settings):
    """Weights in a folder.

    Attributes:
        path: the folder; a relative one is relative to the registry's file.
    """

    kind: Literal["path"]
    path: str = Field(min_length=1)

    def beside(self, registry: Path) -> Path:
        """The folder, for the registry that names it."""
        return registry.parent / Path(self.path).expanduser()


class KnownMolecules(Settings):
    """One row ``[molecules.NAME]``: molecules to build a library from.

    Attributes:
        source: where the files are; of the Hub, a data set.
        files: inside it, with "/", in the order in which they are read.
        licence: of the molecules.
        summary: what they are, in one line.
    """

    source: Annotated[Bundled | Hub | Local, Field(discriminator="kind")]
    files: tuple[str, ...] = Field(min_length=1)
    licence: str = Field(min_length=1)
    summary: str = Field(min_length=1)

    @field_validator("files")
    @classmethod
    def _safe(cls, files: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(_inside, files))


class File(Settings):
    """One file of the weights.

    Attributes:
        sha256: of its bytes, hexadecimal.
        bytes: its size.
    """

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)


class Data(Settings):
    """A data set that the weights were trained on.

    Attributes:
        name: with its version.
        licence: of the data.
        url: where it is published.
    """

    name: str
    licence: str
    url: str = ""


class Metric(Settings):
    """One figure of metrics.json: measurement finds molecule, molecules not seen in training.

    Attributes:
        modality: of the measurements.
        gallery: its name in metrics.json.
        size: molecules in the gallery.
        queries: measurements that were asked.
        name: "recall@1", "recall@10", "mrr", ...
        value: between 0 and 1.
    """

    modality: str
    gallery: str
    size: int = Field(ge=1)
    queries: int = Field(ge=1)
    name: str
    value: float = Field(ge=0, le=1)


class PublishedModel(Settings):
    """One row ``[models."modality/arch.tag"]``.

    Attributes:
        kind: ``model`` (a whole trained model) or ``encoder`` (a pretrained tower alone).
        modalities: that it is for.
        requires: the plugins that it needs, as pip takes them: "acml-plugin-nmr>=0.1,<0.2".
        source: where its files are.
        files: sha256 and size by name.
        licence: of the weights.
        data: what it was trained on.
        split: how test molecules were kept apart.
        metrics: figures out of its metrics.json.
        paper: of the method, as "arXiv:..." or a DOI.
        summary: what it is for, in one line.
        default: whether it is what its modalities mean without ``--model``.
        config: an encoder's settings of the plugin, to build it again.
    """

    kind: Literal["model", "encoder"] = "model"
    modalities: tuple[str, ...] = Field(min_length=1)
    requires: tuple[str, ...] = Field(min_length=1)
    source: Annotated[Bundled | Hub | Local, Field(discriminator="kind")]
    files: dict[str, File] = Field(min_length=1)
    licence: str = Field(min_length=1)
    data: tuple[Data, ...] = Field(min_length=1)
    split: str = Field(min_length=1)
    metrics: tuple[Metric, ...] = ()
    paper: str = ""
    summary: str = Field(min_length=1)
    default: bool = False
    config: dict[str, Any] = Field(default_factory=dict)

    @field_validator("files")
    @classmethod
    def _safe(cls, files: dict[str, File]) -> dict[str, File]:
        for name, file in files.items():
            _inside(name)
            if file.bytes > max_bytes(name):
                raise ValueError(f"{name!r} is larger than {max_bytes(name):,} bytes")
        return files

    @field_validator("requires")
    @classmethod
    def _requirements(cls, requires: tuple[str, ...]) -> tuple[str, ...]:
        from packaging.requirements import InvalidRequirement, Requirement

        for line in requires:
            try:
                named = bool(Requirement(line).specifier)
            except InvalidRequirement:
                raise ValueError(f"{line!r} is not what pip takes") from None
            if not named:
                raise ValueError(f"{line!r} states no range of versions")
        return requires

    @model_validator(mode="after")
    def _whole(self) -> PublishedModel:
        if self.kind == "model":
            missing = [name for name in FILES if name not in self.files]
            if missing:
                raise ValueError(f"a model needs the file {missing[0]!r}")
            if not self.metrics:
                raise ValueError("a model needs metrics, with the sizes of their galleries")
        elif self.default:
            raise ValueError("an encoder alone cannot be a default model")
        forbids = next((one for one in self.data if non_commercial(one.licence)), None)
        if forbids is not None and not non_commercial(self.licence):
            raise ValueError(
                f"the licence {self.licence!r} allows commercial use, and that of {forbids.name!r}"
                f" ({forbids.licence}) does not"
            )
        stray = {metric.modality for metric in self.metrics} - set(self.modalities)
        if stray:
            raise ValueError(f"metrics of {sorted(stray)[0]!r}, which is none of its modalities")
        return self

    def check_name(self, name: str) -> None:
        """Raise ValueError where a row of this kind may not be called ``name``."""
        if not NAME.fullmatch(name):
            raise ValueError(f"the name {name!r} is not modality/arch.tag, in lower case")
        owner = name.partition("/")[0]
        allowed = self.modalities if len(self.modalities) == 1 else (JOINT,)
        if owner not in allowed:
            raise ValueError(f"the name {name!r} must begin with {allowed[0]!r}")

    @property
    def bytes(self) -> int:
        """Size of all its files."""
        return sum(file.bytes for file in self.files.values())

    @property
    def non_commercial(self) -> bool:
        """Whether the licence of the weights, or of any data, forbids commercial use."""
        return any(map(non_commercial, [self.licence, *(data.licence for data in self.data)]))


def non_commercial(licence: str) -> bool:
    """Whether a licence's name says that it forbids commercial use."""
    return bool(NON_COMMERCIAL.search(licence))


def _inside(name: str) -> str:
    if escapes(name):
        raise ValueError(f"{name!r} leads out of its folder")
    return name
