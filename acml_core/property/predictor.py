"""A trained predictor of properties: an ensemble of fine-tuned networks in a folder.

The folder holds ``property.json`` (written last) and ``weights.safetensors``: the members' weights
and the embeddings of the training molecules, from which the applicability of a prediction is told.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file

import acml_core
from acml_core.components import Choice, graph_encoders, make
from acml_core.config import Settings
from acml_core.errors import ArtefactError
from acml_core.files import sha256, write_tensors, write_text
from acml_core.graphs.featurize import fingerprint
from acml_core.graphs.packed import PackedGraphs
from acml_core.property.finetune import Scaling, finished
from acml_core.property.network import PropertyNetwork, embeddings, outputs
from acml_core.property.table import Task

INFO, WEIGHTS = "property.json", "weights.safetensors"
SCHEMA = 1
REFERENCE = "reference"
FAR_QUANTILE = 0.95
"""A molecule further from the training molecules than this share of the validation ones is flagged."""


class PropertyInfo(Settings):
    """property.json.

    Attributes:
        features: fingerprint of the atom and bond features.
        far: cosine distance to the nearest training molecule above which a molecule is outside.
        mean, deviation: of the training targets, by which outputs are scaled.
        began_with: hash of the weights that fine-tuning began with.
        metrics: validation and test figures.
    """

    schema_number: int = Field(SCHEMA, alias="schema")
    core: str
    task: Task
    targets: tuple[str, ...]
    graph: Choice
    dropout: float
    members: int = Field(ge=1)
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    far: float
    features: str
    weights: str
    began_with: str
    data: dict[str, Any]
    settings: dict[str, Any]
    metrics: dict[str, Any]
    command: str = ""


@dataclass(frozen=True)
class Predictions:
    """What is said of n molecules.

    Attributes:
        value: (n, T) probability of class 1, or value in the target's unit: the members' mean.
        spread: (n, T) standard deviation over the members; nan for a single one.
        distance: (n,) cosine distance to the nearest training molecule.
        inside: (n,) whether that is no further than usual.
    """

    value: np.ndarray
    spread: np.ndarray
    distance: np.ndarray
    inside: np.ndarray


@dataclass
class Predictor:
    """An ensemble with what is known of it; ``acml_core.property.predictor.load`` makes one."""

    info: PropertyInfo
    networks: list[PropertyNetwork]
    reference: np.ndarray

    @property
    def scaling(self) -> Scaling:
        return Scaling(np.array(self.info.mean), np.array(self.info.deviation))

    def predict(self, graphs: PackedGraphs) -> Predictions:
        """Predict the properties of molecules."""
        index = np.arange(len(graphs))
        each = np.stack(
            [
                finished(self.info.task, outputs(one, graphs, index), self.scaling)
                for one in self.networks
            ]
        )
        several = len(each) > 1
        away = distances(unit(embeddings(self.networks[0].encoder, graphs)), self.reference)
        return Predictions(
            value=each.mean(0),
            spread=each.std(0, ddof=1) if several else np.full(each.shape[1:], np.nan),
            distance=away,
            inside=away <= self.info.far,
        )


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows at unit length, float32."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12), dtype=np.float32)


def distances(vectors: np.ndarray, reference: np.ndarray, *, block: int = 4096) -> np.ndarray:
    """(n,) cosine distance of unit rows to the nearest of the reference's."""
    found = np.ones(len(vectors))
    for i in range(0, len(vectors), block):
        found[i : i + block] = 1.0 - (vectors[i : i + block] @ reference.T).max(axis=1)
    return found


def save(
    folder: Path, networks: Sequence[PropertyNetwork], reference: np.ndarray, **about: Any
) -> PropertyInfo:
    """Write a predictor; each file whole, ``property.json`` last.

    Args:
        reference: (n, d) unit embeddings of the training molecules under the first member.
        about: fields of ``PropertyInfo``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        f"{number}.{name}": value.detach().cpu().contiguous()
        for number, network in enumerate(networks)
        for name, value in network.state_dict().items()
    }
    tensors[REFERENCE] = torch.from_numpy(reference).half()
    write_tensors(folder / WEIGHTS, tensors)
    info = PropertyInfo(
        core=acml_core.__version__,
        members=len(networks),
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
    again = "Run acml finetune again."
    try:
        plain = json.loads((folder / INFO).read_text(encoding="utf-8"))
        if isinstance(plain, dict) and int(plain.get("schema", 0)) > SCHEMA:
            raise ArtefactError(
                f"it has schema {plain['schema']}, this version reads up to {SCHEMA}",
                source=folder,
                remedy=f"Install acml-core {plain.get('core', 'of its time')} or later.",
            )
        info = PropertyInfo.model_validate_json((folder / INFO).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ArtefactError(
            f"there is no {INFO}", source=folder, remedy="Give a folder that 'acml finetune' made."
        ) from None
    except (ValidationError, ValueError, TypeError) as error:
        raise ArtefactError(f"{INFO} is damaged ({error})", source=folder, remedy=again) from None
    if info.features != fingerprint():
        raise ArtefactError(
            "molecules are described otherwise today than when it was trained",
            source=folder,
            remedy=f"Install acml-core {info.core} with the RDKit of then; or: {again}",
        )
    try:
        if sha256(folder / WEIGHTS) != info.weights:
            raise ArtefactError(f"{WEIGHTS} was changed", source=folder, remedy=again)
        tensors = load_file(folder / WEIGHTS)
        reference = tensors.pop(REFERENCE).float().numpy()
        networks = []
        for number in range(info.members):
            network = PropertyNetwork(
                make(graph_encoders, info.graph), len(info.targets), info.dropout
            )
            start = f"{number}."
            network.load_state_dict(
                {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}
            )
            networks.append(network.eval())
    except (OSError, SafetensorError, RuntimeError, KeyError) as error:
        raise ArtefactError(
            f"{WEIGHTS} is damaged ({error})", source=folder, remedy=again
        ) from None
    return Predictor(info, networks, reference)
