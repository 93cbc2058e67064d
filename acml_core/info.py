"""acml.json: what a trained model says of itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from acml_core.config import Settings, parse
from acml_core.errors import ArtefactError, ConfigError
from acml_core.layout import INFO, SCHEMA, WEIGHTS, is_pickle, max_bytes
from acml_core.modality import Signal
from acml_core.model import ModelConfig
from acml_core.probability import Calibration

SETS, WEIGHTS_LICENCE = "sets", "weights_licence"
"""Keys of ``Info.data``: data sets with their licences, and the licence of the weights."""


class ModalityInfo(Settings):
    """What an artefact keeps of one modality.

    Attributes:
        distribution, version: the plugin it was trained with.
        config: the plugin's settings.
        calibration: from scores to probabilities; fitted on validation molecules.
        example: a signal, and in its ``smiles`` its molecule, for the golden check.
    """

    distribution: str
    version: str
    config: dict[str, Any]
    calibration: Calibration
    example: dict[str, Any]

    @model_validator(mode="before")
    @classmethod
    def _one_scale(cls, given: Any) -> Any:
        """Artefacts of before the calibration had points state one scale."""
        if isinstance(given, dict) and "scale" in given and "calibration" not in given:
            given = dict(given)
            given["calibration"] = Calibration.constant(given.pop("scale"))
        return given

    def signal(self, kind: type[Signal]) -> Signal:
        """The example as a signal again.

        Raises:
            pydantic.ValidationError: the plugin no longer takes it.
        """
        return kind.model_validate_json(json.dumps(self.example))  # JSON: bytes are base64 there


class Lender(Settings):
    """A published model whose locked tower another model uses, and does not store again.

    Attributes:
        model: its name in a registry, or the Hub's OWNER/NAME@COMMIT.
        weights: sha256 of its model.safetensors.
    """

    model: str
    weights: str


class Info(Settings):
    """The whole of acml.json."""

    schema_number: int = Field(SCHEMA, alias="schema")
    core: str
    model: ModelConfig
    modalities: dict[str, ModalityInfo]
    features: str = Field(description="fingerprint of the atom and bond features")
    weights: str = Field(description="sha256 of model.safetensors")
    towers: dict[str, Lender] = Field({}, description="by modality, towers that others store")
    training: dict[str, Any] = Field({}, description="every setting of the training run")
    data: dict[str, Any] = Field({}, description="tables by name and sha256, and what they say")
    command: str = Field("", description="the command that made the model")
    versions: dict[str, str] = Field({}, description="of the libraries it was made with")

    @property
    def data_licence(self) -> str:
        """Of the data, as they state it, or ""."""
        return str(self.data.get("licence") or "")

    @property
    def sets(self) -> list[dict[str, str]]:
        """Data sets with their licences, as whoever exported the model named them."""
        return list(self.data.get(SETS, ()))

    @property
    def licence(self) -> str:
        """Of the weights; where none was chosen, the data's."""
        return str(self.data.get(WEIGHTS_LICENCE) or self.data_licence)


def check_file(path: Path, name: str) -> None:
    """Look at a file of a model's folder before it is opened.

    Raises:
        ArtefactError: it is absent (perhaps with a pickle in its place) or too large.
    """
    file = path / name
    try:
        size = file.stat().st_size
    except OSError:
        pickles = sorted(one.name for one in path.iterdir() if is_pickle(one.name))
        if name == WEIGHTS and pickles:
            raise ArtefactError(
                f"{WEIGHTS} is missing, and {pickles[0]} is a pickle, which can run any program"
                " when it is opened",
                source=path,
                remedy=f"Ask its author for {WEIGHTS}; pickles are never opened.",
            ) from None
        raise ArtefactError(
            f"{name} is missing", source=path, remedy="Copy the model's folder again, whole."
        ) from None
    if size > max_bytes(name):
        raise ArtefactError(
            f"{name} has {size:,} bytes, and at most {max_bytes(name):,} are read",
            source=path,
            remedy="It is no model of ours: take it from where it was published.",
        )


def read_info(path: Path) -> Info:
    """The acml.json of a model's folder.

    Raises:
        ArtefactError: no model there, damaged, or from a later schema.
    """
    file = path / INFO
    if not path.is_dir():
        raise ArtefactError(
            "no such model folder", source=path, remedy="Give the folder that 'acml train' made."
        )
    if file.is_file():
        check_file(path, INFO)
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        unfinished = (path / "run.json").exists()
        raise ArtefactError(
            f"there is no {INFO}: " + ("training is unfinished" if unfinished else "not a model"),
            source=path,
            remedy=f"Run: acml train --resume {path}"
            if unfinished
            else "Give the folder that 'acml train' made.",
        ) from None
    except (ValueError, UnicodeDecodeError):
        raise ArtefactError(
            "not valid JSON", source=file, remedy="Copy the model's folder again."
        ) from None
    schema = raw.get("schema") if isinstance(raw, dict) else None
    if not isinstance(schema, int):
        raise ArtefactError("it states no schema number", source=file, remedy="Not an ACML model.")
    if schema > SCHEMA:
        wanted = raw.get("core", "a later one")
        raise ArtefactError(
            f"it has schema {schema}, and this version reads up to {SCHEMA}",
            source=file,
            remedy=f"Run: pip install --upgrade 'acml-core>={wanted}'",
        )
    try:
        return parse(Info, raw, source=file)
    except ConfigError as error:
        raise ArtefactError(error.what, source=file, remedy="The file is damaged.") from None
