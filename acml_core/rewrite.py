"""Writing a loaded model again: as it is, after its weights were changed, or at half precision."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from acml_core import artefact, lent
from acml_core.artefact import Artefact, golden_vectors, write_metrics
from acml_core.card import card
from acml_core.errors import ArtefactError, BadInput
from acml_core.files import sha256, write_tensors, write_text
from acml_core.info import Info, Lender
from acml_core.layout import CARD, FILES, GOLDEN, INFO, METRICS, SEEN, WEIGHTS


def rewrite(
    source: Artefact,
    folder: Path,
    *,
    half: bool = False,
    about: Mapping[str, Any] | None = None,
    lenders: Sequence[str] = (),
) -> Info:
    """Write a model's files into ``folder``, as its weights are now.

    Weights that are those of ``source.path`` are copied with all their files. Changed weights keep
    what is known of data and settings, get golden vectors of their own, and lose the metrics, which
    were another model's. ``half`` keeps the metrics: rounding to 11 bits moves a vector by less
    than the golden check allows.

    Args:
        source: a loaded model.
        folder: made where it is absent.
        half: store weights as float16, half as large.
        about: what acml.json is to say of the data beside what it says, such as licences.
        lenders: published models whose towers this one has, locked: they are not stored again.

    Returns:
        what is now in acml.json.

    Raises:
        BadInput: a lender has no tower of this model.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = source.model
    same = _unchanged(source)
    if same and not half and about is None and not lenders:
        artefact.copy(source.path, folder)
        return source.info
    metrics = json.loads((source.path / METRICS).read_text(encoding="utf-8")) if same else {}
    state = {key: _stored(value, half) for key, value in model.state_dict().items()}
    towers = {**source.info.towers, **_towers(state, source.info, lenders)}
    borrowed = tuple(lent.prefix(name) for name in towers)
    own = {key: value for key, value in state.items() if not key.startswith(borrowed)}
    write_tensors(folder / WEIGHTS, own)
    write_tensors(folder / SEEN, {"seen": torch.from_numpy(np.asarray(source.seen))})
    device, modes = model.device, model.training
    kept = {key: value.clone() for key, value in model.state_dict().items()}
    model.eval()
    try:
        model.load_state_dict(state)  # golden vectors of the weights as they are stored
        golden: dict[str, Tensor] = {}
        for name, modality in source.info.modalities.items():
            example = modality.signal(model.modalities[name].signal)
            golden |= golden_vectors(model, name, example)
    finally:
        model.load_state_dict(kept)
        model.to(device).train(modes)
    write_tensors(folder / GOLDEN, golden)
    data = {**source.info.data, **(about or {})}
    info = source.info.model_copy(
        update={"weights": sha256(folder / WEIGHTS), "data": data, "towers": towers}
    )
    write_metrics(folder, metrics)
    write_text(folder / CARD, card(info, metrics))
    write_text(folder / INFO, info.model_dump_json(indent=1, by_alias=True))
    return info


def _unchanged(source: Artefact) -> bool:
    """Whether the model in memory has the weights of its folder."""
    if not all((source.path / name).is_file() for name in FILES):
        return False
    stored = artefact.weights(source.path, lent.files(source.info.towers))
    return all(
        torch.equal(value.cpu(), stored[key].to(value.dtype))
        for key, value in source.model.state_dict().items()
    )


def _towers(state: Mapping[str, Tensor], info: Info, lenders: Sequence[str]) -> dict[str, Lender]:
    """By modality, the lender whose tower is the model's own, number for number."""
    found: dict[str, Lender] = {}
    for name in lenders:
        lender, file = lent.lender_of(name)
        given = [modality for modality in info.modalities if _same(state, modality, file)]
        if not given:
            raise BadInput(
                f"{name} has no tower that this model has",
                remedy="Train with --tower of that model and unlock = none; export with --half"
                " where it was.",
            )
        found |= dict.fromkeys(given, lender)
    return found


def _same(state: Mapping[str, Tensor], modality: str, file: Path) -> bool:
    start = lent.prefix(modality)
    own = {key: value for key, value in state.items() if key.startswith(start)}
    try:
        other = lent.tower(modality, file)
    except ArtefactError:
        return False
    return own.keys() == other.keys() and all(
        torch.equal(value.float(), other[key].float()) for key, value in own.items()
    )


def _stored(value: Tensor, half: bool) -> Tensor:
    value = value.detach().cpu()
    return value.half() if half and value.is_floating_point() else value
