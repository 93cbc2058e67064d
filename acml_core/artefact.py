"""One trained model as a folder: weights, settings, metrics, and a golden example. No pickle.

::

    model.safetensors    weights
    acml.json            schema, plugins and versions, every setting, data and split hashes
    seen.safetensors     hashes of the molecules the model was trained or tuned on
    golden.safetensors   expected vectors of one example, checked at load
    metrics.json         the retrieval report made right after training
    README.md            model card
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

import acml_core
from acml_core import allowance, lent, plugins
from acml_core.card import card
from acml_core.config import parse
from acml_core.errors import ArtefactError, ConfigError
from acml_core.files import sha256, write_tensors, write_text
from acml_core.graphs.build import build
from acml_core.graphs.featurize import fingerprint
from acml_core.info import Info, ModalityInfo, check_file, read_info
from acml_core.layout import CARD, FILES, GOLDEN, INFO, METRICS, SEEN, WEIGHTS
from acml_core.modality import Modality, Signal
from acml_core.model import AcmlModel
from acml_core.probability import Calibration
from acml_core.threads import one_thread

GOLDEN_TOLERANCE = 2e-3
"""Largest difference between a golden vector and today's, as a share of its length."""


@dataclass
class Artefact:
    """A trained model with what is known of it.

    Attributes:
        model: in eval mode.
        info: acml.json.
        seen: (n,) int64 hashes of the molecules it was trained or tuned on, sorted.
        path: its folder.
    """

    model: AcmlModel
    info: Info
    seen: np.ndarray
    path: Path

    def has_seen(self, keys: Sequence[str]) -> np.ndarray:
        """``(n,)`` bool: which InChIKey-14 were in training or validation."""
        return np.isin(hash_keys(keys), self.seen)

    def calibration(self, modality: str, signal: Signal) -> Calibration:
        """The calibration for a measurement, by what of it is known."""
        return self.info.modalities[modality].calibration.of(signal.filled)

    @property
    def hash(self) -> str:
        """Identity of the weights: sha256 of model.safetensors."""
        return self.info.weights


def hash_keys(keys: Sequence[str]) -> np.ndarray:
    """InChIKey-14s as (n,) int64: eight bytes of their sha256."""
    digests = b"".join(hashlib.sha256(key.encode()).digest()[:8] for key in keys)
    return np.frombuffer(digests, dtype="<i8")


def write_metrics(path: Path, metrics: Mapping[str, Any]) -> None:
    """``metrics.json`` of a model's folder: on one line, since wheels carry it."""
    write_text(path / METRICS, json.dumps(metrics))


def save(
    path: Path,
    model: AcmlModel,
    *,
    calibrations: Mapping[str, Calibration],
    examples: Mapping[str, Any],
    seen: Sequence[str],
    seen_before: np.ndarray | None = None,
    metrics: Mapping[str, Any],
    training: Mapping[str, Any],
    data: Mapping[str, Any],
    command: str,
) -> Info:
    """Write the artefact's files into ``path``; each whole or not at all, acml.json last.

    Args:
        calibrations: from scores to probabilities, by modality.
        examples: a signal with ``smiles`` by modality, for the golden check.
        seen: InChIKey-14 of training and validation molecules.
        seen_before: hashes of what the model's first weights had been trained or tuned on.
    """
    path.mkdir(parents=True, exist_ok=True)
    model = model.cpu().eval()
    write_tensors(path / WEIGHTS, dict(model.state_dict()))
    hashes = np.sort(hash_keys(seen))
    if seen_before is not None:
        hashes = np.union1d(hashes, seen_before)
    write_tensors(path / SEEN, {"seen": torch.from_numpy(hashes)})
    golden = {}
    for name, example in examples.items():
        golden.update(golden_vectors(model, name, example))
    write_tensors(path / GOLDEN, golden)
    by_name = {info.name: info for info in plugins.installed()}
    info = Info(
        core=acml_core.__version__,
        model=model.config,
        modalities={
            name: ModalityInfo(
                distribution=by_name[name].distribution,
                version=by_name[name].version,
                config=modality.config.model_dump(mode="json"),
                calibration=calibrations[name],
                example=examples[name].model_dump(mode="json"),
            )
            for name, modality in model.modalities.items()
        },
        features=fingerprint(),
        weights=sha256(path / WEIGHTS),
        training=dict(training),
        data=dict(data),
        command=command,
        versions=_versions(),
    )
    write_metrics(path, metrics)
    write_text(path / CARD, card(info, metrics))
    write_text(path / INFO, info.model_dump_json(indent=1, by_alias=True))
    model.artefact = Artefact(model, info, hashes, path)
    return info


