"""Locked towers that a model shares with a published one.

A model of several locked towers would hold megabytes of weights that its user has already: it states
whose they are, by name and hash, and takes them from there.
"""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from acml_core.errors import ArtefactError
from acml_core.files import sha256
from acml_core.info import Lender
from acml_core.layout import WEIGHTS


def prefix(modality: str) -> str:
    """How the names of a tower's tensors begin in a model."""
    return f"heads.{modality}.encoder."


def weights_of(lender: Lender) -> Path:
    """The lender's weight file, fetched where need be.

    Raises:
        ArtefactError: no model of that name, or its weights are others than were borrowed.
    """
    from acml_core.hub.pretrained import find

    path = find(lender.model).folder / WEIGHTS
    if not path.is_file() or sha256(path) != lender.weights:
        raise ArtefactError(
            f"the weights of {lender.model} are not those that another model borrows a tower from",
            source=path,
            remedy="Install the versions of the packages that the model was published with.",
        )
    return path


def tower(modality: str, lender: Lender) -> dict[str, Tensor]:
    """A lent tower's tensors, under their names in a model.

    Raises:
        ArtefactError: the lender is absent, was changed, or has no such tower.
    """
    path = weights_of(lender)
    own = {k: v for k, v in load_file(path).items() if k.startswith(prefix(modality))}
    if not own:
        raise ArtefactError(f"{lender.model} has no tower of {modality!r}", source=path)
    return own


def lender_of(model: str) -> Lender:
    """What to state of a published model in order to borrow from it."""
    from acml_core.hub.pretrained import find

    return Lender(model=model, weights=sha256(find(model).folder / WEIGHTS))
