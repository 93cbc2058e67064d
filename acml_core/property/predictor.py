"""A trained predictor of properties: an ensemble in a folder.

The folder holds ``property.json`` (written last) and ``weights.safetensors``: the members' encoders
and heads, and the training molecules' readouts, from which the applicability of a prediction is
told.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

import acml_core
from acml_core.components import Choice, graph_encoders, make
from acml_core.config import Settings
from acml_core.errors import ArtefactError
from acml_core.files import sha256, write_tensors, write_text
from acml_core.graphs.featurize import fingerprint
from acml_core.graphs.packed import PackedGraphs
from acml_core.property.applicability import Domain
from acml_core.property.config import FinetuneConfig
from acml_core.property.member import Member, raw
from acml_core.property.network import Head, Kind
from acml_core.property.readout import POOLS, read_out
from acml_core.property.scaling import Scaling
from acml_core.property.table import Task
from acml_core.property.trees import BoostedTrees
from acml_core.semantics.embeddings import BITS

INFO, WEIGHTS = "property.json", "weights.safetensors"
SCHEMA = 1
AGAIN = "Run acml finetune again."
DOMAIN, ENCODER, HEAD = "domain.", "encoder.", "head."
"""Beginnings of tensors' names; before the last two stands the member's number."""


class PropertyInfo(Settings):
    """property.json.

    Attributes:
        graph: the encoder's settings.
        encoders: members that have an encoder of their own; 1 where all share a frozen one.
        mean, deviation: of the training targets, by which outputs are scaled.
        half_width: of each value's interval, in the target's unit; None where validation was too
            small to tell, empty for classes.
        far: distance to the nearest training molecule above which a molecule is outside.
        features: fingerprint of the atom and bond features.
        began_with: hash of the model that learning began with.
        metrics: validation and test figures.
    """

    schema_number: int = Field(SCHEMA, alias="schema")
    core: str
    task: Task
    targets: tuple[str, ...]
    graph: Choice
    members: int = Field(ge=1)
    encoders: int = Field(ge=1)
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    half_width: tuple[float | None, ...]
    far: float
    features: str
    weights: str
    began_with: str
    data: dict[str, Any]
    settings: FinetuneConfig
    metrics: dict[str, Any]
    command: str = ""


@dataclass(frozen=True)
class Predictions:
    """What is said of n molecules.

    Attributes:
        value: (n, T) probability of class 1, or value in the target's unit: the members' mean.
        spread: (n, T) standard deviation over the members; nan for a single one.
        low, high: (n, T) 90 % interval of values; nan for classes.
        distance: (n,) to the nearest training molecule, see ``Domain``.
        inside: (n,) whether that is no further than usual.
    """

    value: np.ndarray
    spread: np.ndarray
    low: np.ndarray
    high: np.ndarray
    distance: np.ndarray
    inside: np.ndarray


@dataclass
class Predictor:
    """An ensemble with what is known of it; ``acml_core.property.predictor.load`` makes one."""

    info: PropertyInfo
    members: list[Member]
    domain: Domain

    def predict(self, graphs: PackedGraphs) -> Predictions:
        """Predict the properties of molecules."""
        info = self.info
        scaling = Scaling(np.array(info.mean), np.array(info.deviation))
        each = scaling.finished(info.task, raw(self.members, graphs, info.settings.fingerprint))
        value = each.mean(0)
        unknown = np.full(value.shape, np.nan)
        half = np.array(info.half_width, dtype=np.float64) if info.half_width else unknown
        distance = self.domain.distances(read_out(self.members[0].encoder, graphs))
        return Predictions(
            value=value,
            spread=each.std(0, ddof=1) if len(each) > 1 else unknown,
            low=value - half,
            high=value + half,
            distance=distance,
            inside=distance <= info.far,
        )


def save(folder: Path, members: Sequence[Member], domain: Domain, **about: Any) -> PropertyInfo:
    """Write a predictor; each file whole, ``property.json`` last.

    Args:
        about: fields of ``PropertyInfo``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shared = len({id(member.encoder) for member in members}) == 1
    tensors = {DOMAIN + name: value for name, value in domain.tensors().items()}
    for number, member in enumerate(members):
        parts = {HEAD: member.head.state_dict()}
        if not number or not shared:
            parts[ENCODER] = member.encoder.state_dict()
        for start, state in parts.items():
            tensors |= {f"{number}.{start}{name}": value for name, value in state.items()}
    write_tensors(folder / WEIGHTS, tensors)
    info = PropertyInfo(
        core=acml_core.__version__,
        members=len(members),
        encoders=1 if shared else len(members),
        features=fingerprint(),
        weights=sha256(folder / WEIGHTS),
        **about,
    )
    write_text(folder / INFO, info.model_dump_json(indent=1, by_alias=True))
    return info


def load(folder: str | Path) -> Predictor:
    """Load what ``acml finetune`` made.

    Raises:
        ArtefactError: no predictor there, damaged, of a later schema, or made with other features.
    """
    folder = Path(folder)
    info = _info(folder)
    if info.features != fingerprint():
        raise ArtefactError(
            "molecules are described otherwise today than when it was trained",
            source=folder,
            remedy=f"Install acml-core {info.core} with the RDKit of then; or: {AGAIN}",
        )
    if not (folder / WEIGHTS).is_file() or sha256(folder / WEIGHTS) != info.weights:
        raise ArtefactError(f"{WEIGHTS} is missing, or was changed", source=folder, remedy=AGAIN)
    try:
        tensors = load_file(folder / WEIGHTS)
        members: list[Member] = []
        for number in range(info.members):
            if number < info.encoders:
                encoder = make(graph_encoders, info.graph)
                encoder.load_state_dict(_within(tensors, f"{number}.{ENCODER}"))
            dim = POOLS * int(encoder.dim) + (BITS if info.settings.fingerprint else 0)
            head = _head(info, dim, _within(tensors, f"{number}.{HEAD}"))
            members.append(Member(encoder.eval(), head))
        domain = Domain.of(_within(tensors, DOMAIN))
    except (OSError, SafetensorError, RuntimeError, KeyError) as error:
        raise ArtefactError(
            f"{WEIGHTS} is damaged ({error})", source=folder, remedy=AGAIN
        ) from None
    return Predictor(info, members, domain)


def _info(folder: Path) -> PropertyInfo:
    try:
        plain = json.loads((folder / INFO).read_text(encoding="utf-8"))
        if isinstance(plain, dict) and int(plain.get("schema", 0)) > SCHEMA:
            raise ArtefactError(
                f"it has schema {plain['schema']}, this version reads up to {SCHEMA}",
                source=folder,
                remedy=f"Install acml-core {plain.get('core', 'of its time')} or later.",
            )
        return PropertyInfo.model_validate(plain)
    except FileNotFoundError:
        raise ArtefactError(
            f"there is no {INFO}", source=folder, remedy="Give a folder that 'acml finetune' made."
        ) from None
    except (ValidationError, ValueError, TypeError) as error:
        raise ArtefactError(f"{INFO} is damaged ({error})", source=folder, remedy=AGAIN) from None


def _head(info: PropertyInfo, dim: int, tensors: dict[str, Tensor]) -> Head | BoostedTrees:
    if info.settings.mode == "boosting":
        return BoostedTrees.of(tensors)
    kind: Kind = "linear" if "first.centre" in tensors else "mlp"
    head = Head(kind, dim, len(info.targets), info.settings.dropout)
    head.load_state_dict(tensors)
    return head.eval()


def _within(tensors: dict[str, Tensor], start: str) -> dict[str, Tensor]:
    """Tensors whose names begin so, without that beginning."""
    return {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}
