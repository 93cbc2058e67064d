"""Locked towers that a model shares with a published one.

A model of several locked towers would hold megabytes of weights that its user has already: it states
whose they are, by name and hash, and takes them from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from acml_core.errors import ArtefactError
from acml_core.info import Lender
from acml_core.layout import WEIGHTS


def prefix(modality: str) -> str:
    """How the names of a tower's tensors begin in a model."""
    return f"heads.{modality}.encoder."


def files(towers: Mapping[str, Lender]) -> dict[str, Path]:
    """The lenders' weight files by modality, fetched where need be; each is found and hashed once.

    Raises:
        ArtefactError: no model of a lender's name, or its weights are others than were borrowed.
    """
    found = {lender: _weights_of(lender) for lender in set(towers.values())}
    return {modality: found[lender] for modality, lender in towers.items()}


def tower(modality: str, path: Path) -> dict[str, Tensor]:
    """A tower's tensors out of a lender's weight file, under their names in a model.

    Raises:
        ArtefactError: it has no such tower.
    """
    own = {k: v for k, v in load_file(path).items() if k.startswith(prefix(modality))}
    if not own:
        raise ArtefactError(f"the lender has no tower of {modality!r}", source=path)
    return own


def lender_of(model: str) -> tuple[Lender, Path]:
    """What to state of a published model in order to borrow from it, and its weight file."""
    from acml_core.hub.pretrained import find

    found = find(model)
    return Lender(model=model, weights=found.sha256(WEIGHTS)), found.folder / WEIGHTS


def _weights_of(lender: Lender) -> Path:
    from acml_core.hub.pretrained import find

    found = find(lender.model)
    path = found.folder / WEIGHTS
    if not path.is_file() or found.sha256(WEIGHTS) != lender.weights:
        raise ArtefactError(
            f"the weights of {lender.model} are not those that another model borrows a tower from",
            source=path,
            remedy="Install the versions of the packages that the model was published with.",
        )
    return path