@one_thread()
def load(name: str | Path) -> Artefact:
    """Load a trained model from a folder and check it against its golden example.

    Raises:
        ArtefactError: no model there, damaged, from a later schema, or its inputs are now prepared
            otherwise than when it was trained.
        UnknownName, PluginError: a plugin that it needs cannot be loaded.
    """
    path = Path(name)
    info = read_info(path)
    for file in (WEIGHTS, SEEN, GOLDEN):
        check_file(path, file)
    if sha256(path / WEIGHTS) != info.weights:
        raise ArtefactError(
            f"{WEIGHTS} is not the file that {INFO} describes",
            source=path,
            remedy="It is truncated or was replaced: copy the model's folder again.",
        )
    if info.features != fingerprint():
        raise ArtefactError(
            "the model was trained with other atom and bond features",
            source=path,
            remedy=f"Run: pip install acml-core=={info.core}",
        )
    modalities = {}
    for modality, about in info.modalities.items():
        cls = plugins.get(modality)
        try:
            modalities[modality] = cls(parse(cls.Config, about.config))
        except ConfigError as error:
            raise ArtefactError(
                f"the plugin {modality!r} no longer knows the model's settings: {error.what}",
                source=path,
                remedy=f"Run: pip install {about.distribution}=={about.version}",
            ) from None
    lenders = lent.files(info.towers)
    model = _built(info, modalities, path, lenders)
    try:
        model.load_state_dict(weights(path, lenders))
        seen = load_file(path / SEEN)["seen"].numpy()
        golden = load_file(path / GOLDEN)
    except (SafetensorError, RuntimeError, KeyError) as error:
        raise _unfit(error, path) from None
    model.eval()
    _check_golden(model, info, golden, path)
    model.artefact = Artefact(model, info, seen, path)
    return model.artefact


def weights(path: Path, lenders: Mapping[str, Path]) -> dict[str, Tensor]:
    """All weights of a model's folder, with those that other models store.

    Args:
        lenders: ``lent.files`` of the model's towers.
    """
    found = load_file(path / WEIGHTS)
    for modality, file in lenders.items():
        found |= lent.tower(modality, file)
    return found


def _built(
    info: Info, modalities: Mapping[str, Modality], path: Path, lenders: Mapping[str, Path]
) -> AcmlModel:
    """The model that acml.json describes, without its weights yet.

    Raises:
        ArtefactError: it would be far larger than its weights, or cannot be built.
    """
    try:
        with allowance.for_weights(path / WEIGHTS, *lenders.values()):
            return AcmlModel(info.model, modalities)
    except allowance.TooLarge:
        raise ArtefactError(
            f"{INFO} describes a model far larger than {WEIGHTS}",
            source=path,
            remedy="It is no model of ours: take it from where it was published.",
        ) from None
    except (SafetensorError, RuntimeError, ValueError, MemoryError) as error:
        raise _unfit(error, path) from None


def _unfit(error: Exception, path: Path) -> ArtefactError:
    return ArtefactError(
        f"the weights do not fit ({(str(error) or type(error).__name__).splitlines()[0]})",
        source=path,
        remedy="The folder is damaged, or mixes files of two models: copy it again.",
    )


def golden_vectors(model: AcmlModel, name: str, example: Any) -> dict[str, Tensor]:
    """The vectors of an example by ``"modality/signal"`` and ``"modality/molecule"``, each ``(p,)``."""
    graphs, _, _ = build([example.smiles], workers=1, progress=False)
    return {
        f"{name}/signal": model.encode_signals(name, [example])[0],
        f"{name}/molecule": model.encode_molecules(graphs, name)[0],
    }


def _check_golden(model: AcmlModel, info: Info, golden: dict[str, Tensor], path: Path) -> None:
    for name, about in info.modalities.items():
        try:
            example = about.signal(model.modalities[name].signal)
        except ValidationError as error:
            raise ArtefactError(
                f"the plugin {name!r} no longer takes the model's example"
                f" ({error.errors()[0]['msg']})",
                source=path,
                remedy=f"Run: pip install {about.distribution}=={about.version}",
            ) from None
        for key, value in golden_vectors(model, name, example).items():
            expected = golden.get(key)
            if expected is None or expected.shape != value.shape:
                raise ArtefactError(
                    f"{GOLDEN} does not fit the model", source=path, remedy="Copy it again."
                )
            off = float((value - expected).norm() / expected.norm().clamp(min=1e-9))
            if not off <= GOLDEN_TOLERANCE:
                side = "measurements" if key.endswith("signal") else "molecules"
                raise ArtefactError(
                    f"the installed versions encode {side} of {name!r} otherwise than the model"
                    f" was trained on (golden example off by {off:.1%})",
                    source=path,
                    remedy=f"Run: pip install acml-core=={info.core}"
                    f" {about.distribution}=={about.version}",
                )


def _versions() -> dict[str, str]:
    names = ("torch", "torch-geometric", "rdkit", "numpy")
    return {"python": platform.python_version(), **{n: metadata.version(n) for n in names}}


def copy(source: Path, target: Path) -> None:
    """Copy an artefact's files, and nothing else that lies in its folder."""
    target.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copy2(source / name, target / name)
