"""The measurement's side of a training run: prepared signals, and outputs of a locked tower.

A tower that is locked and sees no augmentation gives the same output every epoch, so it runs once and
its outputs are kept on disk, block by block, each under a hash of everything that it depends on: a run
that was killed goes on at its block, and a table that grew computes the new ones. Only one block's
prepared signals are in memory at a time.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

import acml_core
from acml_core import plugins
from acml_core.cache import cache_dir
from acml_core.data.dataset import Measured
from acml_core.data.preparing import Item, prepare_all
from acml_core.encoder import Encoder, to_device
from acml_core.errors import AcmlError
from acml_core.files import write_tensors
from acml_core.modality import Modality, Signal
from acml_core.model import INFERENCE_BATCH
from acml_core.training.config import Unlock

BLOCK = 4096
"""Signals that are prepared, hashed and encoded together: 80 MB of pictures."""


def set_lock(encoder: Encoder, unlock: Unlock) -> list[nn.Parameter]:
    """Let ``none``, the ``last`` layers or ``all`` of a tower learn. Returns what learns."""
    for parameter in encoder.parameters():
        parameter.requires_grad_(unlock == "all")
    if unlock == "last":
        for module in encoder.last_layers():
            for parameter in module.parameters():
                parameter.requires_grad_(True)
    return [p for p in encoder.parameters() if p.requires_grad]


class Tower:
    """One modality's encoder in training, fed by signal numbers.

    Args:
        encoder: shared with the model; its lock is set here.
        augment: whether training batches are augmented.
    """

    def __init__(
        self,
        modality: Modality,
        measured: Measured,
        encoder: Encoder,
        unlock: Unlock,
        augment: bool,
        device: torch.device,
    ) -> None:
        self.modality = modality
        self.encoder = encoder
        self.augment = augment
        self.device = device
        self.signals = measured.signals
        self.learning = set_lock(encoder, unlock)
        self.locked = not self.learning
        self._cached: Tensor | None = None
        self._uncached = False

    @cached_property
    def items(self) -> list[Item]:
        """All signals, prepared: for who comes back to them every epoch."""
        return prepare_all(self.modality, self.signals)

    @property
    def ready_items(self) -> list[Item] | None:
        """``items``, if they are there."""
        return self.__dict__.get("items")

    def forget_items(self) -> None:
        """Free the memory of ``items``; they are prepared again when asked for."""
        self.__dict__.pop("items", None)

    def train(self) -> None:
        """Train mode for what learns. A locked tower, or its locked layers, stay in eval mode."""
        self.encoder.eval()
        for module in self.encoder.modules():
            own = list(module.parameters())
            if own and all(p.requires_grad for p in own):
                module.train()

    def make_ready(self) -> None:
        """What every batch needs: outputs of a locked tower, prepared signals of another."""
        if not self.locked or self.augment:
            _ = self.items
        elif self._cached is None:
            self._cached = self._load_or_compute().to(self.device)

    @property
    def keeps_features(self) -> bool:
        """Whether training takes the tower's outputs as they were computed once."""
        return self.locked and not self.augment

    def features(self, signals: np.ndarray, collated: dict[str, Tensor] | None = None) -> Tensor:
        """Tower outputs of a training batch: ``(B, dim)``, with gradient where it learns.

        Args:
            collated: what ``collate`` gave for these signals, where that was done ahead.
        """
        if self.keeps_features:
            self.make_ready()
            assert self._cached is not None
            return self._cached[torch.from_numpy(signals).to(self.device)]
        if collated is None:
            collated = self.collate(signals, train=self.augment)
        batch = self.place(collated, train=self.augment)
        if self.locked:
            with torch.no_grad():
                return self.encoder(batch)
        return self.encoder(batch)

    def collate(self, signals: np.ndarray, *, train: bool) -> dict[str, Tensor]:
        """Some signals as a batch, on the CPU; a plugin's own arithmetic stays in float32."""
        items = [self.items[i] for i in signals]
        with torch.autocast("cpu", enabled=False):
            return self.modality.collate(items, train=train)

    def place(self, collated: dict[str, Tensor], *, train: bool) -> dict[str, Tensor]:
        """A collated batch on the tower's device, as the encoder takes it.

        A plugin's own arithmetic stays in float32.
        """
        batch = to_device(collated, self.device)
        if not train:
            return batch
        with torch.no_grad(), torch.autocast(self.device.type, enabled=False):
            return self.modality.augment(batch)

    def _load_or_compute(self) -> Tensor:
        self.forget_items()  # left from the pretraining
        common = self._common()
        starts = range(0, len(self.signals), BLOCK)
        return torch.cat([self._block(self.signals[i : i + BLOCK], common) for i in starts])

    def _block(self, signals: Sequence[Signal], common: str) -> Tensor:
        items = [self.modality.prepare(signal) for signal in signals]
        path = cache_dir() / "features" / f"{_fingerprint(items, common)}.safetensors"
        try:
            return load_file(path)["features"]
        except (OSError, SafetensorError, KeyError):
            pass  # not there, or damaged
        features = self._compute(items)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_tensors(path, {"features": features})
        except (OSError, AcmlError) as error:  # the run needs the features, not the file
            if not self._uncached:
                print(f"The tower's outputs could not be cached ({error}).", file=sys.stderr)
            self._uncached = True
        return features

    @torch.inference_mode()
    def _compute(self, items: Sequence[Item]) -> Tensor:
        self.encoder.eval()
        out = []
        for start in range(0, len(items), INFERENCE_BATCH):
            some = items[start : start + INFERENCE_BATCH]
            batch = to_device(self.modality.collate(some, train=False), self.device)
            out.append(self.encoder(batch).float().cpu())
        return torch.cat(out)

    def _common(self) -> str:
        """What all blocks depend on: the plugin's settings and versions, the weights."""
        name = self.modality.name
        about = {
            "core": acml_core.__version__,
            "plugins": [(i.distribution, i.version) for i in plugins.installed() if i.name == name],
            "modality": [name, type(self.modality).__qualname__],
            "config": self.modality.config.model_dump(mode="json"),
            "weights": hash_weights([self.encoder]),
        }
        return json.dumps(about, sort_keys=True)


def _fingerprint(items: Sequence[Item], common: str) -> str:
    """Hash of prepared signals and of ``common``."""
    digest = hashlib.sha256(common.encode())
    for item in items:
        for key in sorted(item):
            # shape and type first: 2 + 1 peaks must not read the same as 1 + 2
            digest.update(f"{key} {item[key].dtype.str} {item[key].shape}\n".encode())
            digest.update(item[key].tobytes())
    return digest.hexdigest()[:32]


def hash_weights(modules: Sequence[nn.Module]) -> str:
    """sha256 of names and values of all parameters and buffers."""
    digest = hashlib.sha256()
    for module in modules:
        for name, value in sorted(module.state_dict().items()):
            digest.update(name.encode())
            digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
